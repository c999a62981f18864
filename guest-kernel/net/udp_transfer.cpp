// Sending and receiving datagrams.
#include <linux/in6.h>
#include <linux/ipv6.h>

#include "net/udp_socket.hpp"

#include "net/network_counts.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kMaximumPacket = 65535;

// What a datagram takes of the receiver's SO_RCVBUF: Linux counts the memory of its buffer, which is
// allocated by powers of two, and of the sk_buff (include/linux/skbuff.h, SKB_TRUESIZE).
std::size_t cost_of(std::size_t payload, std::size_t ip_header) {
    constexpr std::size_t kRoomForLink = 31;  // the link's header and its alignment
    constexpr std::size_t kSharedInfo = 320;
    constexpr std::size_t kBuffer = 256;
    constexpr std::size_t kCacheLine = 64;
    constexpr std::size_t kLargestHead =
        16064;  // SKB_MAX_ALLOC: more is in pages, which count as they are filled
    if (payload + kUdpHeader + ip_header + kRoomForLink >= kLargestHead) {
        return payload + 512 + kBuffer;
    }
    const std::size_t data = payload + kUdpHeader + ip_header + kRoomForLink;
    const std::size_t needed = (data + kCacheLine - 1) / kCacheLine * kCacheLine + kSharedInfo;
    std::size_t allocated = 512;
    while (allocated < needed) {
        allocated *= 2;
    }
    return allocated + kBuffer;
}

template <typename T>
bool read_payload(const ControlMessage& message, T& value) {
    if (message.payload.size() < sizeof(T)) {
        return false;
    }
    __builtin_memcpy(&value, message.payload.data(), sizeof(T));
    return true;
}

}  // namespace

// Linux ip_cmsg_send and ip6_datagram_send_ctl.
Result<void> UdpSocket::read_control(std::span<const std::byte> control, Sending& sending) const {
    ControlReader reader(control);
    while (reader.has_next()) {
        const ControlMessage message = TRY(reader.next());
        int number = 0;
        if (message.level == kLevelIp && message.type == IP_PKTINFO) {
            in_pktinfo info{};
            if (!read_payload(message, info)) {
                return Errno(EINVAL);
            }
            sending.source = InetAddress::of(info.ipi_spec_dst);
            sending.target.scope = static_cast<std::uint32_t>(info.ipi_ifindex);
        } else if (message.level == kLevelIpv6 && message.type == IPV6_PKTINFO) {
            in6_pktinfo info{};
            if (!read_payload(message, info)) {
                return Errno(EINVAL);
            }
            sending.source = InetAddress::of(info.ipi6_addr);
            sending.target.scope = static_cast<std::uint32_t>(info.ipi6_ifindex);
        } else if ((message.level == kLevelIp && message.type == IP_TTL) ||
                   (message.level == kLevelIpv6 && message.type == IPV6_HOPLIMIT)) {
            if (!read_payload(message, number) || number < (message.level == kLevelIp ? 1 : -1) ||
                number > 255) {
                return Errno(EINVAL);
            }
            sending.hops = number < 0 ? sending.hops : number;
        } else if ((message.level == kLevelIp && message.type == IP_TOS) ||
                   (message.level == kLevelIpv6 && message.type == IPV6_TCLASS)) {
            if (!read_payload(message, number) || number < -1 || number > 255) {
                return Errno(EINVAL);
            }
            sending.traffic_class = number < 0 ? 0 : number;
        } else if (message.level == kLevelIp || message.level == kLevelIpv6) {
            return Errno(EINVAL);
        }
    }
    return {};
}

Result<Endpoint> UdpSocket::target_of(const SendRequest& request) const {
    if (request.target != nullptr &&
        !(inet_family_ == InetFamily::V6 && request.target->family() == kFamilyUnspecified)) {
        const Endpoint target = TRY(read_target(*request.target, true));
        return target.port == 0 ? Result<Endpoint>(Errno(EINVAL)) : Result<Endpoint>(target);
    }
    return is_connected_ ? Result<Endpoint>(remote_) : Result<Endpoint>(Errno(EDESTADDRREQ));
}

Result<std::size_t> UdpSocket::send(IoBuffer& buffer, const SendRequest& request) {
    const std::size_t size = buffer.remaining();
    if (inet_family_ == InetFamily::V4 && size > kMaximumPacket) {
        return Errno(EMSGSIZE);
    }
    if ((request.flags & kOutOfBand) != 0 && inet_family_ == InetFamily::V4) {
        return Errno(EOPNOTSUPP);
    }
    Sending sending;
    sending.target = TRY(target_of(request));
    const bool is_v4 = sending.target.address.is_v4();
    if (is_v4 && size > kMaximumPacket) {
        return Errno(EMSGSIZE);
    }
    const bool is_multicast = sending.target.address.is_multicast();
    sending.hops = is_v4 ? ip_.get(is_multicast ? IP_MULTICAST_TTL : IP_TTL)
                         : v6_.get(is_multicast ? IPV6_MULTICAST_HOPS : IPV6_UNICAST_HOPS);
    sending.traffic_class = is_v4 ? ip_.get(IP_TOS) : v6_.get(IPV6_TCLASS);
    TRY(read_control(request.control, sending));
    TRY(bind_automatically());
    Route route = TRY(route_to(sending.target));
    if (!sending.source.is_any()) {
        if (kind_of(sending.source) != AddressKind::Local) {
            return Errno(EINVAL);
        }
        route.source = sending.source;
    }
    if (route.kind == AddressKind::Broadcast && !options.broadcasts()) {
        return Errno(EACCES);
    }
    if (error_ != 0) {
        return Errno(take_error());
    }
    if (shut_down_writing()) {
        return Errno(EPIPE);
    }
    if (size > kMaximumPacket - kUdpHeader - (is_v4 ? kIpHeader : 0)) {
        return Errno(EMSGSIZE);
    }
    Vector<std::byte> bytes;
    TRY(bytes.resize(size));
    if (buffer.take(bytes.data(), size) < size) {
        return Errno(EFAULT);
    }
    network_counts().udp.sent += inet_family_ == InetFamily::V4 ? 1U : 0U;
    TRY(deliver(std::move(bytes), sending, route));
    return size;
}

Result<void> UdpSocket::deliver(Vector<std::byte> bytes, const Sending& sending, const Route& route) {
    const Endpoint source{.address = route.source, .port = local_.port, .scope = 0};
    const std::uint16_t port = sending.target.port;
    const bool is_v4 = route.destination.is_v4();
    if (route.kind == AddressKind::Multicast || route.kind == AddressKind::Broadcast) {
        // Over lo everything comes back, whatever IP_MULTICAST_LOOP says: the device itself does that.
        if (route.kind == AddressKind::Multicast && !is_joined(route.destination)) {
            return {};
        }
        for (PortHolder& holder : udp_ports().holders()) {
            auto& socket = static_cast<UdpSocket&>(holder);
            const bool is_broadcast_receiver = route.kind == AddressKind::Broadcast &&
                                               socket.score({route.destination, port, 0}, source) >= 0;
            if (is_broadcast_receiver || (route.kind == AddressKind::Multicast &&
                                          socket.takes_multicast(route.destination, port, source))) {
                TRY(socket.take(bytes, sending, source, route.destination));
            }
        }
        return {};
    }
    UdpSocket* receiver = find({.address = route.destination, .port = port, .scope = 0}, source);
    if (receiver != nullptr) {
        return receiver->take(bytes, sending, source, route.destination);
    }
    network_counts().udp.without_port += is_v4 ? 1U : 0U;
    // An ICMP error comes back, of which only connected sockets hear, and those that ask for it.
    if (is_connected_ || (is_v4 ? ip_.get(IP_RECVERR) != 0 : v6_.get(IPV6_RECVERR) != 0)) {
        report_error(ECONNREFUSED);
    }
    return {};
}

Result<void> UdpSocket::take(const Vector<std::byte>& bytes, const Sending& sending, const Endpoint& source,
                             const InetAddress& destination) {
    const std::size_t cost = cost_of(bytes.size(), source.address.is_v4() ? kIpHeader : kIpv6Header);
    if (queued_cost_ > static_cast<std::size_t>(options.receive_buffer)) {
        network_counts().udp.lost += inet_family_ == InetFamily::V4 ? 1U : 0U;
        return {};
    }
    Own<Datagram> datagram = TRY(make_own<Datagram>());
    TRY(datagram->bytes.resize(bytes.size()));
    if (!bytes.is_empty()) {
        __builtin_memcpy(datagram->bytes.data(), bytes.data(), bytes.size());
    }
    datagram->source = source;
    datagram->destination = destination;
    datagram->hops = sending.hops;
    datagram->traffic_class = sending.traffic_class;
    datagram->cost = cost;
    queued_cost_ += cost;
    queue_.push_back(*datagram.leak());
    changed_.wake_all(kPollReadable | POLLPRI | POLLRDBAND);
    return {};
}

// Linux __skb_recv_udp: a pending error comes before what is in the queue.
Result<void> UdpSocket::wait_for_datagram(const ReceiveRequest& request) {
    if (error_ != 0) {
        return Errno(take_error());
    }
    if (!queue_.is_empty()) {
        return {};
    }
    if (request.is_nonblocking()) {
        return Errno(EAGAIN);
    }
    const SocketPatience patience(false, options.receive_timeout);
    TRY(patience.wait(changed_, [this] { return !queue_.is_empty() || error_ != 0 || shut_down_reading(); }));
    if (error_ != 0) {
        return Errno(take_error());
    }
    return {};
}

Result<std::size_t> UdpSocket::receive(IoBuffer& buffer, ReceiveRequest& request) {
    if ((request.flags & kErrorQueue) != 0) {
        return Errno(EAGAIN);
    }
    TRY(wait_for_datagram(request));
    Datagram* datagram = queue_.first();
    if (datagram == nullptr) {
        return std::size_t{0};  // shut down
    }
    const bool peeks = (request.flags & kPeek) != 0;
    const std::size_t size = datagram->bytes.size();
    const std::size_t copied = buffer.put(datagram->bytes.data(), size);
    const bool has_faulted = buffer.has_faulted();
    if (copied < size) {
        request.result_flags |= kTruncated;
    }
    if (!has_faulted) {
        request.sender = datagram->source.to_name(inet_family_);
        if (request.control != nullptr) {
            write_control(*datagram, *request.control);
        }
    }
    if (!peeks) {
        network_counts().udp.received += inet_family_ == InetFamily::V4 && !has_faulted ? 1U : 0U;
        queued_cost_ -= datagram->cost;
        delete datagram;
    }
    if (has_faulted) {
        return Errno(EFAULT);
    }
    return (request.flags & kTruncated) != 0 ? size : copied;
}

void UdpSocket::write_control(const Datagram& datagram, ControlWriter& control) const {
    if (inet_family_ == InetFamily::V4) {
        write_v4_control(datagram, control);
    } else {
        write_v6_control(datagram, control);
    }
}

// Linux ip_cmsg_recv_offset.
void UdpSocket::write_v4_control(const Datagram& datagram, ControlWriter& control) const {
    if (ip_.get(IP_PKTINFO) != 0) {
        const bool is_local = kind_of(datagram.destination) == AddressKind::Local;
        const in_pktinfo info{
            .ipi_ifindex = LoopbackInterface::kIndex,
            .ipi_spec_dst =
                is_local ? datagram.destination.to_in_addr() : datagram.source.address.to_in_addr(),
            .ipi_addr = datagram.destination.to_in_addr(),
        };
        control.write(kLevelIp, IP_PKTINFO, &info, sizeof(info));
    }
    if (ip_.get(IP_RECVTTL) != 0) {
        control.write(kLevelIp, IP_TTL, &datagram.hops, sizeof(datagram.hops));
    }
    if (ip_.get(IP_RECVTOS) != 0) {
        const auto type_of_service = static_cast<unsigned char>(datagram.traffic_class);
        control.write(kLevelIp, IP_TOS, &type_of_service, sizeof(type_of_service));
    }
    if (ip_.get(IP_RECVORIGDSTADDR) != 0) {
        const SocketAddress name =
            Endpoint{.address = datagram.destination, .port = local_.port, .scope = 0}.to_name(
                InetFamily::V4);
        control.write(kLevelIp, IP_RECVORIGDSTADDR, name.bytes().data(), name.size());
    }
}

// Linux ip6_datagram_recv_common_ctl and ip6_datagram_recv_specific_ctl.
void UdpSocket::write_v6_control(const Datagram& datagram, ControlWriter& control) const {
    if (v6_.get(IPV6_RECVPKTINFO) != 0) {
        in6_pktinfo info{};
        info.ipi6_addr = datagram.destination.to_in6_addr();
        info.ipi6_ifindex = LoopbackInterface::kIndex;
        control.write(kLevelIpv6, IPV6_PKTINFO, &info, sizeof(info));
    }
    if (datagram.source.address.is_v4()) {
        write_v4_control(datagram, control);
        return;
    }
    if (v6_.get(IPV6_RECVHOPLIMIT) != 0) {
        control.write(kLevelIpv6, IPV6_HOPLIMIT, &datagram.hops, sizeof(datagram.hops));
    }
    if (v6_.get(IPV6_RECVTCLASS) != 0) {
        control.write(kLevelIpv6, IPV6_TCLASS, &datagram.traffic_class, sizeof(datagram.traffic_class));
    }
}

}  // namespace kernel
