// Two calls that are the same call, one on each side, and the row that describes them.
#pragma once

#include <cstdint>
#include <variant>

#include "traces/abi/syscalls.hpp"
#include "traces/compare/equivalence.hpp"
#include "traces/compare/fields.hpp"

namespace levitate::traces::detail {

struct CallPair {
    // Precondition: same_identity of two calls.
    explicit CallPair(const EventPair& pair)
        : events(pair),
          golden(std::get<SyscallEvent>(pair.golden_side().body)),
          actual(std::get<SyscallEvent>(pair.actual_side().body)),
          row(abi::find_syscall(golden.number, golden.arguments)) {}

    Equivalence::DescriptorUser user() const { return {events.space(), events.golden_side().task}; }

    // Compares descriptors that both calls have returned, and binds them to each other.
    bool same_descriptor(Equivalence& equivalence, std::uint64_t golden_fd, std::uint64_t actual_fd) const;

    const EventPair& events;
    const SyscallEvent& golden;
    const SyscallEvent& actual;
    const abi::SyscallRow* row;  // nullptr: the number is not known
};

}  // namespace levitate::traces::detail
