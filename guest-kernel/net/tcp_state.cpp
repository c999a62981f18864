// The course of a connection: what one end sends and what that makes of the other (Linux
// net/ipv4/tcp_input.c, tcp_rcv_state_process).
#include <linux/tcp.h>

#include "net/tcp_socket.hpp"

#include "net/network_counts.hpp"

namespace kernel {

namespace {
constexpr std::int64_t kCorkLength =
    200'000'000;                               // ns: Linux sends what is corked after its shortest timeout
constexpr std::uint64_t kUrgentReach = 65535;  // of the urgent pointer, which has 16 bits
}  // namespace

bool TcpSocket::is_corked() const {
    return holds_back_ || values_.get(TCP_CORK) != 0;
}

// Sends what the other end has room for, and the FIN behind it.
void TcpSocket::push(Push how) {
    while (peer_ && !sending_.is_empty()) {
        const Ref<TcpSocket> peer = peer_;
        if (urgent_to_send_ != 0 && urgent_to_send_ - sending_.begin_sequence() <= kUrgentReach) {
            peer->take_urgent(urgent_to_send_ - 1);
        }
        std::size_t size = std::min(peer->receive_room(), sending_.size());
        if (how == Push::WholeSegments && is_corked() && !fin_is_due_) {
            size -= size % static_cast<std::size_t>(segment_size());
        }
        if (size == 0) {
            break;
        }
        if (!peer->take_bytes(sending_, size)) {
            return;
        }
        sent_bytes_ += size;
    }
    if (urgent_to_send_ != 0 && sending_.begin_sequence() >= urgent_to_send_) {
        urgent_to_send_ = 0;
    }
    if (is_corked() && !sending_.is_empty() && !cork_.is_running()) {
        cork_.start(monotonic_now() + kCorkLength);
    }
    if (needs_room_ && is_writable()) {
        needs_room_ = false;
        changed_.wake_all(kPollWritable | POLLWRBAND);
        async_.tell(POLL_OUT);
    }
    if (peer_ && fin_is_due_ && sending_.is_empty()) {
        fin_is_due_ = false;
        const Ref<TcpSocket> peer = peer_;
        peer->take_fin();
        fin_was_taken();
    }
}

// False: the answer was a reset.
bool TcpSocket::take_bytes(TcpQueue& bytes, std::size_t size) {
    stop_deferring();
    const bool has_closed =
        state_ == TcpState::Close ||
        ((state_ == TcpState::FinWait1 || state_ == TcpState::FinWait2) && shut_down_reading());
    if (has_closed || bytes.move_to(received_, size).is_error()) {
        const Ref<TcpSocket> keep(this);
        error_ = state_ == TcpState::Close ? error_ : ECONNRESET;  // tcp_reset at this end too
        send_reset();
        become_closed();
        changed_.wake_all();
        async_.tell(POLL_ERR);
        return false;
    }
    if (urgent_ == Urgent::Awaited && received_.end_sequence() > urgent_sequence_) {
        urgent_ = Urgent::Valid;
        urgent_byte_ = received_.at(urgent_sequence_);
        tell_of_data();
    }
    // Below SO_RCVLOWAT nobody is told, unless no more can come (tcp_epollin_ready).
    if (received_.size() >= static_cast<std::size_t>(options.receive_low_mark()) || receive_room() == 0) {
        tell_of_data();
    }
    return true;
}

// Linux sock_def_readable.
void TcpSocket::tell_of_data() {
    changed_.wake_all(kPollReadable | POLLPRI | POLLRDBAND);
    async_.tell(POLL_IN);
}

// Linux tcp_check_urg.
void TcpSocket::take_urgent(std::uint64_t sequence) {
    if (sequence < received_.begin_sequence() || (urgent_ != Urgent::None && sequence <= urgent_sequence_)) {
        return;
    }
    // An urgent byte that nobody has read, at the front, is lost to the next one.
    if (is_at_mark() && !options.out_of_band_inline() && !received_.is_empty()) {
        received_.drop(1);
    }
    urgent_ = Urgent::Awaited;
    urgent_sequence_ = sequence;
    if (file_ != nullptr) {
        notify_owner_of_urgent(file_->owner);
        async_.tell_of_urgent();
    }
}

// Linux tcp_fin.
void TcpSocket::take_fin() {
    stop_deferring();
    shutdown_ |= kReadingShut;
    fin_was_seen_ = true;
    switch (state_) {
        case TcpState::Established:
            state_ = TcpState::CloseWait;
            break;
        case TcpState::FinWait1:
            state_ = TcpState::Closing;
            break;
        case TcpState::FinWait2:
            leave_time_wait_behind();
            break;
        default:
            break;
    }
    changed_.wake_all();
    const bool is_over = shutdown_ == kBothShut || state_ == TcpState::Close;
    async_.tell(is_over ? POLL_HUP : POLL_IN);
    async_.tell(POLL_IN);  // a FIN is something to read too (tcp_data_queue)
}

void TcpSocket::send_fin() {
    switch (state_) {
        case TcpState::Established:
            state_ = TcpState::FinWait1;
            break;
        case TcpState::CloseWait:
            state_ = TcpState::LastAck;
            break;
        default:
            return;
    }
    fin_is_due_ = true;
    push(Push::All);
}

// The other end has acknowledged the FIN.
void TcpSocket::fin_was_taken() {
    switch (state_) {
        case TcpState::FinWait1:
            state_ = TcpState::FinWait2;
            shutdown_ |= kWritingShut;
            break;
        case TcpState::Closing:
            leave_time_wait_behind();
            break;
        case TcpState::LastAck:
            become_closed();
            break;
        default:
            break;
    }
    changed_.wake_all();
}

void TcpSocket::send_reset() {
    const Ref<TcpSocket> peer = peer_;
    const Ref<TcpSocket> keep(this);
    unlink_peer();
    count_reset();
    become_closed();
    network_counts().tcp.resets_sent++;
    if (peer && peer.get() != this) {
        peer->take_reset();
    }
}

// Linux tcp_set_state: each end counts its own.
void TcpSocket::count_reset() const {
    if (state_ == TcpState::Established || state_ == TcpState::CloseWait) {
        network_counts().tcp.reset_connections++;
    }
}

// Linux tcp_reset.
void TcpSocket::take_reset() {
    count_reset();
    switch (state_) {
        case TcpState::Close:
            return;
        case TcpState::CloseWait:
            error_ = EPIPE;
            break;
        default:
            error_ = ECONNRESET;
            break;
    }
    become_closed();
    changed_.wake_all();
    changed_.wake_all(POLLERR);
    async_.tell(POLL_ERR);
}

void TcpSocket::unlink_peer() {
    const Ref<TcpSocket> peer = std::move(peer_);
    peer_ = nullptr;
    if (peer && peer->peer_.get() == this) {
        peer->peer_ = nullptr;
    }
}

// Linux tcp_done. The port stays taken while a program has bound the socket to it and keeps it open.
void TcpSocket::become_closed() {
    const Ref<TcpSocket> keep(this);
    if (state_ != TcpState::Close) {
        state_ = TcpState::Close;
        shutdown_ = kBothShut;
    }
    fin_is_due_ = false;
    sending_.clear();
    retry_.stop();
    cork_.stop();
    defer_.stop();
    deferring_ = nullptr;
    unlink_peer();
    if (is_orphan_ || !has_bound_port_) {
        ports_.release(*this);
    }
}

// Linux tcp_time_wait. Without memory for it nothing is left behind.
void TcpSocket::leave_time_wait_behind() {
    auto* rest = new (std::nothrow) TimeWait(local_, remote_, *this);
    if (rest != nullptr) {
        ports_.add(*rest);
    }
    become_closed();
}

}  // namespace kernel
