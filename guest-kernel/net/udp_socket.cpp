#include "net/udp_socket.hpp"

#include <asm/ioctls.h>
#include <linux/sockios.h>
#include <linux/udp.h>

#include "fs/text_buffer.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

List<UdpSocket, EveryUdpSocket>& every_socket() {
    static List<UdpSocket, EveryUdpSocket> sockets;
    return sockets;
}

}  // namespace

UdpSocket::UdpSocket(InetFamily family, UdpKind kind)
    : InetSocket(family, SocketType::Datagram, kind == UdpKind::Plain ? IPPROTO_UDP : IPPROTO_UDPLITE,
                 kind == UdpKind::Plain ? udp_ports() : udp_lite_ports()),
      kind_(kind) {
    every_socket().push_back(*this);
}

UdpSocket::~UdpSocket() {
    while (Datagram* datagram = queue_.pop_front()) {
        delete datagram;
    }
    forget_errors();
}

void UdpSocket::disconnect() {
    is_connected_ = false;
    forget_connection();
    local_.port = is_bound() ? local_.port : 0;
}

// Linux __ip4_datagram_connect, __ip6_datagram_connect.
Result<void> UdpSocket::connect(const SocketAddress& address, bool) {
    if (!address.has_family()) {
        return Errno(EINVAL);
    }
    if (address.family() == kFamilyUnspecified) {
        disconnect();
        return {};
    }
    TRY(bind_automatically());
    Endpoint target = TRY(read_target(address, false));
    const Route route = TRY(route_to(target));
    if (route.kind == AddressKind::Broadcast && !options.broadcasts()) {
        return Errno(EACCES);
    }
    if (local_.address.is_any()) {
        local_.address = route.source;
    }
    target.address = route.destination;
    remote_ = target;
    is_connected_ = true;
    return {};
}

Result<void> UdpSocket::shutdown(int how) {
    if (how < kShutRead || how > kShutBoth) {
        return Errno(EINVAL);
    }
    shutdown_ |= static_cast<unsigned>(how) + 1;
    changed_.wake_all();
    return is_connected_ ? Result<void>() : Result<void>(Errno(ENOTCONN));
}

void UdpSocket::close() {
    held_ = nullptr;
    if (is_bound()) {
        ports_.release(*this);
    }
    changed_.wake_all();
}

// Linux datagram_poll.
std::uint32_t UdpSocket::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(changed_);
    }
    std::uint32_t events = kPollWritable | POLLWRBAND;
    if (error_ != 0 || !errors_.is_empty()) {
        events |= POLLERR | (options.is_set(SO_SELECT_ERR_QUEUE) ? POLLPRI : 0U);
    }
    if (shut_down_reading()) {
        events |= POLLRDHUP | kPollReadable;
    }
    if (shutdown_ == kBothShut) {
        events |= POLLHUP;
    }
    if (!queue_.is_empty()) {
        events |= kPollReadable;
    }
    return events;
}

Result<long> UdpSocket::ioctl(unsigned command, UserAddress argument) {
    switch (command) {
        case SIOCOUTQ:  // lo takes what is sent at once
            TRY(UserOut<int>(argument).write(0));
            return 0;
        case FIONREAD: {
            const int size = queue_.is_empty() ? 0 : static_cast<int>(queue_.front().bytes.size());
            TRY(UserOut<int>(argument).write(size));
            return 0;
        }
        default:
            return InetSocket::ioctl(command, argument);
    }
}

// Linux udp_lib_setsockopt.
Result<void> UdpSocket::set_coverage(int name, int value) {
    constexpr int kHeader = 8;  // which is always covered
    if (kind_ != UdpKind::Lite) {
        return Errno(ENOPROTOOPT);
    }
    checks_coverage_ = checks_coverage_ || name == UDPLITE_RECV_CSCOV;
    const int least = value != 0 && value < kHeader ? kHeader : value;
    values_.put(name, std::min(least, int{UINT16_MAX}));
    return {};
}

Result<void> UdpSocket::set_protocol_option(int name, UserBuffer value, int length) {
    if (name == UDPLITE_SEND_CSCOV || name == UDPLITE_RECV_CSCOV) {
        return set_coverage(name, TRY(read_option(value, length)));
    }
    if (name == UDP_ENCAP) {
        // No encapsulation is what there is.
        return TRY(read_option(value, length)) == 0 ? Result<void>() : Result<void>(Errno(ENOPROTOOPT));
    }
    TRY(values_.set(name, TRY(read_option(value, length)), false));
    return name == UDP_CORK && values_.get(UDP_CORK) == 0 ? push() : Result<void>();
}

Result<void> UdpSocket::get_protocol_option(int name, UserBuffer value, UserInOut<int> length) {
    if (!values_.has(name)) {
        return Errno(ENOPROTOOPT);
    }
    return give_option(values_.get(name), value, length);
}

// How well a socket fits a datagram; negative: not at all (Linux net/ipv4/udp.c, compute_score).
int UdpSocket::score(const Endpoint& target, const Endpoint& source) const {
    if (local_.port != target.port) {
        return -1;
    }
    int score = inet_family_ == InetFamily::V4 ? 2 : 1;
    if (local_.address.is_any()) {
        if (target.address.is_v4() ? is_v6_only() : inet_family_ == InetFamily::V4) {
            return -1;
        }
    } else if (local_.address == target.address) {
        score += 4;
    } else {
        return -1;
    }
    if (is_connected_) {
        if (remote_.address != source.address || remote_.port != source.port) {
            return -1;
        }
        score += 8;
    }
    return score;
}

UdpSocket* UdpSocket::find(const Endpoint& target, const Endpoint& source) {
    UdpSocket* best = nullptr;
    int best_score = -1;
    for (PortHolder& holder : ports_.holders()) {
        auto& socket = static_cast<UdpSocket&>(holder);
        const int score = socket.score(target, source);
        if (score > best_score) {
            best = &socket;
            best_score = score;
        }
    }
    return best;
}

bool UdpSocket::has_joined(const InetAddress& group) const {
    for (const InetAddress& joined : groups_) {
        if (joined == group) {
            return true;
        }
    }
    return false;
}

bool UdpSocket::is_joined(const InetAddress& group) {
    constexpr std::uint32_t kAllHosts = 0xe0000001;  // 224.0.0.1
    in6_addr all_nodes{};                            // ff02::1
    all_nodes.in6_u.u6_addr8[0] = 0xff;
    all_nodes.in6_u.u6_addr8[1] = 2;
    all_nodes.in6_u.u6_addr8[15] = 1;
    if (group == InetAddress::v4(kAllHosts) || group == InetAddress::of(all_nodes)) {
        return true;
    }
    for (const UdpSocket& socket : every_socket()) {
        if (socket.has_joined(group)) {
            return true;
        }
    }
    return false;
}

bool UdpSocket::takes_multicast(const InetAddress& group, std::uint16_t port, const Endpoint& source) const {
    if (local_.port != port || (!local_.address.is_any() && local_.address != group) ||
        (local_.address.is_any() && (group.is_v4() ? is_v6_only() : inet_family_ == InetFamily::V4)) ||
        (is_connected_ && (remote_.address != source.address || remote_.port != source.port))) {
        return false;
    }
    if (has_joined(group)) {
        return true;
    }
    return group.is_v4() ? ip_.get(IP_MULTICAST_ALL) != 0 : v6_.get(IPV6_MULTICAST_ALL) != 0;
}

// Linux net/ipv4/udp.c, udp4_format_sock.
bool UdpSocket::append_line(InetFamily family, unsigned number, TextBuffer& out) const {
    if (family != inet_family_) {
        return false;
    }
    constexpr unsigned kConnected = 1;  // TCP_ESTABLISHED
    constexpr unsigned kIdle = 7;       // TCP_CLOSE
    out.decimal(number, 5).text(": ");
    append_connection({.local = local_,
                       .remote = remote_,
                       .state = is_connected_ ? kConnected : kIdle,
                       .received = queued_cost_,
                       .owner = owner_,
                       .inode = inode_number,
                       .references = 2},
                      family, out);
    out.text(" 0");
    return true;
}

}  // namespace kernel
