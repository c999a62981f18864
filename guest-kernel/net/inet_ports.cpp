#include "net/inet_ports.hpp"

#include "fs/text_buffer.hpp"
#include "lib/random.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

constexpr std::int64_t kTimeWaitLength = 60 * kNanosecondsPerSecond;

// Linux inet_rcv_saddr_equal: would something that is sent to one address reach both?
bool overlap(const PortHolder& one, const PortHolder& other) {
    const InetAddress& first = one.local().address;
    const InetAddress& second = other.local().address;
    if (first.is_any() || second.is_any()) {
        const bool first_takes_v4 = first.is_v4() || (first.is_any() && !one.is_v6_only());
        const bool second_takes_v4 = second.is_v4() || (second.is_any() && !other.is_v6_only());
        const bool first_takes_v6 = !first.is_v4();
        const bool second_takes_v6 = !second.is_v4();
        return (first_takes_v4 && second_takes_v4) || (first_takes_v6 && second_takes_v6);
    }
    return first == second;
}

}  // namespace

TimeWait::TimeWait(const Endpoint& local, const Endpoint& remote, const PortHolder& was)
    : reuses_address_(was.reuses_address()),
      reuses_port_(was.reuses_port()),
      is_v6_only_(was.is_v6_only()),
      owner_(was.owner()),
      began_(monotonic_now()) {
    local_ = local;
    remote_ = remote;
}

bool TimeWait::is_over() const {
    return monotonic_now() - began_ >= kTimeWaitLength;
}

bool TimeWait::is_reusable() const {
    return monotonic_now() - began_ > kNanosecondsPerSecond;
}

List<PortHolder>& PortTable::holders() {
    forget_old();
    return holders_;
}

void PortTable::forget_old() {
    for (PortHolder* holder = holders_.first(); holder != nullptr;) {
        PortHolder* next = holders_.next(*holder);
        if (holder->is_time_wait() && static_cast<TimeWait*>(holder)->is_over()) {
            delete holder;
        }
        holder = next;
    }
}

// inet_csk_bind_conflict and udp_lib_lport_inuse. A port that the kernel chooses is shared with less.
bool PortTable::conflict(const PortHolder& holder, const PortHolder& other, bool port_was_chosen) const {
    if (!overlap(holder, other)) {
        return false;
    }
    if (holder.reuses_address() && other.reuses_address() && !other.is_listener()) {
        return kind_ == Kind::Stream && port_was_chosen;
    }
    const bool shares = holder.reuses_port() && other.reuses_port() &&
                        (other.is_time_wait() || holder.owner() == other.owner());
    return !shares || (kind_ == Kind::Stream && port_was_chosen);
}

bool PortTable::is_free(const PortHolder& holder, std::uint16_t port, bool port_was_chosen) {
    for (const PortHolder& other : holders_) {
        if (&other != &holder && other.local_.port == port && conflict(holder, other, port_was_chosen)) {
            return false;
        }
    }
    return true;
}

Result<void> PortTable::hold(PortHolder& holder, std::uint16_t port) {
    forget_old();
    if (port == 0) {
        // Odd ports first: connections get the even ones (inet_csk_find_open_port).
        const EphemeralPorts ports;
        unsigned offset = static_cast<unsigned>(random_number() % ports.count) | 1U;
        for (unsigned tried = 0; tried < ports.count && port == 0; tried++) {
            const auto candidate = static_cast<std::uint16_t>(ports.first + offset);
            if (is_free(holder, candidate, true)) {
                port = candidate;
            }
            offset = tried == ports.count / 2 ? (offset - 1) % ports.count : (offset + 2) % ports.count;
        }
        if (port == 0) {
            return Errno(EADDRINUSE);
        }
    } else if (!is_free(holder, port, false)) {
        return Errno(EADDRINUSE);
    }
    holder.local_.port = port;
    holders_.push_front(holder);
    return {};
}

Result<void> PortTable::check(const PortHolder& holder) {
    forget_old();
    return is_free(holder, holder.local_.port, false) ? Result<void>() : Result<void>(Errno(EADDRINUSE));
}

Result<void> PortTable::hold_for_connection(PortHolder& holder) {
    forget_old();
    const EphemeralPorts ports;
    unsigned offset = static_cast<unsigned>(random_number() % ports.count) & ~1U;
    for (unsigned tried = 0; tried < ports.count; tried++) {
        const auto candidate = static_cast<std::uint16_t>(ports.first + offset);
        bool is_taken = false;
        for (const PortHolder& other : holders_) {
            const bool is_in_the_way = other.is_bound_by_program() || other.remote_ == holder.remote_;
            is_taken = is_taken || (other.local_.port == candidate && is_in_the_way);
        }
        if (!is_taken) {
            holder.local_.port = candidate;
            holders_.push_front(holder);
            return {};
        }
        offset = tried == ports.count / 2 ? (offset + 1) % ports.count : (offset + 2) % ports.count;
    }
    return Errno(EADDRNOTAVAIL);
}

bool PortTable::has_connection(const PortHolder& holder) {
    forget_old();
    for (const PortHolder& other : holders_) {
        if (&other != &holder && other.local_ == holder.local_ && other.remote_ == holder.remote_ &&
            !(other.is_time_wait() && static_cast<const TimeWait&>(other).is_reusable())) {
            return true;
        }
    }
    return false;
}

PortTable& tcp_ports() {
    static PortTable table(PortTable::Kind::Stream);
    return table;
}

PortTable& udp_ports() {
    static PortTable table(PortTable::Kind::Datagram);
    return table;
}

PortTable& udp_lite_ports() {
    static PortTable table(PortTable::Kind::Datagram);
    return table;
}

bool TimeWait::append_line(InetFamily family, unsigned number, TextBuffer& out) const {
    constexpr unsigned kState = 6;              // TCP_TIME_WAIT
    constexpr unsigned kTimer = 3;              // that of TIME_WAIT
    constexpr std::int64_t kTick = 10'000'000;  // USER_HZ
    if (family != (local_.address.is_v4() ? InetFamily::V4 : InetFamily::V6)) {
        return false;
    }
    const std::int64_t left = kTimeWaitLength - (monotonic_now() - began_);
    out.decimal(number, 4).text(": ");
    append_connection({.local = local_,
                       .remote = remote_,
                       .state = kState,
                       .timer = kTimer,
                       .ticks_left = static_cast<std::uint64_t>(left > 0 ? left / kTick : 0),
                       .references = 3},
                      family, out);
    return true;
}

}  // namespace kernel
