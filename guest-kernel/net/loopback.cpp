#include "net/loopback.hpp"

#include "net/interface_request.hpp"
#include "time/clock.hpp"

namespace kernel {

using namespace interface_flags;

unsigned LoopbackInterface::flags() const {
    unsigned flags = kLoopback | other_flags_;
    if (is_up_) {
        flags |= kUp | kRunning;
    }
    return flags;
}

void LoopbackInterface::change_flags(unsigned flags) {
    constexpr unsigned kSettable = kDebug | kNoTrailers | kNoArp | kDynamic | kMulticast | kPortSelect |
                                   kAutoMedia | kPromiscuous | kAllMulticast;
    other_flags_ = flags & kSettable;
    const bool was_up = is_up_;
    is_up_ = (flags & kUp) != 0;
    came_up_at_ = is_up_ && !was_up ? monotonic_now() : came_up_at_;
    // The address of AF_INET stays when the interface goes down (net/ipv4/devinet.c, inetdev_event).
    has_v4_address_ = has_v4_address_ || is_up_;
}

LoopbackInterface& loopback_interface() {
    static LoopbackInterface interface;
    return interface;
}

AddressKind kind_of(const InetAddress& address) {
    constexpr std::uint32_t kNetworkBroadcast = 0x7fffffff;  // 127.255.255.255
    if (address.is_any()) {
        return AddressKind::Any;
    }
    if (address.is_multicast()) {
        return AddressKind::Multicast;
    }
    if (address == InetAddress::v4(INADDR_BROADCAST)) {
        return AddressKind::Broadcast;
    }
    if (!loopback_interface().is_up()) {
        return AddressKind::Elsewhere;
    }
    if (address == InetAddress::v4(kNetworkBroadcast)) {
        return AddressKind::Broadcast;
    }
    return address.is_loopback() ? AddressKind::Local : AddressKind::Elsewhere;
}

bool is_bindable(const InetAddress& address) {
    return kind_of(address) != AddressKind::Elsewhere;
}

Result<Route> find_route(const InetAddress& source, const InetAddress& destination, std::uint32_t interface) {
    const InetFamily family = destination.is_v4() ? InetFamily::V4 : InetFamily::V6;
    if (interface != 0 && interface != LoopbackInterface::kIndex) {
        return Errno(ENODEV);
    }
    Route route{.source = source, .destination = destination, .kind = kind_of(destination)};
    if (source.is_any()) {
        route.source = InetAddress::loopback(family);
    }
    const bool has_way = interface != 0 || !source.is_any();
    switch (route.kind) {
        case AddressKind::Any:
            // The destination is then this machine (ip_route_output_key_hash_rcu; ip6_route_output asks for
            // ::1).
            route.destination = source.is_any() ? InetAddress::loopback(family) : source;
            route.kind = AddressKind::Local;
            break;
        case AddressKind::Local:
            if (source.is_any() && family == InetFamily::V4) {
                route.source = destination;
            }
            break;
        case AddressKind::Broadcast:
            if (destination == InetAddress::v4(INADDR_BROADCAST) && !has_way) {
                return Errno(ENETUNREACH);
            }
            break;
        case AddressKind::Multicast:
            // No default route leads there: only an interface, or an address that is an interface's.
            // Of AF_INET6 there is none even so.
            if (!has_way || family == InetFamily::V6) {
                return Errno(ENETUNREACH);
            }
            break;
        case AddressKind::Elsewhere:
            return Errno(ENETUNREACH);
    }
    return loopback_interface().is_up() ? Result<Route>(route) : Result<Route>(Errno(ENETUNREACH));
}

}  // namespace kernel
