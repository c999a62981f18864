// Copies across the boundary, in assembly (arch/aarch64/user_copy.S). The address range has been checked to
// lie in the program's half.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
// How many bytes were NOT copied, or cleared: from the one that faulted on.
std::size_t arch_copy_from_user(void* destination, std::uint64_t source, std::size_t size);
std::size_t arch_copy_to_user(std::uint64_t destination, const void* source, std::size_t size);
std::size_t arch_clear_user(std::uint64_t destination, std::size_t size);
// Bytes copied, up to and with a NUL, or `limit`, or to where it faulted.
std::size_t arch_user_string(char* destination, std::uint64_t source, std::size_t limit, bool* faulted);
}
