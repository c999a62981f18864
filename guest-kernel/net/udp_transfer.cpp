// Sending and receiving datagrams.
#include <asm/socket.h>
#include <linux/in6.h>
#include <linux/udp.h>

#include "net/message_stamp.hpp"
#include "net/network_counts.hpp"
#include "net/udp_socket.hpp"

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

constexpr std::size_t kLinkHeader = 14;

// What a datagram would be made of on its way over lo.
struct PacketParts {
    std::span<const std::byte> bytes;
    Endpoint source;
    Endpoint target;
    int hops;
    int traffic_class;
    int protocol;
};

class PacketWriter {
  public:
    explicit PacketWriter(Vector<std::byte>& bytes) : bytes_(bytes) {}
    PacketWriter& number(std::uint64_t value, std::size_t size) {
        for (std::size_t i = size; i-- > 0;) {
            bytes_[place_++] = static_cast<std::byte>(value >> 8 * i);
        }
        return *this;
    }
    PacketWriter& copy(const void* data, std::size_t size) {
        __builtin_memcpy(&bytes_[place_], data, size);
        place_ += size;
        return *this;
    }
    PacketWriter& skip(std::size_t size) {
        place_ += size;
        return *this;
    }

  private:
    Vector<std::byte>& bytes_;
    std::size_t place_ = 0;
};

// The packet with the headers of lo, of IP and of UDP: filters may look at all of it. Its checksums are 0.
Result<Vector<std::byte>> make_packet(const PacketParts& parts) {
    const bool is_v4 = parts.source.address.is_v4();
    const std::size_t datagram = kUdpHeader + parts.bytes.size();
    Vector<std::byte> bytes;
    TRY(bytes.resize(kLinkHeader + (is_v4 ? kIpHeader : kIpv6Header) + datagram));
    PacketWriter out(bytes);
    const auto hops = static_cast<unsigned>(parts.hops);
    const auto traffic_class = static_cast<unsigned>(parts.traffic_class);
    const auto protocol = static_cast<unsigned>(parts.protocol);
    out.skip(12).number(is_v4 ? 0x0800 : 0x86dd, 2);
    if (is_v4) {
        const in_addr from = parts.source.address.to_in_addr();
        const in_addr to = parts.target.address.to_in_addr();
        out.number(0x45, 1)
            .number(traffic_class, 1)
            .number(kIpHeader + datagram, 2)
            .skip(2)
            .number(0x4000, 2);
        out.number(hops, 1).number(protocol, 1).skip(2).copy(&from, sizeof(from)).copy(&to, sizeof(to));
    } else {
        const in6_addr from = parts.source.address.to_in6_addr();
        const in6_addr to = parts.target.address.to_in6_addr();
        out.number(6U << 28 | traffic_class << 20, 4).number(datagram, 2).number(protocol, 1).number(hops, 1);
        out.copy(&from, sizeof(from)).copy(&to, sizeof(to));
    }
    out.number(parts.source.port, 2).number(parts.target.port, 2).number(datagram, 2).skip(2);
    if (!parts.bytes.empty()) {
        out.copy(parts.bytes.data(), parts.bytes.size());
    }
    return bytes;
}

}  // namespace

Result<Endpoint> UdpSocket::target_of(const SendRequest& request) const {
    if (request.has_empty_name) {
        return Errno(EINVAL);
    }
    if (request.target != nullptr &&
        !(inet_family_ == InetFamily::V6 && request.target->family() == kFamilyUnspecified)) {
        const Endpoint target = TRY(read_target(*request.target, true));
        return target.port == 0 ? Result<Endpoint>(Errno(EINVAL)) : Result<Endpoint>(target);
    }
    return is_connected_ ? Result<Endpoint>(remote_) : Result<Endpoint>(Errno(EDESTADDRREQ));
}

// Linux udp_sendmsg, up to the data: where it goes, and how.
Result<UdpSocket::HeldBack> UdpSocket::prepare(const SendRequest& request) const {
    HeldBack held;
    Sending& sending = held.sending;
    sending.target = TRY(target_of(request));
    const bool is_v4 = sending.target.address.is_v4();
    const bool is_multicast = sending.target.address.is_multicast();
    sending.hops = is_v4 ? ip_.get(is_multicast ? IP_MULTICAST_TTL : IP_TTL)
                         : v6_.get(is_multicast ? IPV6_MULTICAST_HOPS : IPV6_UNICAST_HOPS);
    sending.traffic_class = is_v4 ? ip_.get(IP_TOS) : v6_.get(IPV6_TCLASS);
    sending.mark = static_cast<std::uint32_t>(options.value(SO_MARK));
    sending.segment = static_cast<std::size_t>(values_.get(UDP_SEGMENT));
    sending.coverage = static_cast<std::size_t>(values_.get(UDPLITE_SEND_CSCOV));
    TRY(read_control(request.control, sending));
    held.route = TRY(route_to(sending.target));
    if (!sending.source.is_any()) {
        const AddressKind kind = kind_of(sending.source);
        if (kind != AddressKind::Local) {
            // ip_route_output_key_hash_rcu; ip6_datagram_send_ctl.
            return Errno(is_v4 && kind == AddressKind::Elsewhere ? ENETUNREACH : EINVAL);
        }
        held.route.source = sending.source;
    }
    if (held.route.kind == AddressKind::Broadcast && !options.broadcasts()) {
        return Errno(EACCES);
    }
    return held;
}

// Linux __ip_append_data.
Result<std::size_t> UdpSocket::append(IoBuffer& buffer, HeldBack& held) {
    const std::size_t size = buffer.remaining();
    const std::size_t before = held.bytes.size();
    const std::size_t headers = kUdpHeader + (held.route.destination.is_v4() ? kIpHeader : 0);
    if (before + size > kMaximumPacket - headers) {
        is_too_long({.address = held.route.destination, .port = 0, .scope = 0});
        return Errno(EMSGSIZE);
    }
    if (error_ != 0) {
        return Errno(take_error());
    }
    if (shut_down_writing()) {
        return Errno(EPIPE);
    }
    TRY(held.bytes.resize(before + size));
    if (buffer.take(held.bytes.data() + before, size) < size) {
        return Errno(EFAULT);
    }
    return size;
}

Result<std::size_t> UdpSocket::send(IoBuffer& buffer, const SendRequest& request) {
    const std::size_t size = buffer.remaining();
    if (inet_family_ == InetFamily::V4 && size > kMaximumPacket) {
        return Errno(EMSGSIZE);
    }
    if ((request.flags & kOutOfBand) != 0 && inet_family_ == InetFamily::V4) {
        return Errno(EOPNOTSUPP);
    }
    // A piece of what is held back goes where that goes, whatever else the call says.
    if (!held_) {
        const Endpoint target = TRY(target_of(request));
        if (target.address.is_v4() && size > kMaximumPacket) {
            return Errno(EMSGSIZE);
        }
        TRY(bind_automatically());
        held_ = TRY(make_own<HeldBack>(TRY(prepare(request))));
    }
    const Result<std::size_t> outcome = append(buffer, *held_);
    if (outcome.is_error()) {
        held_ = nullptr;  // with all that was held back before (udp_flush_pending_frames)
        return outcome.error();
    }
    if ((request.flags & kMore) == 0 && values_.get(UDP_CORK) == 0) {
        TRY(push());
    }
    return size;
}

// Linux udp_send_skb.
Result<void> UdpSocket::check_segments(std::size_t size, std::size_t segment) const {
    constexpr std::size_t kMostSegments = 128;  // UDP_MAX_SEGMENTS
    if (segment == 0) {
        return {};
    }
    if (size > segment * kMostSegments || options.is_set(SO_NO_CHECK)) {
        return Errno(EINVAL);
    }
    return kind_ == UdpKind::Lite ? Result<void>(Errno(EIO)) : Result<void>();
}

// Linux udp_push_pending_frames.
Result<void> UdpSocket::push() {
    const Own<HeldBack> held = std::move(held_);
    held_ = nullptr;
    if (!held) {
        return {};
    }
    TRY(check_segments(held->bytes.size(), held->sending.segment));
    network_counts().udp.sent += inet_family_ == InetFamily::V4 ? 1U : 0U;
    return deliver(held->bytes, held->sending, held->route);
}

Result<void> UdpSocket::deliver(const Vector<std::byte>& bytes, const Sending& sending, const Route& route) {
    const Endpoint source{.address = route.source, .port = local_.port, .scope = 0};
    const std::uint16_t port = sending.target.port;
    if (route.kind == AddressKind::Multicast || route.kind == AddressKind::Broadcast) {
        // Over lo everything comes back, whatever IP_MULTICAST_LOOP says: the device itself does that.
        if (route.kind == AddressKind::Multicast && !is_joined(route.destination)) {
            return {};
        }
        for (PortHolder& holder : ports_.holders()) {
            auto& socket = static_cast<UdpSocket&>(holder);
            const bool is_broadcast_receiver = route.kind == AddressKind::Broadcast &&
                                               socket.score({route.destination, port, 0}, source) >= 0;
            if (is_broadcast_receiver || (route.kind == AddressKind::Multicast &&
                                          socket.takes_multicast(route.destination, port, source))) {
                TRY(socket.take(bytes.span(), sending, source, route.destination));
            }
        }
        return {};
    }
    UdpSocket* receiver = find({.address = route.destination, .port = port, .scope = 0}, source);
    if (receiver != nullptr) {
        return receiver->take(bytes.span(), sending, source, route.destination);
    }
    network_counts().udp.without_port += route.destination.is_v4() ? 1U : 0U;
    port_is_unreachable(bytes.span(), {.address = route.destination, .port = port, .scope = 0});
    return {};
}

// Linux udp_queue_rcv_skb: segments come apart, unless the receiver takes them together.
Result<void> UdpSocket::take(std::span<const std::byte> bytes, const Sending& sending, const Endpoint& source,
                             const InetAddress& destination) {
    const std::size_t segment = sending.segment;
    if (segment == 0 || bytes.size() <= segment || values_.get(UDP_GRO) != 0) {
        return take_one(bytes, sending, source, destination);
    }
    for (std::size_t start = 0; start < bytes.size(); start += segment) {
        TRY(take_one(bytes.subspan(start, std::min(segment, bytes.size() - start)), sending, source,
                     destination));
    }
    return {};
}

std::size_t UdpSocket::filtered(std::span<const std::byte> bytes, const Sending& sending,
                                const Endpoint& source, const InetAddress& destination) const {
    if (!options.filter) {
        return bytes.size() + kUdpHeader;
    }
    const Result<Vector<std::byte>> packet = make_packet({.bytes = bytes,
                                                          .source = source,
                                                          .target = {destination, local_.port, 0},
                                                          .hops = sending.hops,
                                                          .traffic_class = sending.traffic_class,
                                                          .protocol = protocol()});
    if (packet.is_error()) {
        return 0;
    }
    const std::size_t headers = packet.value().size() - bytes.size() - kUdpHeader;
    constexpr std::uint16_t kIp = 0x0800;    // ETH_P_IP
    constexpr std::uint16_t kIpv6 = 0x86dd;  // ETH_P_IPV6
    const std::optional<std::size_t> wanted = filtered_length(options.filter,
                                                              {.bytes = packet.value().span(),
                                                               .network = kLinkHeader,
                                                               .data = headers,
                                                               .payload = kUdpHeader,
                                                               .protocol = destination.is_v4() ? kIp : kIpv6,
                                                               .mark = sending.mark,
                                                               .has_device = true},
                                                              kUdpHeader);
    return wanted.value_or(0);
}

Result<void> UdpSocket::take_one(std::span<const std::byte> bytes, const Sending& sending,
                                 const Endpoint& source, const InetAddress& destination) {
    // A datagram that its checksum covers less than the receiver wants (Linux udp_queue_rcv_one_skb).
    const std::size_t covered = sending.coverage == 0 ? bytes.size() + kUdpHeader : sending.coverage;
    if (checks_coverage_ && covered < bytes.size() + kUdpHeader) {
        const auto least = static_cast<std::size_t>(values_.get(UDPLITE_RECV_CSCOV));
        if (least == 0 || covered < least) {
            return {};
        }
    }
    const std::size_t wanted = filtered(bytes, sending, source, destination);
    if (wanted == 0) {
        lost_++;
        return {};
    }
    bytes = bytes.first(wanted - kUdpHeader);
    const std::size_t cost = cost_of(bytes.size(), source.address.is_v4() ? kIpHeader : kIpv6Header);
    if (queued_cost_ > static_cast<std::size_t>(options.receive_buffer)) {
        lost_++;
        network_counts().udp.lost += inet_family_ == InetFamily::V4 ? 1U : 0U;
        return {};
    }
    Own<Datagram> datagram = TRY(make_own<Datagram>());
    TRY(datagram->bytes.resize(bytes.size()));
    if (!bytes.empty()) {
        __builtin_memcpy(datagram->bytes.data(), bytes.data(), bytes.size());
    }
    datagram->segment =
        sending.segment != 0 && bytes.size() > sending.segment ? static_cast<int>(sending.segment) : 0;
    datagram->source = source;
    datagram->destination = destination;
    datagram->hops = sending.hops;
    datagram->traffic_class = sending.traffic_class;
    datagram->cost = cost;
    datagram->arrived = arrival_stamp(options);
    datagram->lost = options.is_set(SO_RXQ_OVFL) ? lost_ : 0;
    datagram->mark = sending.mark;
    queued_cost_ += cost;
    queue_.push_back(*datagram.leak());
    changed_.wake_all(kPollReadable | POLLPRI | POLLRDBAND);
    async_.tell(POLL_IN);
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
        return receive_error(buffer, request);
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

}  // namespace kernel
