// What an access to an address comes to, in a word: for tables of many accesses.
#pragma once

#include <cstdint>

#include "tests/system/guest/run.hpp"

namespace guest {

enum class Kind : std::uint8_t { Read, Write, Execute, ReadUnprivileged, WriteUnprivileged };

// A page of code and data for such accesses: what is executed there ends at once, and what is read there is
// this value.
inline constexpr std::uint64_t kMarkedValue = 0xd43b'd5a0'1234'5678;
void mark_page(std::uint64_t physical, std::uint64_t value = kMarkedValue);

// Makes the access at EL0 or EL1 and prints "+" if it is allowed, else the ISS, and FAR where that is not
// `address`. A read that gives another value than `kMarkedValue` prints it.
void print_access(std::uint64_t address, Level level, Kind kind, std::uint64_t more_pstate = 0);

// "<what>: EL0 r + w … x … EL1 r … w … x …"
void show_accesses(const char* what, std::uint64_t address, std::uint64_t more_pstate = 0);

}  // namespace guest
