// Compares single events of two traces and keeps what stands for what.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/compare/equivalence.hpp"
#include "traces/compare/fields.hpp"
#include "traces/compare/judge.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

class EventMatcher {
  public:
    EventMatcher(const TraceIndex& golden, const TraceIndex& actual, Judge& judge, AddressMode mode);

    const TraceIndex& golden() const { return golden_; }
    const TraceIndex& actual() const { return actual_; }
    Equivalence& equivalence() { return equivalence_; }
    Judge& judge() const { return judge_; }

    // What differs between two events of the same identity, apart from what is let pass. The bindings that
    // this makes wait for accept() or reject().
    std::vector<FieldDifference> differences(std::size_t golden_event, std::size_t actual_event);
    // The same, with nothing let pass.
    std::vector<FieldDifference> all_differences(std::size_t golden_event, std::size_t actual_event);
    // The same for the outcomes of two traces.
    std::vector<FieldDifference> outcome_differences(std::size_t golden_event, std::size_t actual_event);
    void accept(std::size_t golden_event);
    void reject() { equivalence_.roll_back(); }
    // Says that something differed and was let pass.
    void note(const std::string& what);

  private:
    void let_pass(const EventPair& events, std::vector<FieldDifference>& differences);

    const TraceIndex& golden_;
    const TraceIndex& actual_;
    Judge& judge_;
    Equivalence equivalence_;
};

// Divergences in the order in which they are found.
class Findings {
  public:
    void report(DivergenceKind kind, TaskNumber task, std::optional<std::size_t> golden_event,
                std::optional<std::size_t> actual_event, const std::vector<FieldDifference>& differences,
                std::string message);
    // Puts what was found in one trace alone where it belongs: before anything that comes later in that
    // trace.
    void insert(const TraceIndex& actual, DivergenceKind kind, TaskNumber task, std::size_t actual_event,
                std::string message);
    void matched(std::size_t events) { matched_ += divergences_.empty() ? events : 0; }

    const std::vector<Divergence>& divergences() const { return divergences_; }
    // Golden events that were found in the actual trace before the first divergence.
    std::size_t matched_events() const { return matched_; }

  private:
    std::vector<Divergence> divergences_;
    std::size_t matched_ = 0;
};

// The kind of a divergence with these differences. What the program gave counts before what the kernel
// answered. Precondition: there is at least one difference.
DivergenceKind kind_of(const std::vector<FieldDifference>& differences);

}  // namespace levitate::traces::detail
