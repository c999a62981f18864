// A traced program's memory as a recorder reads it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include "vmm/arch/address.hpp"

namespace levitate::vmm {

// This exists beside traces::MemoryReader, because traces does not know GuestVirt. Recorder adapts the one to
// the other.
//
// What is read belongs to a hostile program: every read is a copy that is then judged, no address is read
// twice in the expectation of the same bytes, and every loop over it has a bound.
class UserMemory {
  public:
    virtual ~UserMemory() = default;
    // Returns the number of bytes copied before the first one that the program itself could not read.
    virtual std::size_t read(GuestVirt address, std::span<std::byte> into) const = 0;
};

template <typename T>
std::optional<T> read_value(const UserMemory& memory, GuestVirt address) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::array<std::byte, sizeof(T)> bytes;
    if (memory.read(address, bytes) != bytes.size()) {
        return std::nullopt;
    }
    T result;
    std::memcpy(&result, bytes.data(), sizeof(T));
    return result;
}

// A NUL-terminated string without its NUL. nullopt: no NUL within `limit` bytes, or not readable up to there.
std::optional<std::string> read_string(const UserMemory& memory, GuestVirt address, std::size_t limit);

}  // namespace levitate::vmm
