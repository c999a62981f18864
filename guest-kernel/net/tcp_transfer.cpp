// Sending and receiving on a connection (Linux net/ipv4/tcp.c, tcp_sendmsg_locked, tcp_recvmsg_locked).
#include "net/tcp_socket.hpp"
#include "signal/signals.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

namespace {
constexpr std::size_t kLargestSegment = 65483;  // what fits into lo's MTU
}

std::size_t TcpSocket::receive_room() const {
    const auto window = static_cast<std::size_t>(options.receive_buffer) / 2;
    return window > received_.size() ? window - received_.size() : 0;
}

bool TcpSocket::has_send_room() const {
    return sending_.cost() < static_cast<std::size_t>(options.send_buffer);
}

// Linux __sk_stream_is_writeable: a third of the buffer has to be free.
bool TcpSocket::is_writable() const {
    const auto limit = static_cast<std::size_t>(options.send_buffer);
    return sending_.cost() <= limit && limit - sending_.cost() >= sending_.cost() / 2;
}

// Linux sk_stream_wait_connect.
Result<void> TcpSocket::wait_until_connected(bool nonblocking) {
    while (state_ != TcpState::Established && state_ != TcpState::CloseWait) {
        if (error_ != 0) {
            return Errno(take_error());
        }
        if (state_ != TcpState::SynSent) {
            return Errno(EPIPE);
        }
        if (nonblocking) {
            return Errno(EAGAIN);
        }
        const SocketPatience patience(false, options.send_timeout);
        TRY(patience.wait(changed_, [this] { return state_ != TcpState::SynSent; }));
    }
    return {};
}

Result<void> TcpSocket::wait_for_room(bool nonblocking) {
    needs_room_ = true;
    if (nonblocking) {
        return Errno(EAGAIN);
    }
    const SocketPatience patience(false, options.send_timeout);
    return patience.wait(changed_, [this] { return is_writable() || error_ != 0 || shut_down_writing(); });
}

// Linux sk_stream_error.
Errno TcpSocket::send_error(const SendRequest& request, Errno error) {
    if (error == Errno(EPIPE) && error_ != 0) {
        error = Errno(take_error());
    }
    if (error == Errno(EPIPE) && (request.flags & kNoSignal) == 0) {
        (void)send_signal(Task::current(), user_siginfo(SIGPIPE, SI_USER));
    }
    return error;
}

Result<std::size_t> TcpSocket::send(IoBuffer& buffer, const SendRequest& request) {
    const Result<void> connected = wait_until_connected(request.is_nonblocking());
    if (connected.is_error()) {
        return send_error(request, connected.error());
    }
    const std::size_t total = buffer.remaining();
    std::size_t done = 0;
    Result<void> step;
    if (error_ != 0 || shut_down_writing()) {
        return send_error(request, Errno(EPIPE));
    }
    holds_back_ = (request.flags & kMore) != 0;
    while (done < total && !step.is_error()) {
        if (error_ != 0 || shut_down_writing()) {
            step = Errno(EPIPE);
        } else if (!has_send_room()) {
            step = wait_for_room(request.is_nonblocking());
        } else {
            const std::size_t size = std::min(kLargestSegment, total - done);
            step = sending_.append(buffer, size);
            done += step.is_error() ? 0 : size;
            if (!step.is_error() && done == total && (request.flags & kOutOfBand) != 0) {
                urgent_to_send_ = sending_.end_sequence();
            }
            push(Push::WholeSegments);
        }
    }
    if (done == 0 && step.is_error()) {
        return send_error(request, step.error());
    }
    return done;
}

// Linux tcp_inq: up to the urgent byte, where that is not part of the stream.
std::size_t TcpSocket::readable_bytes() const {
    const bool has_mark = urgent_ != Urgent::None && !options.out_of_band_inline() &&
                          urgent_sequence_ >= received_.begin_sequence() &&
                          urgent_sequence_ < received_.end_sequence();
    return has_mark ? urgent_sequence_ - received_.begin_sequence() : received_.size();
}

// Linux tcp_recv_urg.
Result<std::size_t> TcpSocket::receive_urgent(IoBuffer& buffer, ReceiveRequest& request) {
    if (options.out_of_band_inline() || urgent_ == Urgent::None || urgent_ == Urgent::Read) {
        return Errno(EINVAL);
    }
    if (state_ == TcpState::Close && !fin_was_seen_) {
        return Errno(ENOTCONN);
    }
    if (urgent_ == Urgent::Valid) {
        if ((request.flags & kPeek) == 0) {
            urgent_ = Urgent::Read;
        }
        request.result_flags |= kOutOfBand;
        if (buffer.is_empty()) {
            request.result_flags |= kTruncated;
            return std::size_t{0};
        }
        if ((request.flags & kTruncated) == 0 && buffer.put(&urgent_byte_, 1) == 0) {
            return Errno(EFAULT);
        }
        return std::size_t{1};
    }
    if (state_ == TcpState::Close || shut_down_reading()) {
        return std::size_t{0};
    }
    return Errno(EAGAIN);
}

// Copies from `position` on what there is, and moves it on; it stops before an urgent byte, and goes over one
// that is not part of the stream. How many bytes.
std::size_t TcpSocket::copy_available(IoBuffer& buffer, unsigned flags, std::uint64_t& position) {
    if (urgent_ != Urgent::None && urgent_sequence_ == position && !options.out_of_band_inline() &&
        position < received_.end_sequence()) {
        position++;
    }
    std::size_t size = std::min<std::size_t>(received_.end_sequence() - position, buffer.remaining());
    if (urgent_ != Urgent::None && urgent_sequence_ > position) {
        size = std::min<std::size_t>(size, urgent_sequence_ - position);
    }
    std::size_t copied = size;
    if ((flags & kTruncated) == 0) {
        copied = received_.copy(buffer, position, size);
    } else {
        buffer.skip(size);  // man 7 tcp: the bytes are thrown away
    }
    position += copied;
    if (urgent_ != Urgent::None && position > urgent_sequence_ && (flags & kPeek) == 0) {
        urgent_ = Urgent::None;
    }
    return copied;
}

// Nothing more will come.
bool TcpSocket::has_ended() const {
    return error_ != 0 || state_ == TcpState::Close || shut_down_reading();
}

// What has been read is gone, and the other end may send as much again.
void TcpSocket::take_out(std::uint64_t position) {
    received_.drop(position - received_.begin_sequence());
    if (peer_ && peer_->sending_.size() > 0) {
        const Ref<TcpSocket> peer = peer_;
        peer->push(Push::WholeSegments);
    }
}

Result<void> TcpSocket::wait_for_data(const ReceiveRequest& request) {
    if (request.is_nonblocking()) {
        return Errno(EAGAIN);
    }
    const std::uint64_t seen = received_.end_sequence();
    const SocketPatience patience(false, options.receive_timeout);
    return patience.wait(changed_, [&] { return received_.end_sequence() != seen || has_ended(); });
}

Result<std::size_t> TcpSocket::receive(IoBuffer& buffer, ReceiveRequest& request) {
    const unsigned flags = request.flags;
    if ((flags & kErrorQueue) != 0) {
        return Errno(EAGAIN);
    }
    if (state_ == TcpState::Listen) {
        return Errno(ENOTCONN);
    }
    if ((flags & kOutOfBand) != 0) {
        return receive_urgent(buffer, request);
    }
    const std::size_t wanted = buffer.remaining();
    const auto low_mark = static_cast<std::size_t>(options.receive_low_mark());
    const std::size_t target =
        std::max<std::size_t>((flags & kWaitAll) != 0 ? wanted : std::min(low_mark, wanted), 1);
    const bool peeks = (flags & kPeek) != 0;
    std::uint64_t position = received_.begin_sequence();
    std::size_t done = 0;
    // At least once: with room for nothing too, there has to be something (Linux tcp_recvmsg_locked).
    do {
        const bool is_at_urgent = urgent_ != Urgent::None && urgent_sequence_ == position;
        if (is_at_urgent && done > 0) {
            break;
        }
        if (position < received_.end_sequence()) {
            const std::size_t copied = copy_available(buffer, flags, position);
            done += copied;
            if (!peeks) {
                take_out(position);
            }
            if (buffer.has_faulted()) {
                break;
            }
            continue;
        }
        if (done >= target || (done > 0 && has_ended())) {
            break;
        }
        if (done == 0) {
            if (fin_was_seen_) {
                break;
            }
            if (error_ != 0) {
                return Errno(take_error());
            }
            if (shut_down_reading()) {
                break;
            }
            if (state_ == TcpState::Close) {
                return Errno(ENOTCONN);
            }
        }
        const Result<void> waited = wait_for_data(request);
        if (waited.is_error()) {
            return done > 0 ? Result<std::size_t>(done) : Result<std::size_t>(waited.error());
        }
    } while (done < wanted);
    if (!peeks && received_.is_empty()) {
        fin_was_read_ = fin_was_seen_;
    }
    return buffer.result(done);
}

}  // namespace kernel
