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

// What kind of value differs: where recordings vary, another value of the same class is allowed too.
enum class ValueClass {
    Number,   // any number will do, if both are
    Error,    // only errors that were seen
    Address,  // any address will do
    Bytes,    // the same where the recordings are the same
    Time,     // usually differs; held against a trace only where all recordings agree
    Fixed,    // only values that were seen
    Bound,    // other events of the trace say what it has to be
};

struct FieldDifference {
    Difference shown;
    DivergenceKind kind = DivergenceKind::Arguments;
    ValueClass value_class = ValueClass::Fixed;
    std::vector<std::byte> golden_bytes;  // of ValueClass::Bytes
    std::vector<std::byte> actual_bytes;
    // For an mmap whose result differs: the mapping, in case the difference is let pass.
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
    // Where the stacks of the two tasks that did it begin. For a birth they are the stacks of the new tasks,
    // because the birth tells these where their thread's data lie.
    StackTops stacks() const {
        return {golden.task(golden.born_at(golden_event).value_or(golden_side().task))->first_sp,
                actual.task(actual.born_at(actual_event).value_or(actual_side().task))->first_sp};
    }
    // Whether what a schedule decides may differ here.
    bool concurrent() const {
        return golden.note(golden_event).concurrent && actual.note(actual_event).concurrent;
    }
    bool shares_memory() const {
        return golden.note(golden_event).shares_memory && actual.note(actual_event).shares_memory;
    }
};

// AT_PAGESZ, or "type 99".
std::string auxv_name(std::uint64_t type);

// The first entry of that type, or null.
const AuxvEntry* find_auxv(const std::vector<AuxvEntry>& auxv, std::uint64_t type);

// Whether two events are of the same kind, and the same call or a read of the same entry of the auxiliary
// vector. Fields are compared only then.
bool same_identity(const Event& golden, const Event& actual);

// Precondition: same_identity. New bindings are made in `equivalence` and are neither committed nor taken
// back.
std::vector<FieldDifference> compare_fields(const EventPair& pair, Equivalence& equivalence);

// Compares the program's end and its output. Precondition: both events are outcomes.
std::vector<FieldDifference> compare_outcomes(const EventPair& pair, Equivalence& equivalence);

// "openat", "read of AT_PHDR", "signal SIGCHLD", …: what an event is, in a few words.
std::string describe(const Event& event);

}  // namespace levitate::traces::detail
