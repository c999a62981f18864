// The fields of a pair of events: what differs between them, beyond what the ABI lets differ.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/compare/equivalence.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

// What a differing value is: recordings that vary may be joined by another value of the same class.
enum class ValueClass {
    Number,   // any number will do, if both are
    Error,    // only errors that were seen
    Address,  // any address will do
    Bytes,    // the same where the recordings are the same
    Time,     // differs as a rule; held against a trace only where the recordings all agree
    Fixed,    // only values that were seen
    Bound,    // other events of the trace say what it has to be
};

struct FieldDifference {
    Difference shown;
    DivergenceKind kind = DivergenceKind::Arguments;
    ValueClass value_class = ValueClass::Fixed;
    std::vector<std::byte> golden_bytes;  // of ValueClass::Bytes
    std::vector<std::byte> actual_bytes;
    // Of an mmap whose result differs: the mapping, should the difference be let pass.
    std::uint64_t golden_mapping = 0;
    std::uint64_t actual_mapping = 0;
    std::uint64_t mapping_length = 0;
};

// A pair of events, one of each trace.
struct EventPair {
    const TraceIndex& golden;
    const TraceIndex& actual;
    std::size_t golden_event = 0;
    std::size_t actual_event = 0;

    const Event& golden_side() const { return golden.trace().events[golden_event]; }
    const Event& actual_side() const { return actual.trace().events[actual_event]; }
    std::uint32_t space() const { return golden.note(golden_event).space; }
    // Where the stacks begin of the two tasks that did it; of a birth, those that it makes, as it tells them
    // where their thread's data lie.
    StackTops stacks() const {
        return {golden.task(golden.born_at(golden_event).value_or(golden_side().task))->first_sp,
                actual.task(actual.born_at(actual_event).value_or(actual_side().task))->first_sp};
    }
    // What a schedule decides may differ here.
    bool concurrent() const {
        return golden.note(golden_event).concurrent && actual.note(actual_event).concurrent;
    }
    bool shares_memory() const {
        return golden.note(golden_event).shares_memory && actual.note(actual_event).shares_memory;
    }
};

// The same kind of event, and for calls the same call: what fields are compared of at all.
bool same_identity(const Event& golden, const Event& actual);

// Precondition: same_identity. New bindings are made in `equivalence` and are neither committed nor taken
// back.
std::vector<FieldDifference> compare_fields(const EventPair& pair, Equivalence& equivalence);

// The program's end and its output. Precondition: both events are outcomes.
std::vector<FieldDifference> compare_outcomes(const EventPair& pair, Equivalence& equivalence);

// "openat", "read of AT_PHDR", "signal SIGCHLD", …: what an event is, in a few words.
std::string describe(const Event& event);

}  // namespace levitate::traces::detail
