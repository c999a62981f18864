// What a system call points to, as it lies in its task's memory at one of the call's two moments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "traces/abi/syscalls.hpp"
#include "traces/payload/payload.hpp"

namespace levitate::traces {

inline constexpr std::size_t kMostIovecs = 1024;    // UIO_MAXIOV
inline constexpr std::size_t kMostMessages = 1024;  // UIO_MAXIOV too, for the mmsg calls
inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::size_t kIovecBytes = 16;

// Adds the pieces that it is asked for to the call's payloads, up to limits that hold for the whole call.
class CallMemory {
  public:
    CallMemory(const abi::SyscallRow& row, Arguments arguments, Direction direction, MemoryReader& memory,
               std::vector<Payload>& payloads)
        : row_(row), arguments_(arguments), direction_(direction), memory_(memory), payloads_(payloads) {}

    const abi::SyscallRow& row() const { return row_; }
    std::uint64_t argument(std::size_t index) const { return arguments_[index]; }

    void add(std::size_t argument, PayloadElement element, std::uint64_t address, std::uint64_t length);
    // Adds a path, without its NUL.
    void add_path(std::size_t argument);
    // Adds the strings of a vector that ends with a null pointer.
    void add_strings(std::size_t argument);
    // Adds what the iovecs name, `most` bytes of it.
    void add_buffers(std::size_t argument, unsigned message, std::uint64_t iovecs, std::uint64_t count,
                     std::uint64_t most);

    // What was added for the argument's object, in this or an earlier moment; nullptr: nothing.
    const Payload* find(std::size_t argument, Direction direction) const;
    std::vector<std::byte> read(std::uint64_t address, std::uint64_t length) const;
    std::optional<std::uint64_t> number_at(std::uint64_t address, std::size_t size) const;

    bool counts_through_pointer(const abi::Argument& argument) const;
    // What the argument's count says: a number, another argument, or the int that this one points to.
    std::uint64_t count_of(const abi::Argument& argument) const;
    std::uint64_t object_bytes(const abi::Argument& argument) const;

  private:
    void add_string(std::size_t argument, PayloadElement element, std::uint64_t address, std::size_t limit);
    std::uint64_t pointed_count(std::size_t index) const;

    const abi::SyscallRow& row_;
    Arguments arguments_;
    Direction direction_;
    MemoryReader& memory_;
    std::vector<Payload>& payloads_;
    std::size_t budget_ = kMostPayloadBytes;  // how many bytes may still be read
};

std::uint64_t message_field(std::span<const std::byte> message, std::string_view name);
std::uint64_t saturating_product(std::uint64_t count, std::uint64_t size);

}  // namespace levitate::traces
