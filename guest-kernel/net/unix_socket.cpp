#include "net/unix_socket.hpp"

#include <array>

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

SocketIdentity SocketIdentity::of_current() {
    const Task& task = Task::current();
    return {.process = task.process_id(),
            .user = task.credentials.effective_user,
            .group = task.credentials.effective_group};
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

void UnixSocket::pair(UnixSocket& first, UnixSocket& second) {
    first.peer_ = Ref<UnixSocket>(&second);
    second.peer_ = Ref<UnixSocket>(&first);
    first.was_connected_ = second.was_connected_ = true;
    first.peer_identity_ = second.peer_identity_ = SocketIdentity::of_current();
}

Result<void> UnixSocket::bind(std::string_view address, RefPtr<Dentry> node) {
    if (!address_.is_empty()) {
        return Errno(EINVAL);
    }
    if (bound == nullptr) {
        bound = new (std::nothrow) List<UnixSocket>;
        if (bound == nullptr) {
            return Errno(ENOMEM);
        }
    }
    if (!node && !find(address).is_error()) {
        return Errno(EADDRINUSE);
    }
    address_ = TRY(String::copy_of(address));
    node_ = std::move(node);
    bound->push_back(*this);
    return {};
}

Result<Ref<UnixSocket>> UnixSocket::find(std::string_view abstract_name) {
    if (bound != nullptr) {
        for (UnixSocket& socket : *bound) {
            if (!socket.node_ && socket.address() == abstract_name) {
                return Ref<UnixSocket>(&socket);
            }
        }
    }
    return Errno(ECONNREFUSED);
}

Result<Ref<UnixSocket>> UnixSocket::find(const Inode& node) {
    if (bound != nullptr) {
        for (UnixSocket& socket : *bound) {
            if (socket.node_ && &socket.node_->inode() == &node) {
                return Ref<UnixSocket>(&socket);
            }
        }
    }
    return Errno(ECONNREFUSED);
}

Result<void> UnixSocket::listen(unsigned backlog) {
    if (!is_connection_based()) {
        return Errno(EOPNOTSUPP);
    }
    if (address_.is_empty() || was_connected_) {
        return Errno(EINVAL);
    }
    is_listening_ = true;
    backlog_ = std::min(backlog, kMaximumBacklog);
    peer_identity_ = SocketIdentity::of_current();
    notify();
    return {};
}

Result<void> UnixSocket::connect(UnixSocket& target, bool nonblocking) {
    if (target.type_ != type_) {
        return Errno(EPROTOTYPE);
    }
    if (!is_connection_based()) {
        peer_ = Ref<UnixSocket>(&target);
        return {};
    }
    if (was_connected_) {
        return Errno(EISCONN);
    }
    if (is_listening_) {
        return Errno(EINVAL);
    }
    const Ref<UnixSocket> keep(&target);
    while (target.is_listening_ && target.pending_.size() > target.backlog_) {
        if (nonblocking) {
            return Errno(EAGAIN);
        }
        TRY(socket_wait(target.changed_.wait(
            [&] { return !target.is_listening_ || target.pending_.size() <= target.backlog_; },
            socket_deadline(send_timeout))));
    }
    if (!target.is_listening_ || target.no_more_reads_) {
        return Errno(ECONNREFUSED);
    }
    const Ref<UnixSocket> server = TRY(make_ref<UnixSocket>(type_));
    server->address_ = TRY(String::copy_of(target.address()));
    TRY(target.pending_.push_back(server));
    pair(*this, *server);
    peer_identity_ = target.peer_identity_;
    target.notify();
    return {};
}

Result<Ref<UnixSocket>> UnixSocket::accept(bool nonblocking) {
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
                                      socket_deadline(receive_timeout))));
        if (pending_.is_empty()) {
            return Errno(EINVAL);  // shut down meanwhile
        }
    }
    Ref<UnixSocket> connection = pending_.front();
    pending_.erase(0);
    notify();
    return connection;
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
        if (type_ != SocketType::Stream) {
            break;
        }
    }
    return total;
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
