// Multicast groups (man 7 ip, IP_ADD_MEMBERSHIP; man 7 ipv6, IPV6_ADD_MEMBERSHIP).
#include <linux/in6.h>

#include "net/udp_socket.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

// The group of a request, and whether its interface is there. EINVAL, ENODEV.
Result<InetAddress> read_v4_group(UserBuffer value, int length) {
    ip_mreqn wanted{};
    if (length < static_cast<int>(sizeof(ip_mreq))) {
        return Errno(EINVAL);
    }
    if (length >= static_cast<int>(sizeof(ip_mreqn))) {
        wanted = TRY(UserIn<ip_mreqn>(value.address()).read());
    } else {
        const ip_mreq without_index = TRY(UserIn<ip_mreq>(value.address()).read());
        wanted.imr_multiaddr = without_index.imr_multiaddr;
        wanted.imr_address = without_index.imr_interface;
    }
    const InetAddress group = InetAddress::of(wanted.imr_multiaddr);
    const InetAddress interface = InetAddress::of(wanted.imr_address);
    if (!group.is_multicast()) {
        return Errno(EINVAL);
    }
    // Without an interface the route to the group decides (ip_mc_find_dev), and lo has none.
    const bool is_there = wanted.imr_ifindex != 0
                              ? wanted.imr_ifindex == static_cast<int>(LoopbackInterface::kIndex)
                              : !interface.is_any() && kind_of(interface) == AddressKind::Local;
    return is_there ? Result<InetAddress>(group) : Result<InetAddress>(Errno(ENODEV));
}

Result<InetAddress> read_v6_group(UserBuffer value, int length) {
    if (length < static_cast<int>(sizeof(ipv6_mreq))) {
        return Errno(EINVAL);
    }
    const ipv6_mreq wanted = TRY(UserIn<ipv6_mreq>(value.address()).read());
    const InetAddress group = InetAddress::of(wanted.ipv6mr_multiaddr);
    if (!group.is_multicast() || group.is_v4()) {
        return Errno(EINVAL);
    }
    if (wanted.ipv6mr_ifindex != static_cast<int>(LoopbackInterface::kIndex)) {
        return Errno(ENODEV);
    }
    return group;
}

}  // namespace

Result<void> UdpSocket::change_membership(int level, int name, UserBuffer value, int length) {
    const bool adds = name == (level == kLevelIp ? IP_ADD_MEMBERSHIP : IPV6_ADD_MEMBERSHIP);
    const Result<InetAddress> group =
        level == kLevelIp ? read_v4_group(value, length) : read_v6_group(value, length);
    if (group.is_error()) {
        return group.error();
    }
    for (std::size_t i = 0; i < groups_.size(); i++) {
        if (groups_[i] == group.value()) {
            if (adds) {
                return Errno(EADDRINUSE);
            }
            groups_.erase(i);
            return {};
        }
    }
    return adds ? groups_.push_back(group.value()) : Result<void>(Errno(EADDRNOTAVAIL));
}

}  // namespace kernel
