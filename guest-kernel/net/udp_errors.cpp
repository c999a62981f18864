// Errors that come back for datagrams, and the queue of them that IP_RECVERR asks for (man 7 ip; Linux
// net/ipv4/ip_sockglue.c, ip_icmp_error and ip_recv_error; net/ipv6/datagram.c).
#include <linux/in6.h>

#include "net/message_stamp.hpp"
#include "net/udp_socket.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

// Linux linux/errqueue.h, which needs the C library's times.
constexpr std::uint8_t kOriginLocal = 1;       // SO_EE_ORIGIN_LOCAL
constexpr std::uint8_t kOriginIcmp = 2;        // SO_EE_ORIGIN_ICMP
constexpr std::uint8_t kOriginIcmp6 = 3;       // SO_EE_ORIGIN_ICMP6
constexpr std::uint8_t kUnreachable = 3;       // ICMP_DEST_UNREACH
constexpr std::uint8_t kPortUnreachable = 3;   // ICMP_PORT_UNREACH
constexpr std::uint8_t kUnreachable6 = 1;      // ICMPV6_DEST_UNREACH
constexpr std::uint8_t kPortUnreachable6 = 4;  // ICMPV6_PORT_UNREACH

// How much of a datagram an ICMP message quotes: the message has 576 bytes (RFC 1812, 4.3.2.3), or 1280 (RFC
// 4443, 2.4), and in it are two headers of IP, its own and UDP's.
constexpr std::size_t kQuoted = 576 - 20 - 8 - 20 - 8;
constexpr std::size_t kQuoted6 = 1280 - 40 - 8 - 40 - 8;

template <typename Name>
struct ErrorControl {
    ExtendedError error;
    Name offender;
};

bool is_from_network(const ErrorReport* report) {
    return report != nullptr && report->error.origin != kOriginLocal;
}

}  // namespace

void UdpSocket::queue_error(const ExtendedError& error, const Endpoint& target,
                            std::span<const std::byte> quoted) {
    Result<Own<ErrorReport>> made = make_own<ErrorReport>();
    if (made.is_error() || made.value()->quoted.resize(quoted.size()).is_error()) {
        return;
    }
    ErrorReport& report = *made.value();
    report.error = error;
    report.target = target;
    if (!quoted.empty()) {
        __builtin_memcpy(report.quoted.data(), quoted.data(), quoted.size());
    }
    errors_.push_back(*made.release_value().leak());
    tell_of_error();
}

void UdpSocket::tell_of_error() {
    changed_.wake_all(POLLERR);
    async_.tell(POLL_ERR);
}

// Nobody has the port: an ICMP message comes back. Connected sockets hear of it, and those that ask for it.
void UdpSocket::port_is_unreachable(std::span<const std::byte> bytes, const Endpoint& target) {
    const bool is_v4 = target.address.is_v4();
    const bool queues = is_v4 ? ip_.get(IP_RECVERR) != 0 : v6_.get(IPV6_RECVERR) != 0;
    if (!is_connected_ && !queues) {
        return;
    }
    if (queues) {
        const ExtendedError error{.number = ECONNREFUSED,
                                  .origin = is_v4 ? kOriginIcmp : kOriginIcmp6,
                                  .type = is_v4 ? kUnreachable : kUnreachable6,
                                  .code = is_v4 ? kPortUnreachable : kPortUnreachable6};
        queue_error(error, target, bytes.first(std::min(bytes.size(), is_v4 ? kQuoted : kQuoted6)));
    }
    error_ = ECONNREFUSED;
    tell_of_error();
}

// Linux ip_local_error.
void UdpSocket::is_too_long(const Endpoint& target) {
    if (target.address.is_v4() && ip_.get(IP_RECVERR) != 0) {
        Endpoint whom = target;
        whom.port = is_connected_ ? remote_.port : std::uint16_t{0};
        queue_error({.number = EMSGSIZE, .origin = kOriginLocal, .info = LoopbackInterface::kIpv4Mtu}, whom,
                    {});
    }
}

void UdpSocket::forget_errors() {
    while (ErrorReport* report = errors_.pop_front()) {
        delete report;
    }
}

Result<std::size_t> UdpSocket::receive_error(IoBuffer& buffer, ReceiveRequest& request) {
    const Own<ErrorReport> report(errors_.pop_front());
    if (!report) {
        return Errno(EAGAIN);
    }
    // The pending error is that of the next report (sock_dequeue_err_skb).
    const ErrorReport* next = errors_.is_empty() ? nullptr : &errors_.front();
    if (is_from_network(next)) {
        error_ = static_cast<int>(next->error.number);
    } else if (is_from_network(report.get())) {
        error_ = 0;
    }
    if (next != nullptr) {
        tell_of_error();
    }
    const std::size_t copied = buffer.put(report->quoted.data(), report->quoted.size());
    if (buffer.has_faulted()) {
        return Errno(EFAULT);
    }
    request.result_flags |= kErrorQueue | (copied < report->quoted.size() ? kTruncated : 0);
    request.sender = report->target.to_name(inet_family_);
    if (request.control != nullptr) {
        write_stamps(options, 0, *request.control);
        write_error(*report, *request.control);
    }
    return copied;
}

// The offender is who sent the ICMP message: over lo, the address that was meant.
void UdpSocket::write_error(const ErrorReport& report, ControlWriter& control) const {
    const Endpoint offender{.address = report.target.address, .port = 0, .scope = 0};
    const bool has_offender = is_from_network(&report);
    if (inet_family_ == InetFamily::V4) {
        ErrorControl<sockaddr_in> told{.error = report.error, .offender = {}};
        told.offender = has_offender ? offender.to_name(inet_family_).as<sockaddr_in>() : told.offender;
        control.write(kLevelIp, IP_RECVERR, &told, sizeof(told));
    } else {
        ErrorControl<sockaddr_in6> told{.error = report.error, .offender = {}};
        told.offender = has_offender ? offender.to_name(inet_family_).as<sockaddr_in6>() : told.offender;
        control.write(kLevelIpv6, IPV6_RECVERR, &told, sizeof(told));
    }
}

}  // namespace kernel
