// Sending and receiving on connections whose bytes have no boundaries (Linux net/unix/af_unix.c,
// unix_stream_sendmsg and unix_stream_read_generic), with their urgent bytes.
#include <asm/socket.h>

#include "mm/page.hpp"
#include "net/unix_rights.hpp"
#include "net/unix_socket.hpp"
#include "signal/signals.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

constexpr std::size_t kLargestHead = 3776;                   // SKB_MAX_HEAD(0)
constexpr std::size_t kLargestPiece = kLargestHead + 32768;  // and UNIX_SKB_FRAGS_SZ

// How much of a piece stands in pages.
std::size_t paged_part_of_piece(std::size_t size) {
    return size <= kLargestHead ? 0 : std::min(size, page_ceiling(size - kLargestHead));
}

Result<void> broken_pipe(const SendRequest& request, std::size_t sent) {
    if (sent == 0 && (request.flags & kNoSignal) == 0) {
        TRY(send_signal(Task::current(), user_siginfo(SIGPIPE, SI_USER)));
    }
    return Errno(EPIPE);
}

}  // namespace

// Linux sock_alloc_send_pskb.
Result<void> UnixSocket::wait_for_buffer(const SocketPatience& patience) {
    for (;;) {
        if (error_ != 0) {
            return Errno(take_error());
        }
        if (no_more_writes_) {
            return Errno(EPIPE);
        }
        const auto has_room = [this] { return sent_cost_ < static_cast<std::size_t>(options.send_buffer); };
        if (has_room()) {
            return {};
        }
        TRY(patience.wait(changed_, [&] { return has_room() || no_more_writes_ || error_ != 0; }));
    }
}

Result<Own<UnixMessage>> UnixSocket::make_message(IoBuffer& buffer, std::size_t size, std::size_t paged) {
    Own<UnixMessage> message = TRY(make_own<UnixMessage>(*this));
    message->cost = message_cost(size - std::min(size, paged), paged);
    sent_cost_ += message->cost;
    TRY(message->bytes.resize(size));
    if (buffer.take(message->bytes.data(), size) < size) {
        return Errno(EFAULT);
    }
    return message;
}

void UnixSocket::deliver(Own<UnixMessage> message, UnixSocket& target) {
    const bool is_wanted =
        options.passes_credentials || target.options.passes_credentials || target.is_embryo_;
    if (!message->credentials.is_known && is_wanted) {
        message->credentials = UnixCredentials::of_current();
    }
    target.arrivals_++;
    target.queue_length_++;
    target.messages_.push_back(*message.leak());
    target.changed_.wake(kPollReadable | POLLPRI | POLLRDBAND);
}

Result<void> UnixSocket::watch_async(AsyncNotice& notice) {
    async_.add(notice);
    return notice.follow_polls();
}

// Linux sk_send_sigurg.
void UnixSocket::tell_of_urgent() {
    if (open_file_ != nullptr) {
        notify_owner_of_urgent(open_file_->owner);
        async_.tell_of_urgent();
    }
}

// One piece of a stream, which goes as a whole or not at all.
Result<void> UnixSocket::send_piece(IoBuffer& buffer, std::size_t size, bool is_urgent,
                                    const SocketPatience& patience, UnixOutgoing& outgoing) {
    TRY(wait_for_buffer(patience));
    Own<UnixMessage> message = TRY(make_message(buffer, size, paged_part_of_piece(size)));
    message->credentials = outgoing.credentials;
    TRY(message->rights.depart(outgoing.files));
    outgoing.files.clear();
    const Ref<UnixSocket> target = peer_;
    if (!target || target->is_dead_ || target->no_more_reads_) {
        return Errno(ESHUTDOWN);
    }
    if (is_urgent) {
        target->tell_of_urgent();
    }
    deliver(std::move(message), *target);
    return {};
}

Result<std::size_t> UnixSocket::send_stream(IoBuffer& buffer, const SendRequest& request) {
    UnixOutgoing outgoing = TRY(read_control(request.control));
    const bool is_urgent = (request.flags & kOutOfBand) != 0;
    const std::size_t total = buffer.remaining();
    if (is_urgent && total == 0) {
        return Errno(EOPNOTSUPP);
    }
    if (request.target != nullptr) {
        return Errno(state_ == State::Connected ? EISCONN : EOPNOTSUPP);
    }
    if (!peer_) {
        return Errno(ENOTCONN);
    }
    if (no_more_writes_) {
        TRY(broken_pipe(request, 0));
    }
    const SocketPatience patience(request.is_nonblocking(), options.send_timeout);
    const std::size_t ordinary = is_urgent ? total - 1 : total;  // the last byte is the urgent one
    std::size_t done = 0;
    while (done < total) {
        const std::size_t half = (static_cast<std::size_t>(options.send_buffer) >> 1) - 64;
        const std::size_t size =
            done < ordinary ? std::min(ordinary - done, std::min(half, kLargestPiece)) : std::size_t{1};
        Result<void> sent = send_piece(buffer, size, done == ordinary, patience, outgoing);
        if (sent.is_error() && sent.error() == Errno(ESHUTDOWN)) {
            sent = broken_pipe(request, done);
        }
        if (sent.is_error()) {
            return done > 0 ? Result<std::size_t>(done) : Result<std::size_t>(sent.error());
        }
        if (done == ordinary) {
            peer_->urgent_ = &peer_->messages_.back();
        }
        done += size;
    }
    return done;
}

// Waits until something has come that was not there, or nothing more will.
Result<void> UnixSocket::wait_for_stream(const SocketPatience& patience) {
    const std::uint64_t seen = arrivals_;
    return patience.wait(changed_,
                         [&] { return arrivals_ != seen || error_ != 0 || no_more_reads_ || is_dead_; });
}

// The message that a read goes on with, from `message` on (Linux manage_oob): an urgent byte ends what comes
// before it, and is left out by who does not ask for it. Null: nothing, for now.
UnixMessage* UnixSocket::next_in_stream(UnixMessage* message, bool peeks, std::size_t copied) {
    while (message != nullptr) {
        UnixMessage* next = messages_.next(*message);
        if (message->left() == 0) {  // an urgent byte that was received out of band
            if (!peeks) {
                drop(*message);
                return nullptr;  // what is behind it is for the next read, or for one that would wait
            }
            if (copied > 0) {
                return nullptr;
            }
        } else if (message != urgent_ || options.is_set(SO_OOBINLINE)) {
            const bool ends_before = message == urgent_ && copied > 0;
            urgent_ = message == urgent_ && !ends_before && !peeks ? nullptr : urgent_;
            return ends_before ? nullptr : message;
        } else if (copied > 0) {
            return nullptr;
        } else if (!peeks) {
            drop(*message);
        }
        message = next;
    }
    return nullptr;
}

Result<std::size_t> UnixSocket::receive_urgent(IoBuffer& buffer, ReceiveRequest& request) {
    if (urgent_ == nullptr || options.is_set(SO_OOBINLINE)) {
        return Errno(EINVAL);
    }
    UnixMessage& message = *urgent_;
    const std::size_t wanted = std::min<std::size_t>(buffer.remaining(), 1);
    if ((request.flags & kPeek) == 0) {
        urgent_ = nullptr;
    }
    const bool faulted = buffer.put(message.bytes.data(), wanted) < wanted;
    if ((request.flags & kPeek) == 0) {
        message.taken = 1;
    }
    if (faulted) {
        return Errno(EFAULT);
    }
    request.result_flags |= kOutOfBand;
    return std::size_t{1};
}

void UnixSocket::move_peek_offset(std::int64_t change) {
    if (options.peek_offset >= 0) {
        const std::int64_t moved = options.peek_offset + change;
        options.peek_offset = static_cast<int>(std::max<std::int64_t>(moved, 0));
    }
}

// One call, and how far it has come.
struct UnixSocket::StreamRead {
    IoBuffer& buffer;
    ReceiveRequest& request;
    UnixAncillary& ancillary;
    SocketPatience patience;
    bool peeks;
    std::size_t target;  // fewer bytes are not enough to return
    std::size_t skip;    // what a peek leaves out
    std::size_t copied = 0;
    bool has_credentials = false;
};

// The message to go on with, which may have to be waited for. Null: there is nothing more for this call.
Result<UnixMessage*> UnixSocket::await_stream(StreamRead& read, UnixMessage* message) {
    for (;;) {
        while (message != nullptr && read.skip > 0 && read.skip >= message->left()) {
            read.skip -= message->left();
            message = next_in_stream(messages_.next(*message), read.peeks, read.copied);
        }
        const bool is_enough =
            read.copied >= read.target || (read.copied > 0 && !messages_.is_empty()) || no_more_reads_;
        if (message != nullptr || (is_enough && error_ == 0) || (is_enough && read.copied > 0)) {
            return message;
        }
        if (error_ != 0) {
            return Errno(take_error());
        }
        if (read.patience.is_over()) {
            return Errno(EAGAIN);
        }
        if (read.peeks || messages_.is_empty()) {
            TRY(wait_for_stream(read.patience));
        }
        read.skip = peek_start(read.peeks);
        message = next_in_stream(messages_.first(), read.peeks, read.copied);
    }
}

std::size_t UnixSocket::peek_start(bool peeks) const {
    return peeks ? static_cast<std::size_t>(std::max(options.peek_offset, 0)) : 0;
}

// False: messages of different senders are not joined where credentials are shown.
bool UnixSocket::note_sender(const UnixMessage& message, StreamRead& read) const {
    if (options.passes_credentials) {
        if (read.has_credentials && !(message.credentials == read.ancillary.credentials)) {
            return false;
        }
        read.ancillary.credentials = message.credentials;
        read.has_credentials = true;
    }
    if (read.copied == 0) {
        read.request.sender = message.origin->name_for_receiver();
    }
    return true;
}

// Takes what fits of a message, and says which is next. Null: the call ends. EFAULT: nothing of it was taken.
Result<UnixSocket::Step> UnixSocket::take_from(UnixMessage& message, StreamRead& read) {
    if (!note_sender(message, read)) {
        return Step{.goes_on = false, .next = nullptr};
    }
    const std::size_t chunk = std::min(message.left() - read.skip, read.buffer.remaining());
    if (read.buffer.put(message.bytes.data() + message.taken + read.skip, chunk) < chunk) {
        return Errno(EFAULT);
    }
    read.copied += chunk;
    const bool has_rights = !message.rights.is_empty();
    if (read.peeks) {
        TRY(copy_rights(message.rights, read.ancillary.files));
        move_peek_offset(static_cast<std::int64_t>(chunk));
        read.skip = 0;
        UnixMessage* next =
            has_rights ? nullptr : next_in_stream(messages_.next(message), read.peeks, read.copied);
        return Step{.goes_on = next != nullptr, .next = next};
    }
    move_peek_offset(-static_cast<std::int64_t>(chunk));
    message.taken += chunk;
    if (has_rights) {
        read.ancillary.files = message.rights.land();
    }
    if (message.left() > 0) {
        return Step{.goes_on = false, .next = nullptr};
    }
    drop(message);
    return Step{.goes_on = !has_rights, .next = next_in_stream(messages_.first(), read.peeks, read.copied)};
}

Result<std::size_t> UnixSocket::receive_stream(IoBuffer& buffer, ReceiveRequest& request,
                                               UnixAncillary& ancillary) {
    if (state_ != State::Connected) {
        return Errno(EINVAL);
    }
    if ((request.flags & kOutOfBand) != 0) {
        return receive_urgent(buffer, request);
    }
    const bool peeks = (request.flags & kPeek) != 0;
    const std::size_t size = buffer.remaining();
    const auto low = static_cast<std::size_t>(options.value(SO_RCVLOWAT));
    StreamRead read{
        .buffer = buffer,
        .request = request,
        .ancillary = ancillary,
        .patience = SocketPatience(request.is_nonblocking(), options.receive_timeout),
        .peeks = peeks,
        .target = std::max<std::size_t>((request.flags & kWaitAll) != 0 ? size : std::min(low, size), 1),
        .skip = peek_start(peeks),
    };
    UnixMessage* message = next_in_stream(messages_.first(), peeks, 0);
    do {
        const Result<UnixMessage*> found = await_stream(read, message);
        if (found.is_error()) {
            return read.copied > 0 ? Result<std::size_t>(read.copied) : Result<std::size_t>(found.error());
        }
        if (found.value() == nullptr) {
            break;
        }
        const Result<Step> taken = take_from(*found.value(), read);
        if (taken.is_error()) {
            return read.copied > 0 ? Result<std::size_t>(read.copied) : Result<std::size_t>(taken.error());
        }
        if (!taken.value().goes_on) {
            break;
        }
        message = taken.value().next;
    } while (!buffer.is_empty());
    return read.copied;
}

}  // namespace kernel
