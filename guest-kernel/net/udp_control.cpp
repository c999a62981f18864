// Control messages of UDP sockets: what a send asks for, and what a receive tells (man 7 ip, man 7 ipv6).
#include <asm/socket.h>
#include <linux/capability.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <linux/net_tstamp.h>
#include <linux/udp.h>

#include "net/message_stamp.hpp"
#include "net/udp_socket.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

template <typename T>
bool read_exactly(const ControlMessage& message, T& value) {
    if (message.payload.size() != sizeof(T)) {
        return false;
    }
    __builtin_memcpy(&value, message.payload.data(), sizeof(T));
    return true;
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

// Linux __sock_cmsg_send and udp_cmsg_send: what any socket takes, and what only UDP does.
Result<void> UdpSocket::read_common_control(const ControlMessage& message, Sending& sending) const {
    if (message.level == kLevelUdp) {
        std::uint16_t segment = 0;
        if (message.type != UDP_SEGMENT || !read_exactly(message, segment)) {
            return Errno(EINVAL);
        }
        sending.segment = segment;
        return {};
    }
    switch (message.type) {
        case SO_MARK: {
            const Credentials& credentials = Task::current().credentials;
            if (!credentials.has(CAP_NET_RAW) && !credentials.has(CAP_NET_ADMIN)) {
                return Errno(EPERM);
            }
            return read_exactly(message, sending.mark) ? Result<void>() : Result<void>(Errno(EINVAL));
        }
        case SO_TIMESTAMPING_OLD:
        case SO_TIMESTAMPING_NEW: {
            std::uint32_t flags = 0;
            constexpr std::uint32_t kOfSends = SOF_TIMESTAMPING_TX_RECORD_MASK;
            const bool is_good = read_exactly(message, flags) && (flags & ~kOfSends) == 0;
            return is_good ? Result<void>() : Result<void>(Errno(EINVAL));
        }
        case kRights:
        case kCredentials:
            return {};  // for UNIX sockets
        default:
            return Errno(EINVAL);
    }
}

// Linux ip_cmsg_send and ip6_datagram_send_ctl.
Result<void> UdpSocket::read_control(std::span<const std::byte> control, Sending& sending) const {
    ControlReader reader(control);
    while (reader.has_next()) {
        const ControlMessage message = TRY(reader.next());
        if (message.level == SOL_SOCKET || message.level == kLevelUdp) {
            TRY(read_common_control(message, sending));
        } else if (message.level == kLevelIp && sending.target.address.is_v4()) {
            TRY(read_v4_control(message, sending));
        } else if (message.level == kLevelIpv6 && !sending.target.address.is_v4()) {
            TRY(read_v6_control(message, sending));
        }
    }
    return {};
}

Result<void> UdpSocket::read_v4_control(const ControlMessage& message, Sending& sending) {
    int number = 0;
    switch (message.type) {
        case IP_PKTINFO: {
            in_pktinfo info{};
            if (!read_exactly(message, info)) {
                return Errno(EINVAL);
            }
            sending.source = InetAddress::of(info.ipi_spec_dst);
            sending.target.scope = static_cast<std::uint32_t>(info.ipi_ifindex);
            return {};
        }
        case IP_TTL:
            if (!read_exactly(message, number) || number < 1 || number > 255) {
                return Errno(EINVAL);
            }
            sending.hops = number;
            return {};
        case IP_TOS:
            if (message.payload.size() == 1) {
                number = static_cast<int>(message.payload[0]);
            } else if (!read_exactly(message, number) || number < 0 || number > 255) {
                return Errno(EINVAL);
            }
            sending.traffic_class = number;
            return {};
        default:
            return Errno(EINVAL);
    }
}

Result<void> UdpSocket::read_v6_control(const ControlMessage& message, Sending& sending) {
    int number = 0;
    switch (message.type) {
        case IPV6_PKTINFO: {
            in6_pktinfo info{};
            if (!read_payload(message, info)) {
                return Errno(EINVAL);
            }
            sending.source = InetAddress::of(info.ipi6_addr);
            sending.target.scope = static_cast<std::uint32_t>(info.ipi6_ifindex);
            return {};
        }
        case IPV6_HOPLIMIT:
            if (!read_exactly(message, number) || number < -1 || number > 255) {
                return Errno(EINVAL);
            }
            sending.hops = number < 0 ? sending.hops : number;
            return {};
        case IPV6_TCLASS:
            if (!read_exactly(message, number) || number < -1 || number > 255) {
                return Errno(EINVAL);
            }
            sending.traffic_class = number < 0 ? sending.traffic_class : number;  // udpv6_sendmsg
            return {};
        default:
            return Errno(EINVAL);
    }
}

// Linux sock_recv_cmsgs.
void UdpSocket::write_common_control(const Datagram& datagram, ControlWriter& control) const {
    write_stamps(options, datagram.arrived, control);
    if (options.is_set(SO_RXQ_OVFL) && datagram.lost != 0) {
        control.write(SOL_SOCKET, SO_RXQ_OVFL, &datagram.lost, sizeof(datagram.lost));
    }
    if (options.is_set(SO_RCVMARK)) {
        control.write(SOL_SOCKET, SO_MARK, &datagram.mark, sizeof(datagram.mark));
    }
    if (datagram.segment != 0) {
        control.write(kLevelUdp, UDP_GRO, &datagram.segment, sizeof(datagram.segment));
    }
}

void UdpSocket::write_control(const Datagram& datagram, ControlWriter& control) const {
    write_common_control(datagram, control);
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
