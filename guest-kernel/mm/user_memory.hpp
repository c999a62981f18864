// User memory. A user address is a type that cannot be dereferenced; bytes cross only by the functions here,
// which recover from faults. Copies demand-page as the program's own accesses would, and never block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "lib/result.hpp"
#include "lib/string.hpp"

namespace kernel {

// An address as translation sees it: the top byte of a program's may be a tag (TCR_EL1.TBI0; Linux
// arch/arm64/include/asm/memory.h, untagged_addr).
constexpr std::uint64_t untagged(std::uint64_t address) {
    return (address >> 55 & 1) != 0 ? address : address & 0x00ff'ffff'ffff'ffff;
}

// An address in the current task's address space. May be anything: null, unaligned, in the kernel's half.
class UserAddress {
  public:
    constexpr UserAddress() = default;
    explicit constexpr UserAddress(std::uint64_t value) : value_(value) {}
    constexpr std::uint64_t value() const { return value_; }
    constexpr bool is_null() const { return value_ == 0; }
    constexpr UserAddress without_tag() const { return UserAddress(untagged(value_)); }
    constexpr UserAddress operator+(std::uint64_t bytes) const { return UserAddress(value_ + bytes); }
    constexpr auto operator<=>(const UserAddress&) const = default;

  private:
    std::uint64_t value_ = 0;
};

// Linux's access_ok: could the whole range be a program's, mapped or not? Tags count as part of the address
// unless the task has asked for them (PR_SET_TAGGED_ADDR_CTRL).
bool is_user_range(UserAddress address, std::size_t size);

// Copy from the front as many bytes as can be reached, and return their number: fewer than asked means that
// the next byte faulted. Precondition: none; any address and any length are safe.
std::size_t copy_from_user_partial(void* destination, UserAddress source, std::size_t size);
std::size_t copy_to_user_partial(UserAddress destination, const void* source, std::size_t size);
std::size_t clear_user_partial(UserAddress destination, std::size_t size);

// How many bytes Linux says it copied of `size` if a fault came after `reached`: it copies 16 at a time, then
// 8, 4, 2 and 1, and tries a single one if that was nothing (arch/arm64/lib/copy_template.S, copy_to_user.S).
// `start`: where the source stands in 16 bytes.
enum class CopyStart : std::uint8_t { Aligned, InTheMiddle };
std::size_t reported_copy(std::size_t size, std::size_t reached, CopyStart start);

// All the bytes, or EFAULT (the bytes before the fault have been copied then, as on Linux).
Result<void> copy_from_user(void* destination, UserAddress source, std::size_t size);
Result<void> copy_to_user(UserAddress destination, const void* source, std::size_t size);

// A program's T, or array of T, that the call reads.
template <typename T>
class UserIn {
  public:
    UserIn() = default;
    explicit UserIn(UserAddress address) : address_(address) {}
    UserAddress address() const { return address_; }
    bool is_null() const { return address_.is_null(); }

    Result<T> read() const { return read_at(0); }
    Result<T> read_at(std::size_t index) const {
        static_assert(std::is_trivially_copyable_v<T>);
        T value;
        TRY(copy_from_user(&value, address_ + index * sizeof(T), sizeof(T)));
        return value;
    }
    Result<void> read_all(std::span<T> values) const {
        return copy_from_user(values.data(), address_, values.size_bytes());
    }

  private:
    UserAddress address_;
};

// A program's T, or array of T, that the call writes.
template <typename T>
class UserOut {
  public:
    UserOut() = default;
    explicit UserOut(UserAddress address) : address_(address) {}
    UserAddress address() const { return address_; }
    bool is_null() const { return address_.is_null(); }

    Result<void> write(const T& value) const { return write_at(0, value); }
    Result<void> write_at(std::size_t index, const T& value) const {
        static_assert(std::is_trivially_copyable_v<T>);
        return copy_to_user(address_ + index * sizeof(T), &value, sizeof(T));
    }
    Result<void> write_all(std::span<const T> values) const {
        return copy_to_user(address_, values.data(), values.size_bytes());
    }

  private:
    UserAddress address_;
};

// Both ways.
template <typename T>
class UserInOut {
  public:
    UserInOut() = default;
    explicit UserInOut(UserAddress address) : address_(address) {}
    // For what only reads it.
    operator UserIn<T>() const { return UserIn<T>(address_); }
    UserAddress address() const { return address_; }
    bool is_null() const { return address_.is_null(); }

    Result<T> read() const { return UserIn<T>(address_).read(); }
    Result<T> read_at(std::size_t index) const { return UserIn<T>(address_).read_at(index); }
    Result<void> write(const T& value) const { return UserOut<T>(address_).write(value); }
    Result<void> write_at(std::size_t index, const T& value) const {
        return UserOut<T>(address_).write_at(index, value);
    }

  private:
    UserAddress address_;
};

// Bytes without a type. The length is another argument of the call.
class UserBuffer {
  public:
    UserBuffer() = default;
    explicit UserBuffer(UserAddress address) : address_(address) {}
    UserAddress address() const { return address_; }
    bool is_null() const { return address_.is_null(); }
    UserBuffer operator+(std::uint64_t bytes) const { return UserBuffer(address_ + bytes); }

    // How many bytes went across: fewer than asked when a byte faulted.
    std::size_t read(std::span<std::byte> destination, std::size_t offset = 0) const {
        return copy_from_user_partial(destination.data(), address_ + offset, destination.size());
    }
    std::size_t write(std::span<const std::byte> source, std::size_t offset = 0) const {
        return copy_to_user_partial(address_ + offset, source.data(), source.size());
    }
    std::size_t clear(std::size_t size, std::size_t offset = 0) const {
        return clear_user_partial(address_ + offset, size);
    }

  private:
    UserAddress address_;
};

// A program's NUL-terminated string.
class UserString {
  public:
    UserString() = default;
    explicit UserString(UserAddress address) : address_(address) {}
    UserAddress address() const { return address_; }
    bool is_null() const { return address_.is_null(); }

    // EFAULT when it runs into a bad address, `too_long` when there is no NUL in the first `limit` bytes.
    Result<String> read(std::size_t limit, Errno too_long = Errno(ENAMETOOLONG)) const;
    // A path as Linux's getname takes it: at most PATH_MAX bytes with its NUL (else ENAMETOOLONG). It may be
    // empty: ENOENT or not is the caller's decision.
    Result<String> read_path() const;

  private:
    UserAddress address_;
};

}  // namespace kernel
