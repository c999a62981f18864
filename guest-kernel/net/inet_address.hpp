// Addresses of AF_INET and AF_INET6 in one form: an IPv4 address is its v4-mapped IPv6 address (RFC
// 4291, 2.5.5.2), as Linux's sockets of both families share one table of ports.
#pragma once

#include <linux/in.h>
#include <linux/in6.h>

#include <array>
#include <cstdint>

#include "net/socket_address.hpp"

namespace kernel {

enum class InetFamily { V4 = 2, V6 = 10 };  // AF_INET, AF_INET6

class InetAddress {
  public:
    // "::", which is also the form of "no address".
    constexpr InetAddress() = default;
    // In host byte order.
    static constexpr InetAddress v4(std::uint32_t address) {
        InetAddress result;
        result.bytes_[10] = result.bytes_[11] = 0xff;
        for (unsigned i = 0; i < 4; i++) {
            result.bytes_[12 + i] = static_cast<std::uint8_t>(address >> (24 - 8 * i));
        }
        return result;
    }
    static InetAddress of(const in_addr& address) { return v4(__builtin_bswap32(address.s_addr)); }
    static InetAddress of(const in6_addr& address);
    static constexpr InetAddress any(InetFamily family) {
        return family == InetFamily::V4 ? v4(INADDR_ANY) : InetAddress();
    }
    static constexpr InetAddress loopback(InetFamily family) {
        InetAddress result = v4(INADDR_LOOPBACK);
        if (family == InetFamily::V6) {
            result = InetAddress();
            result.bytes_[15] = 1;
        }
        return result;
    }

    bool operator==(const InetAddress&) const = default;
    bool is_v4() const;
    // 0.0.0.0 or ::.
    bool is_any() const;
    bool is_loopback() const;
    bool is_multicast() const;
    bool is_link_local() const;
    // Precondition: is_v4(). In host byte order.
    std::uint32_t to_v4() const;
    in_addr to_in_addr() const { return {.s_addr = __builtin_bswap32(to_v4())}; }
    in6_addr to_in6_addr() const;

  private:
    std::array<std::uint8_t, 16> bytes_{};
};

// An address with a port in host byte order.
struct Endpoint {
    InetAddress address;
    std::uint16_t port = 0;
    std::uint32_t scope = 0;  // of link-local addresses: the interface

    bool operator==(const Endpoint&) const = default;

    static Endpoint of(const sockaddr_in& name);
    static Endpoint of(const sockaddr_in6& name);
    // As the family's sockaddr; a socket of AF_INET6 shows IPv4 addresses as mapped ones.
    SocketAddress to_name(InetFamily family) const;
};

}  // namespace kernel
