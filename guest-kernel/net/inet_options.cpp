// Options of the levels IPPROTO_IP and IPPROTO_IPV6 (man 7 ip, man 7 ipv6).
#include <linux/in6.h>

#include "net/inet_socket.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

constexpr unsigned kEcnMask = 3;  // INET_ECN_MASK
constexpr int kProtocol = 52;     // IP_PROTOCOL, of which only raw sockets are told what its name says

// Linux ip_getsockopt: a program with less room than an int gets a byte, if the value is one.
Result<void> give_short_option(int number, UserBuffer value, UserInOut<int> length) {
    const int room = TRY(length.read());
    if (room > 0 && room < static_cast<int>(sizeof(int)) && number >= 0 && number <= 255) {
        const auto byte = static_cast<unsigned char>(number);
        return give_option(byte, value, length);
    }
    return give_option(number, value, length);
}

bool is_membership(int level, int name) {
    if (level == kLevelIp) {
        return name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP;
    }
    return name == IPV6_ADD_MEMBERSHIP || name == IPV6_DROP_MEMBERSHIP;
}

}  // namespace

// UDP and UDP-Lite answer to each other's level (Linux udp_setsockopt).
bool InetSocket::is_own_level(int level) const {
    const bool is_udp = level == IPPROTO_UDP || level == IPPROTO_UDPLITE;
    return level == protocol() || (is_udp && type() == SocketType::Datagram);
}

Result<void> InetSocket::set_option(int level, int name, UserBuffer value, int length) {
    if (is_own_level(level)) {
        return set_protocol_option(name, value, length);
    }
    if (level == kLevelIp) {
        return set_ip_option(name, value, length);
    }
    if (level == kLevelIpv6 && inet_family_ == InetFamily::V6) {
        return set_v6_option(name, value, length);
    }
    return Errno(ENOPROTOOPT);
}

Result<void> InetSocket::get_option(int level, int name, UserBuffer value, UserInOut<int> length) {
    if (TRY(length.read()) < 0) {
        return Errno(EINVAL);
    }
    if (is_own_level(level)) {
        return get_protocol_option(name, value, length);
    }
    if (level == kLevelIp) {
        return get_ip_option(name, value, length);
    }
    if (level == kLevelIpv6 && inet_family_ == InetFamily::V6) {
        return get_v6_option(name, value, length);
    }
    return Errno(inet_family_ == InetFamily::V4 ? EOPNOTSUPP : ENOPROTOOPT);
}

Result<void> InetSocket::set_multicast_interface(UserBuffer value, int length) {
    if (type() == SocketType::Stream || length < static_cast<int>(sizeof(in_addr))) {
        return Errno(EINVAL);
    }
    ip_mreqn wanted{};
    if (length >= static_cast<int>(sizeof(ip_mreqn))) {
        wanted = TRY(UserIn<ip_mreqn>(value.address()).read());
    } else if (length >= static_cast<int>(sizeof(ip_mreq))) {
        const ip_mreq without_index = TRY(UserIn<ip_mreq>(value.address()).read());
        wanted.imr_address = without_index.imr_interface;
    } else {
        wanted.imr_address = TRY(UserIn<in_addr>(value.address()).read());
    }
    const InetAddress address = InetAddress::of(wanted.imr_address);
    if (wanted.imr_ifindex == 0) {
        if (!address.is_any() && kind_of(address) != AddressKind::Local) {
            return Errno(EADDRNOTAVAIL);
        }
        multicast_interface_ = address.is_any() ? 0 : LoopbackInterface::kIndex;
    } else if (wanted.imr_ifindex != static_cast<int>(LoopbackInterface::kIndex)) {
        return Errno(EADDRNOTAVAIL);
    } else {
        multicast_interface_ = LoopbackInterface::kIndex;
    }
    multicast_source_ = address;
    return {};
}

Result<void> InetSocket::set_ip_option(int name, UserBuffer value, int length) {
    const bool is_stream = type() == SocketType::Stream;
    if (is_membership(kLevelIp, name)) {
        return change_membership(kLevelIp, name, value, length);
    }
    switch (name) {
        case IP_MULTICAST_IF:
            return set_multicast_interface(value, length);
        case IP_TTL:
        case IP_MULTICAST_TTL:
        case IP_MULTICAST_LOOP:
        case IP_MULTICAST_ALL:
        case IP_FREEBIND:
        case IP_TRANSPARENT:
        case IP_MINTTL:
            if (length < 1) {
                return Errno(EINVAL);
            }
            break;
        case IP_TOS: {
            // TCP has the last two bits for congestion notification.
            auto number = static_cast<unsigned>(TRY(read_short_option(value, length)));
            const auto kept = static_cast<unsigned>(ip_.get(IP_TOS)) & kEcnMask;
            number = is_stream ? (number & ~kEcnMask) | kept : number;
            ip_.put(IP_TOS, static_cast<int>(number & 0xffU));
            return {};
        }
        default:
            break;
    }
    TRY(ip_.set(name, TRY(read_short_option(value, length)), is_stream));
    if (name == IP_RECVERR && ip_.get(IP_RECVERR) == 0) {
        forget_errors();
    }
    return {};
}

Result<void> InetSocket::get_ip_option(int name, UserBuffer value, UserInOut<int> length) {
    switch (name) {
        case IP_OPTIONS:
            return length.write(0);
        case IP_MTU:
            if (!has_peer()) {
                return Errno(ENOTCONN);
            }
            return give_short_option(LoopbackInterface::kIpv4Mtu, value, length);
        case IP_MULTICAST_IF:
            return give_option(
                multicast_source_.is_v4() ? multicast_source_.to_in_addr() : in_addr{.s_addr = 0}, value,
                length);
        case kProtocol:
            return give_short_option(local_.port, value, length);
        case IP_HDRINCL:
        case IP_NODEFRAG:
            return give_short_option(0, value, length);
        default:
            break;
    }
    if (!ip_.has(name)) {
        return Errno(ENOPROTOOPT);
    }
    return give_short_option(ip_.get(name), value, length);
}

Result<void> InetSocket::set_v6_option(int name, UserBuffer value, int length) {
    if (is_membership(kLevelIpv6, name)) {
        return change_membership(kLevelIpv6, name, value, length);
    }
    const int number = length < static_cast<int>(sizeof(int)) ? 0 : TRY(read_option(value, length));
    if (length < static_cast<int>(sizeof(int))) {
        return Errno(v6_.has(name) ? EINVAL : ENOPROTOOPT);
    }
    if (name == IPV6_V6ONLY && is_bound()) {
        return Errno(EINVAL);
    }
    if (name == IPV6_MULTICAST_IF) {
        if (type() == SocketType::Stream) {
            return Errno(ENOPROTOOPT);
        }
        if (number != 0 && number != static_cast<int>(LoopbackInterface::kIndex)) {
            return Errno(ENODEV);
        }
        multicast_interface_ = static_cast<std::uint32_t>(number);
        return {};
    }
    if (name == IPV6_MULTICAST_HOPS && type() == SocketType::Stream) {
        return Errno(ENOPROTOOPT);
    }
    TRY(v6_.set(name, number, type() == SocketType::Stream));
    if (name == IPV6_RECVERR && v6_.get(IPV6_RECVERR) == 0) {
        forget_errors();
    }
    return {};
}

Result<void> InetSocket::get_v6_option(int name, UserBuffer value, UserInOut<int> length) {
    switch (name) {
        case IPV6_ADDRFORM:
            return type() == SocketType::Stream && !has_peer() ? Result<void>(Errno(ENOTCONN))
                                                               : give_option(kFamilyInet6, value, length);
        case IPV6_MULTICAST_IF:
            return give_option(multicast_interface_, value, length);
        case IPV6_MTU:
            if (!has_peer()) {
                return Errno(ENOTCONN);
            }
            return give_option(LoopbackInterface::kMtu, value, length);
        default:
            break;
    }
    if (!v6_.has(name)) {
        return Errno(ENOPROTOOPT);
    }
    return give_option(v6_.get(name), value, length);
}

}  // namespace kernel
