// Sending and receiving on AF_UNIX sockets.
#include <asm/socket.h>

#include "net/unix_rights.hpp"
#include "net/unix_socket.hpp"
#include "signal/signals.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

using namespace socket_constants;

// Linux net/core/sock.c, sysctl_wmem_default: what may be queued for one receiver. Linux counts its buffers'
// true size, so a message costs more than its bytes.
constexpr std::size_t kQueueLimit = 212992;
constexpr std::size_t kMessageCost = 768;
constexpr std::size_t kLargestPiece = 32768;

}  // namespace

bool UnixSocket::has_room() const {
    return queued_bytes_ < kQueueLimit;
}

Result<void> UnixSocket::check_sendable(const UnixSocket* target) const {
    if (error_ != 0) {
        return Errno(error_);
    }
    if (is_connection_based()) {
        if (no_more_writes_) {
            return Errno(EPIPE);
        }
        if (target == nullptr) {
            return Errno(ENOTCONN);
        }
        return {};
    }
    if (no_more_writes_) {
        return Errno(EPIPE);
    }
    if (target == nullptr) {
        return Errno(ENOTCONN);
    }
    if (target->is_closed_) {
        return Errno(ECONNREFUSED);
    }
    if (target->no_more_reads_) {
        return Errno(EPIPE);
    }
    return {};
}

Result<void> UnixSocket::queue_on(UnixSocket& target, IoBuffer& buffer, std::size_t size,
                                  Vector<Ref<File>>& files) {
    Own<SocketMessage> message = TRY(make_own<SocketMessage>());
    TRY(message->bytes.resize(size));
    if (buffer.take(message->bytes.data(), size) < size) {
        return Errno(EFAULT);
    }
    message->files = std::move(files);
    message->sender = SocketIdentity::of_current();
    if (!name_.is_empty()) {
        message->sender_address = TRY(local_name());
    }
    target.queued_bytes_ += size + kMessageCost;
    target.messages_.push_back(*message.leak());
    target.notify(kPollReadable);
    return {};
}

Result<std::size_t> UnixSocket::send(IoBuffer& buffer, const SendRequest& request) {
    Vector<Ref<File>> files = TRY(read_rights(request.control));
    if ((request.flags & kOutOfBand) != 0) {
        return Errno(EOPNOTSUPP);
    }
    const bool is_stream = type() == SocketType::Stream;
    Ref<UnixSocket> target;
    if (request.target != nullptr) {
        if (is_stream) {
            return Errno(peer_ ? EISCONN : EOPNOTSUPP);
        }
        if (type() == SocketType::Datagram) {
            target = TRY(find(*request.target));
        }
    }
    const std::size_t total = buffer.remaining();
    if (!is_stream && total > kQueueLimit) {
        return Errno(EMSGSIZE);
    }
    std::size_t done = 0;
    for (;;) {
        const Ref<UnixSocket> receiver = target ? target : peer_;
        Result<void> step = check_sendable(receiver.get());
        if (step.is_error() && step.error() == Errno(EPIPE) && is_stream &&
            (request.flags & kNoSignal) == 0 && done == 0) {
            TRY(send_signal(Task::current(), user_siginfo(SIGPIPE, SI_USER)));
        }
        if (!step.is_error() && total == 0 && is_stream) {
            return std::size_t{0};
        }
        if (!step.is_error() && !receiver->has_room()) {
            step =
                request.is_nonblocking()
                    ? Result<void>(Errno(EAGAIN))
                    : socket_wait(receiver->changed_.wait(
                          [&] { return receiver->has_room() || check_sendable(receiver.get()).is_error(); },
                          socket_deadline(options.send_timeout)));
            if (!step.is_error()) {
                continue;
            }
        }
        const std::size_t size = is_stream ? std::min(kLargestPiece, total - done) : total;
        if (!step.is_error()) {
            step = queue_on(*receiver, buffer, size, files);
        }
        if (step.is_error()) {
            return done > 0 ? Result<std::size_t>(done) : Result<std::size_t>(step.error());
        }
        done += size;
        if (done == total) {
            return done;
        }
    }
}

Result<void> UnixSocket::wait_for_data(bool nonblocking, std::int64_t timeout) {
    auto has_end = [this] { return no_more_reads_ || error_ != 0 || is_closed_; };
    if (!messages_.is_empty()) {
        return {};
    }
    if (error_ != 0) {
        return Errno(take_error());
    }
    if (has_end()) {
        return {};
    }
    if (is_connection_based() && !peer_) {
        return Errno(type() == SocketType::Stream ? EINVAL : ENOTCONN);
    }
    if (nonblocking) {
        return Errno(EAGAIN);
    }
    TRY(socket_wait(
        changed_.wait([&] { return !messages_.is_empty() || has_end(); }, socket_deadline(timeout))));
    if (messages_.is_empty() && error_ != 0) {
        return Errno(take_error());
    }
    return {};
}

Result<std::size_t> UnixSocket::receive(IoBuffer& buffer, ReceiveRequest& request) {
    if ((request.flags & kOutOfBand) != 0) {
        return Errno(EOPNOTSUPP);
    }
    ReceivedAncillary ancillary;
    const std::size_t size = TRY(type() == SocketType::Stream ? receive_stream(buffer, request, ancillary)
                                                              : receive_message(buffer, request, ancillary));
    if (request.control != nullptr) {
        if (options.passes_credentials) {
            request.control->write(SOL_SOCKET, kCredentials, &ancillary.sender, sizeof(ancillary.sender));
        }
        give_rights(ancillary.files, request.flags, *request.control);
    }
    return size;
}

Result<std::size_t> UnixSocket::receive_stream(IoBuffer& buffer, ReceiveRequest& request,
                                               ReceivedAncillary& ancillary) {
    const unsigned flags = request.flags;
    const bool peeks = (flags & kPeek) != 0;
    std::size_t done = 0;
    bool is_first = true;
    if (buffer.is_empty()) {
        return std::size_t{0};
    }
    do {
        const Result<void> ready = wait_for_data(
            request.is_nonblocking() || (done > 0 && (flags & kWaitAll) == 0), options.receive_timeout);
        if (ready.is_error()) {
            return done > 0 ? Result<std::size_t>(done) : Result<std::size_t>(ready.error());
        }
        SocketMessage* message = messages_.first();
        while (message != nullptr && !buffer.is_empty() && !buffer.has_faulted()) {
            const bool has_files = !message->files.is_empty();
            if (has_files && !is_first) {
                return done;  // descriptors come with the first bytes of what they were sent with
            }
            if (has_files) {
                for (Ref<File>& file : message->files) {
                    TRY(ancillary.files.push_back(file));
                }
            }
            ancillary.sender = message->sender;
            is_first = false;
            const std::size_t copied = buffer.put(message->bytes.data() + message->taken, message->left());
            done += copied;
            if (peeks) {
                message = messages_.next(*message);
                continue;
            }
            message->files.clear();
            message->taken += copied;
            if (message->left() > 0) {
                break;
            }
            messages_.pop_front();
            queued_bytes_ -= message->bytes.size() + kMessageCost;
            delete message;
            message = messages_.first();
            notify_of_room();
            if (has_files) {
                return done;
            }
        }
        if (peeks || no_more_reads_) {
            break;
        }
    } while ((flags & kWaitAll) != 0 && !buffer.is_empty() && !buffer.has_faulted());
    return buffer.result(done);
}

Result<std::size_t> UnixSocket::receive_message(IoBuffer& buffer, ReceiveRequest& request,
                                                ReceivedAncillary& ancillary) {
    if (type() == SocketType::SeqPacket && !was_connected_) {
        return Errno(ENOTCONN);
    }
    TRY(wait_for_data(request.is_nonblocking(), options.receive_timeout));
    SocketMessage* message = messages_.first();
    if (message == nullptr) {
        return std::size_t{0};
    }
    const std::size_t copied = buffer.put(message->bytes.data(), message->bytes.size());
    if (buffer.has_faulted()) {
        return Errno(EFAULT);
    }
    for (Ref<File>& file : message->files) {
        TRY(ancillary.files.push_back(file));
    }
    ancillary.sender = message->sender;
    if (type() == SocketType::Datagram) {
        request.sender = message->sender_address;
    }
    const std::size_t size = message->bytes.size();
    if (copied < size) {
        request.result_flags |= kTruncated;
    }
    if ((request.flags & kPeek) == 0) {
        messages_.pop_front();
        queued_bytes_ -= message->bytes.size() + kMessageCost;
        delete message;
        notify_of_room();
    }
    return (request.flags & kTruncated) != 0 ? size : copied;
}

}  // namespace kernel
