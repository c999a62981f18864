// The name of a socket as programs write it: a struct sockaddr of any family, in the kernel's memory.
#pragma once

#include <linux/socket.h>

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>

#include "mm/user_memory.hpp"

namespace kernel {

class SocketAddress {
  public:
    static constexpr std::size_t kMaximumSize = sizeof(__kernel_sockaddr_storage);

    // No name at all: nothing, not even a family.
    SocketAddress() = default;
    // Precondition: size <= kMaximumSize.
    SocketAddress(const void* bytes, std::size_t size) : size_(size) {
        __builtin_memcpy(bytes_.data(), bytes, size);
    }
    template <typename T>
        requires(std::is_trivially_copyable_v<T> && sizeof(T) <= kMaximumSize)
    static SocketAddress of(const T& address) {
        return SocketAddress(&address, sizeof(address));
    }

    // What a program gives to bind, connect and send (Linux net/socket.c, move_addr_to_kernel). EINVAL: a
    // length that no address has; EFAULT.
    static Result<SocketAddress> read(UserBuffer address, int length);
    // What a program gets (move_addr_to_user): as many bytes as `length` says that there is room for, and in
    // `length` how many there are. EINVAL, EFAULT.
    Result<void> write(UserBuffer address, UserInOut<int> length) const;

    std::size_t size() const { return size_; }
    bool is_empty() const { return size_ == 0; }
    std::span<const std::byte> bytes() const { return {bytes_.data(), size_}; }
    bool has_family() const { return size_ >= sizeof(__kernel_sa_family_t); }
    // Bytes beyond its end count as 0: an address without a family is AF_UNSPEC.
    int family() const { return as<__kernel_sa_family_t>(); }
    template <typename T>
        requires(std::is_trivially_copyable_v<T> && sizeof(T) <= kMaximumSize)
    T as() const {
        T address;
        __builtin_memcpy(&address, bytes_.data(), sizeof(address));
        return address;
    }

  private:
    alignas(8) std::array<std::byte, kMaximumSize> bytes_{};
    std::size_t size_ = 0;
};

}  // namespace kernel
