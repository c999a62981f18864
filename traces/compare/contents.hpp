// Contents that are compared by their meaning, not byte by byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/abi/layouts.hpp"

namespace levitate::traces::detail {

// What differs, in a few words, or nothing.
using ContentProblem = std::optional<std::string>;

// Whether two addresses mean the same.
using AddressesEqual = std::function<bool(std::uint64_t golden, std::uint64_t actual)>;

// Whether a reader has seen the whole file, or stopped somewhere in it.
enum class Reading { Whole, Part };

// Compares two readings of /proc/PID/maps (man 5 proc). Where both were read only in part, the lines that
// both have are compared.
ContentProblem compare_maps(std::string_view golden, std::string_view actual, Reading golden_extent,
                            Reading actual_extent, const AddressesEqual& equal);

// Whether two texts are the same, except that decimal numbers may differ where `equal` says that they mean
// the same.
using NumbersEqual = std::function<bool(std::uint64_t golden, std::uint64_t actual)>;
bool equal_but_for_numbers(std::string_view golden, std::string_view actual, const NumbersEqual& equal);

// The text with every number (decimal or hexadecimal) as '#' and every run of blanks as one.
std::string shape(std::string_view text);

// Whether `actual` agrees with the recordings wherever they agree with one another: byte by byte if all have
// the same length, else by shape. Recordings with several shapes allow anything.
bool fits_variation(const std::vector<std::span<const std::byte>>& recordings,
                    std::span<const std::byte> actual);

// Wide enough for the nanoseconds of any clock, even in a damaged trace.
__extension__ using Nanoseconds = __int128;

// The time in a struct of seconds and a fraction; of a timer, what is left of it and its interval together.
Nanoseconds nanoseconds_in(const abi::Struct& layout, std::span<const std::byte> bytes);

struct DirectoryEntry {
    std::string name;
    std::uint64_t inode = 0;
    std::uint64_t type = 0;
    std::uint64_t size = 0;  // of the record
};

// The records of getdents64. One that is cut short or makes no sense ends the list.
std::vector<DirectoryEntry> parse_directory(std::span<const std::byte> records);

}  // namespace levitate::traces::detail
