// How a connection comes about.
#include <linux/tcp.h>

#include "lib/random.hpp"
#include "net/network_counts.hpp"
#include "net/tcp_socket.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

// Linux tcp_sndbuf_expand: twice ten segments of the loopback's size, each with its overhead.
constexpr int kConnectedSendBuffer = 2626560;
constexpr std::int64_t kFirstRetry = kNanosecondsPerSecond;  // TCP_TIMEOUT_INIT

}  // namespace

// How well a listener fits; negative: not at all (Linux net/ipv4/inet_hashtables.c, compute_score).
int TcpSocket::listener_score(const Endpoint& target) const {
    if (state_ != TcpState::Listen || local_.port != target.port) {
        return -1;
    }
    const int family_score = inet_family_ == InetFamily::V4 ? 1 : 0;
    if (local_.address == target.address) {
        return 2 + family_score;
    }
    if (!local_.address.is_any()) {
        return -1;
    }
    const bool takes = target.address.is_v4() ? !is_v6_only() : inet_family_ == InetFamily::V6;
    return takes ? family_score : -1;
}

// Listeners that share a port by SO_REUSEPORT share the connections too.
TcpSocket* TcpSocket::find_listener(const Endpoint& target) {
    TcpSocket* best = nullptr;
    int best_score = -1;
    std::uint64_t equals = 0;
    for (PortHolder& holder : tcp_ports().holders()) {
        if (!holder.is_listener()) {
            continue;
        }
        auto& listener = static_cast<TcpSocket&>(holder);
        const int score = listener.listener_score(target);
        if (score < 0 || score < best_score) {
            continue;
        }
        equals = score > best_score ? 1 : equals + 1;
        if (equals == 1 || (listener.reuses_port() && random_number() % equals == 0)) {
            best = &listener;
        }
        best_score = score;
    }
    return best;
}

Result<void> TcpSocket::connect(const SocketAddress& address, bool nonblocking) {
    if (!address.has_family()) {
        return Errno(EINVAL);
    }
    if (address.family() == kFamilyUnspecified) {
        disconnect();
        progress_ = Progress::Unconnected;
        return {};
    }
    switch (progress_) {
        case Progress::Connected:
            return Errno(EISCONN);
        case Progress::Unconnected:
            if (state_ != TcpState::Close) {
                return Errno(EISCONN);
            }
            TRY(start_connecting(address));
            if (nonblocking) {
                return Errno(EINPROGRESS);
            }
            break;
        case Progress::Connecting:
            if (state_ == TcpState::SynSent && nonblocking) {
                return Errno(EALREADY);
            }
            return finish_connecting(nonblocking, Errno(EALREADY));
    }
    return finish_connecting(nonblocking, Errno(EINPROGRESS));
}

Result<void> TcpSocket::start_connecting(const SocketAddress& address) {
    Endpoint target = TRY(read_target(address, false));
    const Route route = TRY(route_to(target));
    if (route.kind != AddressKind::Local) {
        return Errno(ENETUNREACH);
    }
    target.address = route.destination;
    remote_ = target;
    const bool chose_address = local_.address.is_any();
    if (chose_address) {
        local_.address = route.source;
    }
    Result<void> held;
    if (!is_bound()) {
        held = ports_.hold_for_connection(*this);
    } else if (ports_.has_connection(*this)) {
        held = Errno(EADDRNOTAVAIL);
    }
    if (held.is_error()) {
        remote_ = {.address = InetAddress::any(inet_family_), .port = 0, .scope = 0};
        if (chose_address) {
            local_.address = InetAddress::any(inet_family_);
        }
        return held;
    }
    error_ = 0;
    shutdown_ = 0;
    fin_was_seen_ = fin_was_read_ = false;
    state_ = TcpState::SynSent;
    progress_ = Progress::Connecting;
    attempts_ = 0;
    network_counts().tcp.active_opens++;
    send_syn();
    return {};
}

// Linux __inet_stream_connect, from where it waits.
Result<void> TcpSocket::finish_connecting(bool nonblocking, Errno at_timeout) {
    if (state_ == TcpState::SynSent && !nonblocking) {
        const SocketPatience patience(false, options.send_timeout);
        const Result<void> waited = patience.wait(changed_, [this] { return state_ != TcpState::SynSent; });
        if (waited.is_error()) {
            return waited.error() == Errno(EAGAIN) ? at_timeout : waited.error();
        }
    }
    if (state_ == TcpState::Close) {
        const int error = take_error();
        progress_ = Progress::Unconnected;
        disconnect();
        return Errno(error != 0 ? error : ECONNABORTED);
    }
    progress_ = Progress::Connected;
    return {};
}

void TcpSocket::send_syn() {
    if (remote_ == local_) {
        become_connected(*this);  // a SYN that meets its own sender opens the connection from both ends
        return;
    }
    TcpSocket* listener = find_listener(remote_);
    if (listener == nullptr) {
        network_counts().tcp.failed_attempts++;
        network_counts().tcp.resets_sent++;  // the refusal
        connection_failed(ECONNREFUSED);
        return;
    }
    // A listener that has no room for more drops the SYN, and it is sent again later.
    if (static_cast<int>(listener->pending_.size()) <= listener->backlog_) {
        Result<Ref<TcpSocket>> server = listener->make_connection(*this);
        if (!server.is_error() && listener->defer_accept_ > 0) {
            server.value()->defer(*listener);
            become_connected(*server.value());
            return;
        }
        if (!server.is_error() && !listener->pending_.push_back(server.value()).is_error()) {
            network_counts().tcp.passive_opens++;
            become_connected(*server.value());
            listener->tell_of_connection();
            return;
        }
    }
    retry_.start(monotonic_now() + (kFirstRetry << attempts_));
}

void TcpSocket::tell_of_connection() {
    changed_.wake_all(kPollReadable);
    async_.tell(POLL_IN);
}

// Linux tcp_check_req: what has brought no data is not shown to accept until SYN-ACKs were sent again for as
// long.
void TcpSocket::defer(TcpSocket& listener) {
    deferring_ = Ref<TcpSocket>(&listener);
    defer_.start(monotonic_now() + to_seconds(listener.defer_accept_) * kNanosecondsPerSecond);
}

// The listener may be gone by now: then the answer is a reset.
void TcpSocket::stop_deferring() {
    const Ref<TcpSocket> listener = std::move(deferring_);
    deferring_ = nullptr;
    if (!listener) {
        return;
    }
    defer_.stop();
    const Ref<TcpSocket> keep(this);
    if (listener->state_ == TcpState::Listen && !listener->pending_.push_back(keep).is_error()) {
        listener->tell_of_connection();
        return;
    }
    is_orphan_ = true;
    send_reset();
    become_closed();
}

void TcpSocket::retry_connecting() {
    attempts_++;
    if (attempts_ > values_.get(TCP_SYNCNT)) {
        connection_failed(ETIMEDOUT);
        return;
    }
    send_syn();
}

void TcpSocket::connection_failed(int error) {
    error_ = error;
    become_closed();
    changed_.wake_all();
    async_.tell(POLL_ERR);
}

Result<Ref<TcpSocket>> TcpSocket::make_connection(const TcpSocket& client) {
    Ref<TcpSocket> server = TRY(make_ref<TcpSocket>(inet_family_));
    server->options = options;
    server->options.put(SO_PRIORITY, 0);  // Linux sk_clone_lock
    server->values_ = values_;
    server->congestion_ = congestion_;
    server->ip_ = ip_;
    server->v6_ = v6_;
    server->maximum_segment_ = maximum_segment_;
    server->fin_wait_ = fin_wait_;
    server->window_clamp_ = window_clamp_;
    server->owner_ = owner_;
    server->local_ = client.remote_;
    server->remote_ = client.local_;
    server->has_bound_address_ = has_bound_address_;
    ports_.add(*server);
    return server;
}

// The lesser of both, without the option for timestamps that each segment has.
void TcpSocket::negotiate_segment(TcpSocket& peer) {
    constexpr int kTimestamps = 12;  // TCPOLEN_TSTAMP_ALIGNED
    const int mine = maximum_segment_ != 0 ? maximum_segment_ : INT32_MAX;
    const int theirs = peer.maximum_segment_ != 0 ? peer.maximum_segment_ : INT32_MAX;
    const int lesser = std::min(mine, theirs);
    negotiated_segment_ = peer.negotiated_segment_ = lesser == INT32_MAX ? 0 : lesser - kTimestamps;
}

void TcpSocket::become_connected(TcpSocket& peer) {
    negotiate_segment(peer);
    peer_ = Ref<TcpSocket>(&peer);
    peer.peer_ = Ref<TcpSocket>(this);
    for (TcpSocket* socket : {this, &peer}) {
        socket->state_ = TcpState::Established;
        if (!socket->options.send_buffer_is_fixed()) {
            socket->options.send_buffer = kConnectedSendBuffer;
        }
    }
    peer.progress_ = Progress::Connected;
    retry_.stop();
    changed_.wake_all();
    async_.tell(POLL_OUT);
}

// Linux tcp_disconnect.
void TcpSocket::disconnect() {
    const TcpState old_state = state_;
    if (old_state == TcpState::Listen) {
        state_ = TcpState::Close;
        drop_pending();
    } else if (old_state == TcpState::SynSent) {
        error_ = ECONNRESET;
    } else if (old_state != TcpState::Close) {
        send_reset();
        error_ = ECONNRESET;
    }
    become_closed();
    forget_connection();
    shutdown_ = 0;
    fin_was_seen_ = fin_was_read_ = false;
    received_.clear();
    urgent_ = Urgent::None;
    changed_.wake_all();
    changed_.wake_all(POLLERR);
    async_.tell(POLL_ERR);
}

void TcpSocket::drop_pending() {
    for (Ref<TcpSocket>& connection : pending_) {
        connection->is_orphan_ = true;
        connection->send_reset();
        connection->become_closed();
    }
    pending_.clear();
    changed_.wake_all();
}

}  // namespace kernel
