// Sockets that keep messages apart: SOCK_DGRAM, and SOCK_SEQPACKET once it is connected (Linux
// net/unix/af_unix.c, unix_dgram_sendmsg, unix_dgram_recvmsg and unix_dgram_connect).
#include <asm/socket.h>

#include "mm/page.hpp"
#include "net/message_stamp.hpp"
#include "net/unix_rights.hpp"
#include "net/unix_socket.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

// How much of a message stands in pages beside the first piece (SKB_MAX_ALLOC, MAX_SKB_FRAGS).
std::size_t paged_part_of_datagram(std::size_t size) {
    constexpr std::size_t kLargestHead = 16064;
    constexpr std::size_t kMostPages = 17;
    return size <= kLargestHead ? 0 : page_ceiling(std::min(size - kLargestHead, kMostPages * kPageSize));
}

}  // namespace

Result<void> UnixSocket::connect_datagram(const SocketAddress& address) {
    Ref<UnixSocket> target;
    if (!address.has_family()) {
        return Errno(EINVAL);
    }
    if (address.family() != kFamilyUnspecified) {
        TRY(check_name(address));
        TRY(name_for_credentials());
        target = TRY(find(address));
        if (!may_send_to(*target)) {
            return Errno(EPERM);
        }
    }
    const Ref<UnixSocket> old_peer = std::exchange(peer_, target);
    peer_watch_.unlink();
    if (old_peer) {
        changed_.wake(kPollWritable | POLLWRBAND);  // unix_dgram_peer_wake_disconnect_wakeup
    }
    if (old_peer && old_peer != target) {
        lose_peer(*old_peer);
    }
    return {};
}

// Linux unix_dgram_disconnected: what the old peer had sent is lost, and if it is still connected to this
// socket it is told so.
void UnixSocket::lose_peer(UnixSocket& old_peer) {
    if (messages_.is_empty()) {
        return;
    }
    drop_messages();
    room_.wake_all();
    if (!old_peer.is_dead_ && old_peer.peer_.get() == this) {
        old_peer.error_ = ECONNRESET;
        old_peer.changed_.wake(POLLERR);
    }
}

bool UnixSocket::watch_for_room(UnixSocket& target) {
    if (!peer_watch_.is_linked()) {
        target.room_.add(peer_watch_);
    }
    return target.is_queue_full() && !target.is_dead_;
}

// The target was closed.
Result<UnixSocket::Ready> UnixSocket::leave_dead(const Ref<UnixSocket>& target) {
    if (type() == SocketType::SeqPacket) {
        return Errno(EPIPE);
    }
    if (peer_ != target) {
        return Ready::Again;
    }
    peer_ = nullptr;
    peer_watch_.unlink();
    changed_.wake(kPollWritable | POLLWRBAND);
    lose_peer(*target);
    return Errno(ECONNREFUSED);
}

Result<UnixSocket::Ready> UnixSocket::prepare_target(const Ref<UnixSocket>& target,
                                                     const SocketPatience& patience) {
    if (!may_send_to(*target)) {
        return Errno(EPERM);
    }
    if (target->is_dead_) {
        return leave_dead(target);
    }
    if (target->no_more_reads_) {
        return Errno(EPIPE);
    }
    const bool must_wait = target.get() != this && target->peer_.get() != this && target->is_queue_full();
    if (!must_wait) {
        return Ready::Yes;
    }
    if (patience.is_over()) {
        // A poll of this socket is told of room in its peer's queue.
        if (peer_ != target || watch_for_room(*target)) {
            return Errno(EAGAIN);
        }
        return Ready::Again;
    }
    TRY(patience.wait(
        target->room_, [&] { return target->is_dead_ || target->no_more_reads_ || !target->is_queue_full(); },
        Share::OneByOne));
    return Ready::Again;
}

Result<std::size_t> UnixSocket::send_datagram(IoBuffer& buffer, const SendRequest& request) {
    if (type() == SocketType::SeqPacket) {
        if (error_ != 0) {
            return Errno(take_error());
        }
        if (state_ != State::Connected) {
            return Errno(ENOTCONN);
        }
    }
    UnixOutgoing outgoing = TRY(read_control(request.control));
    if ((request.flags & kOutOfBand) != 0) {
        return Errno(EOPNOTSUPP);
    }
    const SocketAddress* address = type() == SocketType::Datagram ? request.target : nullptr;
    if (address != nullptr) {
        TRY(check_name(*address));
    } else if (!peer_) {
        return Errno(ENOTCONN);
    }
    TRY(name_for_credentials());
    constexpr std::size_t kOverhead = 32;
    const std::size_t size = buffer.remaining();
    if (size > static_cast<std::size_t>(options.send_buffer) - kOverhead) {
        return Errno(EMSGSIZE);
    }
    const SocketPatience patience(request.is_nonblocking(), options.send_timeout);
    TRY(wait_for_buffer(patience));
    Own<UnixMessage> message = TRY(make_message(buffer, size, paged_part_of_datagram(size)));
    message->credentials = outgoing.credentials;
    TRY(message->rights.depart(outgoing.files));
    for (;;) {
        const Ref<UnixSocket> target = address != nullptr ? TRY(find(*address)) : peer_;
        if (!target) {
            return Errno(ECONNRESET);
        }
        if (target->options.filter) {
            const std::optional<std::size_t> wanted =
                filtered_length(target->options.filter, {.bytes = message->bytes.span()}, 1);
            if (!wanted.has_value()) {
                return size;  // the sender does not hear of it
            }
            TRY(message->bytes.resize(*wanted));
        }
        if (TRY(prepare_target(target, patience)) == Ready::Yes) {
            message->arrived = arrival_stamp(target->options);
            deliver(std::move(message), *target);
            return size;
        }
    }
}

// The first message; a peek with SO_PEEK_OFF leaves out `skip` bytes, which then are those of the message
// that it finds.
UnixMessage* UnixSocket::find_datagram(bool peeks, std::size_t& skip) {
    for (UnixMessage& message : messages_) {
        const bool is_passed = peeks && options.peek_offset >= 0 && skip >= message.left() &&
                               (message.left() > 0 || skip > 0 || message.was_peeked);
        if (!is_passed) {
            return &message;
        }
        skip -= message.left();
    }
    return nullptr;
}

Result<void> UnixSocket::wait_for_datagram(const ReceiveRequest& request, UnixMessage*& found,
                                           std::size_t& skip) {
    const bool peeks = (request.flags & kPeek) != 0;
    const SocketPatience patience(request.is_nonblocking(), options.receive_timeout);
    for (;;) {
        if (error_ != 0) {
            return Errno(take_error());
        }
        skip = peek_start(peeks);
        found = find_datagram(peeks, skip);
        if (found != nullptr) {
            return {};
        }
        if (patience.is_over()) {
            // The end of a connection is told at once, that of a datagram socket only to those who wait.
            const bool is_end = type() == SocketType::SeqPacket && no_more_reads_;
            return is_end ? Result<void>() : Result<void>(Errno(EAGAIN));
        }
        if (no_more_reads_) {
            return {};
        }
        const std::uint64_t seen = arrivals_;
        TRY(patience.wait(
            changed_, [&] { return arrivals_ != seen || error_ != 0 || no_more_reads_; }, Share::OneByOne));
    }
}

Result<std::size_t> UnixSocket::receive_datagram(IoBuffer& buffer, ReceiveRequest& request,
                                                 UnixAncillary& ancillary) {
    if (type() == SocketType::SeqPacket && state_ != State::Connected) {
        return Errno(ENOTCONN);
    }
    if ((request.flags & kOutOfBand) != 0) {
        return Errno(EOPNOTSUPP);
    }
    const bool peeks = (request.flags & kPeek) != 0;
    std::size_t skip = 0;
    UnixMessage* message = nullptr;
    TRY(wait_for_datagram(request, message, skip));
    if (message == nullptr) {
        return std::size_t{0};
    }
    room_.wake(kPollWritable | POLLWRBAND);
    const std::size_t size = message->left() - skip;
    const std::size_t wanted = std::min(size, buffer.remaining());
    request.sender = message->origin->name_for_receiver();
    request.result_flags |= wanted < size ? kTruncated : 0;
    const bool faulted = buffer.put(message->bytes.data() + skip, wanted) < wanted;
    if (!faulted) {
        if (request.control != nullptr) {
            write_stamps(options, message->arrived, *request.control);
        }
        ancillary.credentials = message->credentials;
        if (peeks) {
            TRY(copy_rights(message->rights, ancillary.files));
        } else {
            ancillary.files = message->rights.land();
        }
        move_peek_offset(peeks ? static_cast<std::int64_t>(wanted)
                               : -static_cast<std::int64_t>(message->left()));
    }
    message->was_peeked = true;
    if (!peeks) {
        drop(*message);  // also where the bytes could not be written
    }
    if (faulted) {
        return Errno(EFAULT);
    }
    return (request.flags & kTruncated) != 0 ? size : wanted;
}

}  // namespace kernel
