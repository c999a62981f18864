#include "net/netlink_socket.hpp"

#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "net/inet_socket.hpp"
#include "net/loopback.hpp"
#include "net/netlink_message.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

constexpr std::size_t kSendOverhead = 32;  // what of SO_SNDBUF no message may use (netlink_sendmsg)

// All sockets that have an id.
List<NetlinkSocket>& sockets_with_id() {
    static List<NetlinkSocket> sockets;
    return sockets;
}

Result<sockaddr_nl> read_name(const SocketAddress& address) {
    if (address.size() < sizeof(sockaddr_nl) || address.family() != kFamilyNetlink) {
        return Errno(EINVAL);
    }
    return address.as<sockaddr_nl>();
}

}  // namespace

NetlinkSocket::NetlinkSocket(SocketType type) : Socket(kFamilyNetlink, type, NETLINK_ROUTE) {}

NetlinkSocket::~NetlinkSocket() {
    while (Answer* answer = answers_.pop_front()) {
        delete answer;
    }
}

Result<Ref<Socket>> NetlinkSocket::create(unsigned type, int protocol) {
    if (type != kRaw && type != kDatagram) {
        return Errno(ESOCKTNOSUPPORT);
    }
    if (protocol != NETLINK_ROUTE) {
        return Errno(EPROTONOSUPPORT);
    }
    return TRY(make_ref<NetlinkSocket>(type == kRaw ? SocketType::Raw : SocketType::Datagram));
}

bool NetlinkSocket::is_taken(std::uint32_t port) {
    for (const NetlinkSocket& other : sockets_with_id()) {
        if (other.port_ == port) {
            return true;
        }
    }
    return false;
}

void NetlinkSocket::bind_automatically() {
    constexpr std::uint32_t kFirstOther = ~4096U;  // from here downwards
    if (is_bound_) {
        return;
    }
    std::uint32_t port = static_cast<std::uint32_t>(Task::current().process_id());
    for (std::uint32_t other = kFirstOther; is_taken(port); other--) {
        port = other;
    }
    port_ = port;
    is_bound_ = true;
    sockets_with_id().push_back(*this);
}

Result<void> NetlinkSocket::bind(const SocketAddress& address) {
    const sockaddr_nl name = TRY(read_name(address));
    if (is_bound_) {
        if (name.nl_pid != port_) {
            return Errno(EINVAL);
        }
    } else if (name.nl_pid == 0) {
        bind_automatically();
    } else {
        if (is_taken(name.nl_pid)) {
            return Errno(EADDRINUSE);
        }
        port_ = name.nl_pid;
        is_bound_ = true;
        sockets_with_id().push_back(*this);
    }
    groups_ = name.nl_groups;
    return {};
}

Result<void> NetlinkSocket::connect(const SocketAddress& address, bool) {
    if (!address.has_family()) {
        return Errno(EINVAL);
    }
    if (address.family() == kFamilyUnspecified) {
        target_ = 0;
        target_groups_ = 0;
        return {};
    }
    const sockaddr_nl name = TRY(read_name(address));
    if ((name.nl_groups != 0 || name.nl_pid != 0) && !Task::current().credentials.has(CAP_NET_ADMIN)) {
        return Errno(EPERM);
    }
    target_ = name.nl_pid;
    target_groups_ = name.nl_groups & ~(name.nl_groups - 1);  // the lowest
    bind_automatically();
    return {};
}

Result<SocketAddress> NetlinkSocket::local_name() {
    return SocketAddress::of(sockaddr_nl{.nl_family = kFamilyNetlink,
                                         .nl_pad = 0,
                                         .nl_pid = port_,
                                         .nl_groups = static_cast<std::uint32_t>(groups_)});
}

Result<SocketAddress> NetlinkSocket::peer_name() {
    return SocketAddress::of(sockaddr_nl{
        .nl_family = kFamilyNetlink, .nl_pad = 0, .nl_pid = target_, .nl_groups = target_groups_});
}

Result<void> NetlinkSocket::shutdown(int) {
    return Errno(EOPNOTSUPP);
}

Result<std::size_t> NetlinkSocket::send(IoBuffer& buffer, const SendRequest& request) {
    if ((request.flags & kOutOfBand) != 0) {
        return Errno(EOPNOTSUPP);
    }
    const std::size_t size = buffer.remaining();
    if (size == 0) {
        return Errno(ENODATA);
    }
    std::uint32_t target = target_;
    std::uint32_t groups = target_groups_;
    if (request.target != nullptr) {
        const sockaddr_nl name = TRY(read_name(*request.target));
        target = name.nl_pid;
        groups = name.nl_groups & ~(name.nl_groups - 1);
        if ((target != 0 || groups != 0) && !Task::current().credentials.has(CAP_NET_ADMIN)) {
            return Errno(EPERM);
        }
    }
    bind_automatically();
    if (size > static_cast<std::size_t>(options.send_buffer) - kSendOverhead) {
        return Errno(EMSGSIZE);
    }
    Vector<std::byte> bytes;
    TRY(bytes.resize(size));
    if (buffer.take(bytes.data(), size) < size) {
        return Errno(EFAULT);
    }
    if (groups != 0) {
        TRY(send_to_groups(bytes, groups, target));
    }
    if (target != 0) {
        TRY(send_to_program(bytes, target));
        return size;
    }
    std::span<const std::byte> rest = bytes.span();
    while (rest.size() >= sizeof(nlmsghdr)) {
        nlmsghdr header{};
        __builtin_memcpy(&header, rest.data(), sizeof(header));
        if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > rest.size()) {
            break;
        }
        TRY(answer(rest.first(header.nlmsg_len)));
        rest = rest.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), rest.size()));
    }
    return size;
}

// Linux netlink_unicast: another program's socket.
Result<void> NetlinkSocket::send_to_program(const Vector<std::byte>& bytes, std::uint32_t target) {
    for (NetlinkSocket& other : sockets_with_id()) {
        if (other.port_ == target) {
            return other.queue_copy(bytes, {.port = port_});
        }
    }
    return Errno(ECONNREFUSED);
}

// Linux netlink_broadcast: all members but the sender, and but who gets it anyway.
Result<void> NetlinkSocket::send_to_groups(const Vector<std::byte>& bytes, std::uint32_t groups,
                                           std::uint32_t left_out) {
    for (NetlinkSocket& other : sockets_with_id()) {
        if (&other != this && other.port_ != left_out && (other.groups_ & groups) != 0) {
            TRY(other.queue_copy(bytes, {.port = port_, .groups = groups}));
        }
    }
    return {};
}

Result<void> NetlinkSocket::queue_copy(const Vector<std::byte>& bytes, const Sender& sender) {
    Vector<std::byte> copy;
    TRY(copy.resize(bytes.size()));
    __builtin_memcpy(copy.data(), bytes.data(), bytes.size());
    return queue(std::move(copy), sender);
}

// Linux netlink_rcv_skb.
Result<void> NetlinkSocket::answer(std::span<const std::byte> message) {
    nlmsghdr header{};
    __builtin_memcpy(&header, message.data(), sizeof(header));
    Result<void> outcome;
    const bool is_request = (header.nlmsg_flags & NLM_F_REQUEST) != 0 && header.nlmsg_type >= NLMSG_MIN_TYPE;
    if (is_request) {
        outcome = answer_request(header, message);
    }
    if (outcome.is_error() || (header.nlmsg_flags & NLM_F_ACK) != 0) {
        return acknowledge(header, message, outcome.is_error() ? outcome.error().value : 0);
    }
    return {};
}

Result<void> NetlinkSocket::answer_request(const nlmsghdr& header, std::span<const std::byte> message) {
    if (header.nlmsg_type > RTM_MAX) {
        return Errno(EOPNOTSUPP);
    }
    rtgenmsg general{};
    if (message.size() < sizeof(header) + sizeof(general)) {
        return {};
    }
    __builtin_memcpy(&general, message.data() + sizeof(header), sizeof(general));
    constexpr unsigned kKindMask = 3;
    constexpr unsigned kGet = 2;  // RTNL_KIND_GET
    if ((header.nlmsg_type & kKindMask) != kGet && !Task::current().credentials.has(CAP_NET_ADMIN)) {
        return Errno(EPERM);
    }
    const bool is_dump = (header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    if (header.nlmsg_type == RTM_GETLINK && !is_dump) {
        ifinfomsg wanted{};
        if (message.size() < sizeof(header) + sizeof(wanted)) {
            return Errno(EINVAL);
        }
        __builtin_memcpy(&wanted, message.data() + sizeof(header), sizeof(wanted));
        if (wanted.ifi_index <= 0) {
            return Errno(EINVAL);
        }
        if (wanted.ifi_index != static_cast<int>(LoopbackInterface::kIndex)) {
            return Errno(ENODEV);
        }
        return queue(TRY(link_message(0, header.nlmsg_seq, port_)));
    }
    if (!is_dump || (header.nlmsg_type != RTM_GETLINK && header.nlmsg_type != RTM_GETADDR &&
                     header.nlmsg_type != RTM_GETROUTE)) {
        return Errno(EOPNOTSUPP);
    }
    return dump(header, general.rtgen_family);
}

Result<void> NetlinkSocket::dump(const nlmsghdr& header, int family) {
    if (header.nlmsg_type == RTM_GETLINK) {
        TRY(queue(TRY(link_message(NLM_F_MULTI, header.nlmsg_seq, port_))));
    } else if (header.nlmsg_type == RTM_GETROUTE) {
        const NetlinkReply to{.sequence = header.nlmsg_seq, .port = port_};
        for (Vector<std::byte>& message : TRY(route_messages(family, to))) {
            TRY(queue(std::move(message)));
        }
    } else {
        if (family != kFamilyInet6 && loopback_interface().has_v4_address()) {
            TRY(queue(TRY(v4_address_message(header.nlmsg_seq, port_))));
        }
        if (family != kFamilyInet && loopback_interface().has_v6_address()) {
            TRY(queue(TRY(v6_address_message(header.nlmsg_seq, port_))));
        }
    }
    NetlinkMessage done(NLMSG_DONE, NLM_F_MULTI, header.nlmsg_seq, port_);
    done.put(0);
    return queue(TRY(done.finish()));
}

// Linux netlink_ack: a failed request comes back with the error.
Result<void> NetlinkSocket::acknowledge(const nlmsghdr& header, std::span<const std::byte> message,
                                        int error) {
    constexpr unsigned kCapped = 0x100;  // NLM_F_CAPPED
    NetlinkMessage answer(NLMSG_ERROR, error == 0 ? kCapped : 0, header.nlmsg_seq, port_);
    answer.put(-error);
    answer.put_bytes(message.data(), error == 0 ? sizeof(header) : message.size());
    return queue(TRY(answer.finish()));
}

Result<void> NetlinkSocket::queue(Vector<std::byte> bytes, const Sender& sender) {
    const std::optional<std::size_t> wanted = filtered_length(options.filter, {.bytes = bytes.span()}, 1);
    if (!wanted.has_value()) {
        return {};
    }
    TRY(bytes.resize(*wanted));
    Own<Answer> answer = TRY(make_own<Answer>());
    answer->sender = sender;
    answer->bytes = std::move(bytes);
    answers_.push_back(*answer.leak());
    changed_.wake_all(kPollReadable);
    return {};
}

Result<std::size_t> NetlinkSocket::receive(IoBuffer& buffer, ReceiveRequest& request) {
    if ((request.flags & kOutOfBand) != 0) {
        return Errno(EOPNOTSUPP);
    }
    if (answers_.is_empty()) {
        if (request.is_nonblocking()) {
            return Errno(EAGAIN);
        }
        const SocketPatience patience(false, options.receive_timeout);
        TRY(patience.wait(changed_, [this] { return !answers_.is_empty(); }));
    }
    Answer& answer = answers_.front();
    const std::size_t size = answer.bytes.size();
    const std::size_t copied = buffer.put(answer.bytes.data(), size);
    const bool has_faulted = buffer.has_faulted();
    const Sender sender = answer.sender;
    if (copied < size) {
        request.result_flags |= kTruncated;
    }
    if ((request.flags & kPeek) == 0) {
        delete &answer;
    }
    if (has_faulted) {
        return Errno(EFAULT);
    }
    request.sender = SocketAddress::of(sockaddr_nl{
        .nl_family = kFamilyNetlink, .nl_pad = 0, .nl_pid = sender.port, .nl_groups = sender.groups});
    return (request.flags & kTruncated) != 0 ? size : copied;
}

std::uint32_t NetlinkSocket::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(changed_);
    }
    return kPollWritable | POLLWRBAND | (answers_.is_empty() ? 0 : kPollReadable);
}

Result<void> NetlinkSocket::set_option(int level, int name, UserBuffer value, int length) {
    if (level != kLevelNetlink || name < NETLINK_ADD_MEMBERSHIP || name >= kOptionsEnd) {
        return Errno(ENOPROTOOPT);
    }
    const int number = length >= static_cast<int>(sizeof(int)) ? TRY(UserIn<int>(value.address()).read()) : 0;
    if (name == NETLINK_ADD_MEMBERSHIP || name == NETLINK_DROP_MEMBERSHIP) {
        if (number <= 0 || number > RTNLGRP_MAX) {
            return Errno(EINVAL);
        }
        const std::uint64_t group = std::uint64_t{1} << (number - 1);
        groups_ = name == NETLINK_ADD_MEMBERSHIP ? groups_ | group : groups_ & ~group;
        return {};
    }
    options_ = number != 0 ? options_ | 1U << name : options_ & ~(1U << name);
    return {};
}

Result<void> NetlinkSocket::get_option(int level, int name, UserBuffer value, UserInOut<int> length) {
    if (level != kLevelNetlink || name <= NETLINK_DROP_MEMBERSHIP || name >= kOptionsEnd) {
        return Errno(ENOPROTOOPT);
    }
    return give_option((options_ >> name & 1U) != 0 ? 1 : 0, value, length);
}

void NetlinkSocket::close() {
    ListNode<>::unlink();
    changed_.wake_all();
}

}  // namespace kernel
