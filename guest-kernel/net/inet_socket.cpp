#include "net/inet_socket.hpp"

#include <linux/capability.h>

#include "lib/settings.hpp"
#include "net/tcp_socket.hpp"
#include "net/udp_socket.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

constexpr std::size_t kShortestV6Name = 24;  // SIN6_LEN_RFC2133: without a scope

}  // namespace

InetSocket::InetSocket(InetFamily family, SocketType type, int protocol, PortTable& ports)
    : Socket(static_cast<int>(family), type, protocol),
      inet_family_(family),
      ports_(ports),
      owner_(Task::current().credentials.file_system_user) {
    local_.address = remote_.address = InetAddress::any(family);
    if (family == InetFamily::V6) {
        ip_.put(IP_MULTICAST_ALL, 0);  // inet6_create leaves it out
    }
}

InetSocket::~InetSocket() = default;

Result<Ref<Socket>> InetSocket::create(InetFamily family, unsigned type, int protocol) {
    if (protocol < 0 || protocol >= IPPROTO_MAX) {
        return Errno(EINVAL);
    }
    switch (type) {
        case kStream:
            if (protocol != 0 && protocol != IPPROTO_TCP) {
                return Errno(EPROTONOSUPPORT);
            }
            return TRY(make_ref<TcpSocket>(family));
        case kDatagram:
            if (protocol != 0 && protocol != IPPROTO_UDP && protocol != IPPROTO_UDPLITE) {
                return Errno(EPROTONOSUPPORT);
            }
            return TRY(
                make_ref<UdpSocket>(family, protocol == IPPROTO_UDPLITE ? UdpKind::Lite : UdpKind::Plain));
        default:
            return Errno(ESOCKTNOSUPPORT);
    }
}

// What bind takes (inet_bind, inet6_bind).
Result<Endpoint> InetSocket::read_name(const SocketAddress& address) const {
    if (inet_family_ == InetFamily::V4) {
        if (address.size() < sizeof(sockaddr_in)) {
            return Errno(EINVAL);
        }
        const auto name = address.as<sockaddr_in>();
        const bool is_unspecified =
            name.sin_family == kFamilyUnspecified && name.sin_addr.s_addr == INADDR_ANY;
        if (name.sin_family != kFamilyInet && !is_unspecified) {
            return Errno(EAFNOSUPPORT);
        }
        return Endpoint::of(name);
    }
    if (address.size() < kShortestV6Name) {
        return Errno(EINVAL);
    }
    if (address.family() != kFamilyInet6) {
        return Errno(EAFNOSUPPORT);
    }
    return Endpoint::of(address.as<sockaddr_in6>());
}

Result<void> InetSocket::check_bindable(const Endpoint& wanted) const {
    const InetAddress& address = wanted.address;
    const bool may_be_foreign = ip_.get(IP_FREEBIND) != 0 || ip_.get(IP_TRANSPARENT) != 0;
    if (inet_family_ == InetFamily::V6) {
        if (address.is_multicast() && !address.is_v4() && type() == SocketType::Stream) {
            return Errno(EINVAL);
        }
    } else if (!is_bindable(address) && !may_be_foreign) {
        return Errno(EADDRNOTAVAIL);
    }
    if (wanted.port != 0 && wanted.port < settings().first_free_port &&
        !Task::current().credentials.has(CAP_NET_BIND_SERVICE)) {
        return Errno(EACCES);
    }
    if (!is_idle() || is_bound()) {
        return Errno(EINVAL);
    }
    if (inet_family_ == InetFamily::V6) {
        if (address.is_v4() && is_v6_only()) {
            return Errno(EINVAL);
        }
        if (address.is_link_local() && wanted.scope == 0) {
            return Errno(EINVAL);
        }
        if (!is_bindable(address) && !may_be_foreign) {
            return Errno(EADDRNOTAVAIL);
        }
    }
    return {};
}

Result<void> InetSocket::bind(const SocketAddress& address) {
    const Endpoint wanted = TRY(read_name(address));
    TRY(check_bindable(wanted));
    local_.address = wanted.address;
    local_.scope = wanted.scope;
    const Result<void> held = ports_.hold(*this, wanted.port);
    if (held.is_error()) {
        local_ = {.address = InetAddress::any(inet_family_), .port = 0, .scope = 0};
        return held;
    }
    if (inet_family_ == InetFamily::V6 && !wanted.address.is_v4() && !wanted.address.is_any()) {
        v6_.put(IPV6_V6ONLY, 1);  // Linux __inet6_bind
    }
    has_bound_address_ = !wanted.address.is_any();
    has_bound_port_ = wanted.port != 0;
    return {};
}

Result<void> InetSocket::bind_automatically() {
    if (is_bound()) {
        return {};
    }
    return ports_.hold(*this, 0).is_error() ? Result<void>(Errno(EAGAIN)) : Result<void>();
}

void InetSocket::forget_connection() {
    remote_ = {.address = InetAddress::any(inet_family_), .port = 0, .scope = 0};
    if (!has_bound_address_) {
        local_.address = InetAddress::any(inet_family_);
    }
    if (!has_bound_port_) {
        ports_.release(*this);
    }
}

Result<SocketAddress> InetSocket::local_name() {
    return local_.to_name(inet_family_);
}

Result<SocketAddress> InetSocket::peer_name() {
    if (!has_peer()) {
        return Errno(ENOTCONN);
    }
    return remote_.to_name(inet_family_);
}

// What accept reports: also of a connection that has been reset meanwhile.
Result<SocketAddress> InetSocket::accepted_name() {
    return remote_.to_name(inet_family_);
}

Result<Endpoint> InetSocket::read_target(const SocketAddress& address, bool takes_unspecified) const {
    if (inet_family_ == InetFamily::V4 ||
        (address.family() == kFamilyInet && type() == SocketType::Datagram)) {
        if (address.size() < sizeof(sockaddr_in)) {
            return Errno(EINVAL);
        }
        const bool is_unspecified = takes_unspecified && address.family() == kFamilyUnspecified;
        if (address.family() != kFamilyInet && !is_unspecified) {
            return Errno(EAFNOSUPPORT);
        }
        if (inet_family_ == InetFamily::V6 && is_v6_only()) {
            return Errno(ENETUNREACH);
        }
        return Endpoint::of(address.as<sockaddr_in>());
    }
    if (address.size() < kShortestV6Name) {
        return Errno(EINVAL);
    }
    if (address.family() != kFamilyInet6) {
        return Errno(EAFNOSUPPORT);
    }
    Endpoint target = Endpoint::of(address.as<sockaddr_in6>());
    if (target.address.is_v4() && is_v6_only()) {
        return Errno(ENETUNREACH);
    }
    if (target.address.is_link_local() && target.scope == 0) {
        return Errno(EINVAL);
    }
    if (target.address.is_any() && !target.address.is_v4()) {
        // BSD has it that connecting to :: means this machine (tcp_v6_connect).
        const bool is_v4_bound = !local_.address.is_any() && local_.address.is_v4();
        target.address = InetAddress::loopback(is_v4_bound ? InetFamily::V4 : InetFamily::V6);
    }
    return target;
}

Result<Route> InetSocket::route_to(const Endpoint& target) const {
    InetAddress source = local_.address;
    std::uint32_t interface = target.scope;
    const bool is_mapped = inet_family_ == InetFamily::V6 && source.is_v4() && !source.is_any();
    if (is_mapped && !target.address.is_v4() && !target.address.is_any()) {
        return Errno(EAFNOSUPPORT);  // Linux ip6_dst_lookup_tail
    }
    if (source.is_multicast() || (!source.is_any() && source.is_v4() != target.address.is_v4())) {
        source = InetAddress::any(inet_family_);
    }
    if (target.address.is_multicast()) {
        interface = interface != 0 ? interface : multicast_interface_;
        if (source.is_any() && !multicast_source_.is_any()) {
            source = multicast_source_;
        }
    }
    if (source.is_any()) {
        source = InetAddress::any(target.address.is_v4() ? InetFamily::V4 : InetFamily::V6);
    }
    return find_route(source, target.address, interface);
}

}  // namespace kernel
