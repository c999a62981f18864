#include "net/inet_address.hpp"

#include "net/socket_constants.hpp"

namespace kernel {

InetAddress InetAddress::of(const in6_addr& address) {
    InetAddress result;
    __builtin_memcpy(result.bytes_.data(), &address, sizeof(address));
    return result;
}

in6_addr InetAddress::to_in6_addr() const {
    in6_addr address{};
    __builtin_memcpy(&address, bytes_.data(), sizeof(address));
    return address;
}

bool InetAddress::is_v4() const {
    for (unsigned i = 0; i < 10; i++) {
        if (bytes_[i] != 0) {
            return false;
        }
    }
    return bytes_[10] == 0xff && bytes_[11] == 0xff;
}

std::uint32_t InetAddress::to_v4() const {
    std::uint32_t address = 0;
    for (unsigned i = 12; i < 16; i++) {
        address = address << 8 | bytes_[i];
    }
    return address;
}

bool InetAddress::is_any() const {
    return *this == InetAddress() || *this == v4(INADDR_ANY);
}

bool InetAddress::is_loopback() const {
    return is_v4() ? bytes_[12] == 127 : *this == loopback(InetFamily::V6);
}

bool InetAddress::is_multicast() const {
    return is_v4() ? (bytes_[12] & 0xf0) == 0xe0 : bytes_[0] == 0xff;
}

bool InetAddress::is_link_local() const {
    return !is_v4() && bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

Endpoint Endpoint::of(const sockaddr_in& name) {
    return {.address = InetAddress::of(name.sin_addr), .port = __builtin_bswap16(name.sin_port), .scope = 0};
}

Endpoint Endpoint::of(const sockaddr_in6& name) {
    Endpoint result{
        .address = InetAddress::of(name.sin6_addr), .port = __builtin_bswap16(name.sin6_port), .scope = 0};
    if (result.address.is_link_local() || result.address.is_multicast()) {
        result.scope = name.sin6_scope_id;
    }
    return result;
}

SocketAddress Endpoint::to_name(InetFamily family) const {
    if (family == InetFamily::V4) {
        sockaddr_in name{};
        name.sin_family = socket_constants::kFamilyInet;
        name.sin_port = __builtin_bswap16(port);
        name.sin_addr = address.to_in_addr();
        return SocketAddress::of(name);
    }
    sockaddr_in6 name{};
    name.sin6_family = socket_constants::kFamilyInet6;
    name.sin6_port = __builtin_bswap16(port);
    name.sin6_addr = address.to_in6_addr();
    name.sin6_scope_id = scope;
    return SocketAddress::of(name);
}

}  // namespace kernel
