#include "net/unix_socket.hpp"

#include <asm/ioctls.h>

#include "fs/file_system.hpp"
#include "fs/mount.hpp"
#include "signal/signals.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

using namespace socket_constants;

constexpr unsigned kMaximumBacklog = 4096;  // net.core.somaxconn

// The sockets with a name. Made with the first, never destroyed.
List<UnixSocket>* bound = nullptr;

}  // namespace

Result<Ref<Socket>> UnixSocket::create(unsigned type, int protocol) {
    if (protocol != 0 && protocol != kFamilyUnix) {
        return Errno(EPROTONOSUPPORT);
    }
    switch (type) {
        case kStream:
            return TRY(make_ref<UnixSocket>(SocketType::Stream));
        case kDatagram:
        case kRaw:  // is taken for a datagram socket (Linux unix_create)
            return TRY(make_ref<UnixSocket>(SocketType::Datagram));
        case kSeqPacket:
            return TRY(make_ref<UnixSocket>(SocketType::SeqPacket));
        default:
            return Errno(ESOCKTNOSUPPORT);
    }
}

UnixSocket::~UnixSocket() {
    drop_messages();
}

void UnixSocket::drop_messages() {
    while (SocketMessage* message = messages_.pop_front()) {
        delete message;
    }
    queued_bytes_ = 0;
}

void UnixSocket::notify(std::uint32_t events) {
    changed_.wake_all(events);
}

// A message has left the queue: whoever waits for room is told, on its own queue or (datagrams) on this one.
void UnixSocket::notify_of_room() {
    notify(kPollWritable);
    if (peer_ && is_connection_based()) {
        peer_->notify(kPollWritable);
    }
}

void UnixSocket::join(UnixSocket& first, UnixSocket& second) {
    first.peer_ = Ref<UnixSocket>(&second);
    second.peer_ = Ref<UnixSocket>(&first);
    first.was_connected_ = second.was_connected_ = true;
    first.peer_identity_ = second.peer_identity_ = SocketIdentity::of_current();
}

Result<void> UnixSocket::pair_with(Socket& other) {
    join(*this, static_cast<UnixSocket&>(other));
    return {};
}

Result<void> UnixSocket::give_name(std::string_view name, RefPtr<Dentry> node) {
    if (bound == nullptr) {
        bound = new (std::nothrow) List<UnixSocket>;
        if (bound == nullptr) {
            return Errno(ENOMEM);
        }
    }
    if (!node && !find_abstract(name).is_error()) {
        return Errno(EADDRINUSE);
    }
    name_ = TRY(String::copy_of(name));
    node_ = std::move(node);
    bound->push_back(*this);
    return {};
}

Result<Ref<UnixSocket>> UnixSocket::find_abstract(std::string_view name) {
    if (bound != nullptr) {
        for (UnixSocket& socket : *bound) {
            if (!socket.node_ && socket.name_ == name) {
                return Ref<UnixSocket>(&socket);
            }
        }
    }
    return Errno(ECONNREFUSED);
}

Result<Ref<UnixSocket>> UnixSocket::find_node(const Inode& node) {
    if (bound != nullptr) {
        for (UnixSocket& socket : *bound) {
            if (socket.node_ && &socket.node_->inode() == &node) {
                return Ref<UnixSocket>(&socket);
            }
        }
    }
    return Errno(ECONNREFUSED);
}

Result<void> UnixSocket::listen(int backlog) {
    if (!is_connection_based()) {
        return Errno(EOPNOTSUPP);
    }
    if (name_.is_empty() || was_connected_) {
        return Errno(EINVAL);
    }
    is_listening_ = true;
    backlog_ = std::min(static_cast<unsigned>(backlog), kMaximumBacklog);
    peer_identity_ = SocketIdentity::of_current();
    notify();
    return {};
}

Result<void> UnixSocket::connect(const SocketAddress& address, bool nonblocking) {
    const Ref<UnixSocket> found = TRY(find(address));
    UnixSocket& target = *found;
    if (target.type() != type()) {
        return Errno(EPROTOTYPE);
    }
    if (!is_connection_based()) {
        peer_ = found;
        return {};
    }
    if (was_connected_) {
        return Errno(EISCONN);
    }
    if (is_listening_) {
        return Errno(EINVAL);
    }
    while (target.is_listening_ && target.pending_.size() > target.backlog_) {
        if (nonblocking) {
            return Errno(EAGAIN);
        }
        TRY(socket_wait(target.changed_.wait(
            [&] { return !target.is_listening_ || target.pending_.size() <= target.backlog_; },
            socket_deadline(options.send_timeout))));
    }
    if (!target.is_listening_ || target.no_more_reads_) {
        return Errno(ECONNREFUSED);
    }
    const Ref<UnixSocket> server = TRY(make_ref<UnixSocket>(type()));
    server->name_ = TRY(String::copy_of(target.name_.view()));
    TRY(target.pending_.push_back(server));
    join(*this, *server);
    peer_identity_ = target.peer_identity_;
    target.notify();
    return {};
}

Result<Ref<Socket>> UnixSocket::accept(bool nonblocking) {
    if (!is_connection_based()) {
        return Errno(EOPNOTSUPP);
    }
    if (!is_listening_) {
        return Errno(EINVAL);
    }
    if (pending_.is_empty()) {
        if (nonblocking) {
            return Errno(EAGAIN);
        }
        TRY(socket_wait(changed_.wait([this] { return !pending_.is_empty() || no_more_reads_; },
                                      socket_deadline(options.receive_timeout))));
        if (pending_.is_empty()) {
            return Errno(EINVAL);  // shut down meanwhile
        }
    }
    Ref<UnixSocket> connection = pending_.front();
    pending_.erase(0);
    notify();
    return Ref<Socket>(std::move(connection));
}

Result<void> UnixSocket::shutdown(int how) {
    if (how < kShutRead || how > kShutBoth) {
        return Errno(EINVAL);
    }
    const bool reads = how != kShutWrite;
    const bool writes = how != kShutRead;
    no_more_reads_ = no_more_reads_ || reads;
    no_more_writes_ = no_more_writes_ || writes;
    if (peer_ && is_connection_based()) {
        peer_->no_more_writes_ = peer_->no_more_writes_ || reads;
        peer_->no_more_reads_ = peer_->no_more_reads_ || writes;
        peer_->notify();
    }
    notify();
    return {};
}

void UnixSocket::close() {
    is_closed_ = true;
    is_listening_ = false;
    ListNode<>::unlink();
    if (peer_ && is_connection_based()) {
        peer_->no_more_reads_ = peer_->no_more_writes_ = true;
        if (!messages_.is_empty()) {
            peer_->error_ = ECONNRESET;  // what was sent here was never read
        }
        peer_->peer_ = nullptr;
        peer_->notify();
    }
    peer_ = nullptr;
    for (Ref<UnixSocket>& connection : pending_) {
        connection->close();
    }
    pending_.clear();
    drop_messages();
    node_ = nullptr;
    notify();
}

int UnixSocket::take_error() {
    return std::exchange(error_, 0);
}

std::size_t UnixSocket::available() {
    // Linux unix_inq_len: everything of a stream, the first message otherwise.
    std::size_t total = 0;
    for (SocketMessage& message : messages_) {
        total += message.left();
        if (type() != SocketType::Stream) {
            break;
        }
    }
    return total;
}

Result<long> UnixSocket::ioctl(unsigned command, UserAddress argument) {
    if (command != FIONREAD) {
        return Errno(ENOTTY);
    }
    if (is_listening_) {
        return Errno(EINVAL);
    }
    TRY(UserOut<int>(argument).write(static_cast<int>(available())));
    return 0;
}

// Linux unix_poll and unix_dgram_poll.
std::uint32_t UnixSocket::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(changed_);
        if (peer_ && !is_connection_based()) {
            registrar->watch(peer_->changed_);
        }
    }
    std::uint32_t events = error_ != 0 ? POLLERR : 0;
    if (no_more_reads_ && no_more_writes_) {
        events |= POLLHUP;
    }
    if (no_more_reads_) {
        events |= POLLRDHUP | kPollReadable;
    }
    if (!messages_.is_empty() || !pending_.is_empty()) {
        events |= kPollReadable;
    }
    if (is_connection_based() && !was_connected_ && !is_listening_) {
        events |= POLLHUP;
    }
    if (!is_listening_ && (!peer_ || peer_->has_room())) {
        events |= kPollWritable | POLLWRBAND;
    }
    return events;
}

}  // namespace kernel
