// Bounds of a program's address space, as arm64 Linux sets them.
#pragma once

#include <cstdint>

#include "lib/settings.hpp"
#include "mm/page.hpp"

namespace kernel {

// Kept free below a growing stack (Linux mm/mmap.c, stack_guard_gap: 256 pages).
inline constexpr std::uint64_t kStackGuardGap = 256 * kPageSize;
// Addresses below are not chosen for a mapping (Debian's CONFIG_LSM_MMAP_MIN_ADDR of arm64).
inline constexpr std::uint64_t kLowestMapping = 32768;

// RLIMIT_STACK of the process that runs now. task/ defines it: memory does not see processes.
std::uint64_t current_stack_limit();
// Does it use tagged addresses in calls (PR_SET_TAGGED_ADDR_CTRL)? Likewise.
bool current_takes_tagged_addresses();

// Is this more private memory than there can ever be? Linux's heuristic overcommit refuses only more than all
// RAM.
inline bool is_obvious_overcommit(std::uint64_t bytes) {
    constexpr std::int64_t kAlways = 1;  // OVERCOMMIT_ALWAYS
    return settings().overcommit != kAlways && bytes >> kPageShift > memory_counts().total_pages;
}

}  // namespace kernel
