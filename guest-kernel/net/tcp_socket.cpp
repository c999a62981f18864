#include "net/tcp_socket.hpp"

#include <asm/ioctls.h>
#include <linux/sockios.h>

#include "lib/settings.hpp"

namespace kernel {

using namespace socket_constants;

namespace {
constexpr int kFirstSendBuffer = 16384;      // net.ipv4.tcp_wmem
constexpr int kFirstReceiveBuffer = 131072;  // net.ipv4.tcp_rmem
}  // namespace

TcpSocket::TcpSocket(InetFamily family) : InetSocket(family, SocketType::Stream, IPPROTO_TCP, tcp_ports()) {
    options.send_buffer = kFirstSendBuffer;
    options.receive_buffer = kFirstReceiveBuffer;
}

TcpSocket::~TcpSocket() = default;

// Linux inet_listen.
Result<void> TcpSocket::listen(int backlog) {
    const bool can_listen =
        progress_ == Progress::Unconnected && (state_ == TcpState::Close || state_ == TcpState::Listen);
    if (!can_listen) {
        return Errno(EINVAL);
    }
    const auto longest = static_cast<int>(settings().longest_backlog);
    backlog_ = backlog < 0 || backlog > longest ? longest : backlog;
    if (state_ == TcpState::Listen) {
        return {};
    }
    if (is_bound()) {
        TRY(ports_.check(*this));
    } else {
        TRY(ports_.hold(*this, 0));
    }
    shutdown_ = 0;
    state_ = TcpState::Listen;
    return {};
}

// Linux inet_csk_accept.
Result<Ref<Socket>> TcpSocket::accept(bool nonblocking) {
    if (state_ != TcpState::Listen) {
        return Errno(EINVAL);
    }
    if (pending_.is_empty()) {
        if (nonblocking) {
            return Errno(EAGAIN);
        }
        const SocketPatience patience(false, options.receive_timeout);
        TRY(patience.wait(changed_, [this] { return !pending_.is_empty() || state_ != TcpState::Listen; }));
        if (state_ != TcpState::Listen) {
            return Errno(EINVAL);
        }
    }
    Ref<TcpSocket> connection = pending_.front();
    pending_.erase(0);
    return Ref<Socket>(std::move(connection));
}

// Linux inet_shutdown.
Result<void> TcpSocket::shutdown(int how) {
    if (how < kShutRead || how > kShutBoth) {
        return Errno(EINVAL);
    }
    const unsigned halves = static_cast<unsigned>(how) + 1;
    Result<void> outcome;
    if (progress_ == Progress::Connecting && state_ != TcpState::SynSent && state_ != TcpState::Close) {
        progress_ = Progress::Connected;
    }
    switch (state_) {
        case TcpState::Listen:
            if ((halves & kReadingShut) == 0) {
                break;
            }
            [[fallthrough]];
        case TcpState::SynSent:
            disconnect();
            progress_ = Progress::Unconnected;
            break;
        case TcpState::Close:
            shutdown_ |= halves;
            outcome = Errno(ENOTCONN);
            break;
        default:
            shutdown_ |= halves;
            if ((halves & kWritingShut) != 0) {
                send_fin();
            }
            break;
    }
    changed_.wake_all();
    return outcome;
}

// Linux __tcp_close.
void TcpSocket::close() {
    is_orphan_ = true;
    file_ = nullptr;
    const bool was_listening = state_ == TcpState::Listen;
    const bool had_unread = !received_.is_empty();
    shutdown_ = kBothShut;
    received_.clear();
    if (was_listening) {
        state_ = TcpState::Close;
        drop_pending();
    } else if (state_ == TcpState::SynSent) {
        become_closed();
    } else if (state_ != TcpState::Close) {
        if (had_unread || (options.lingers && options.linger_time() == 0)) {
            send_reset();
        } else {
            send_fin();
            if (options.lingers && !has_sent_all()) {
                const Ref<TcpSocket> keep(this);
                (void)changed_.wait([this] { return has_sent_all(); },
                                    Deadline::after(options.linger_time()));
            }
        }
    }
    if (state_ == TcpState::Close) {
        become_closed();
    }
    changed_.wake_all();
}

// Linux tcp_poll.
std::uint32_t TcpSocket::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(changed_);
    }
    if (state_ == TcpState::Listen) {
        return pending_.is_empty() ? 0 : kPollReadable;
    }
    std::uint32_t events = 0;
    if (shutdown_ == kBothShut || state_ == TcpState::Close) {
        events |= POLLHUP;
    }
    if (shut_down_reading()) {
        events |= kPollReadable | POLLRDHUP;
    }
    if (state_ != TcpState::SynSent) {
        std::size_t target = static_cast<std::size_t>(options.receive_low_mark());
        if (is_at_mark() && !options.out_of_band_inline()) {
            target++;
        }
        if (received_.size() >= target) {
            events |= kPollReadable;
        }
        if (shut_down_writing() || is_writable()) {
            events |= kPollWritable;
        } else {
            needs_room_ = true;
        }
        if (urgent_ == Urgent::Valid) {
            events |= POLLPRI;
        }
    }
    if (error_ != 0) {
        events |= POLLERR;
    }
    return events;
}

Result<long> TcpSocket::ioctl(unsigned command, UserAddress argument) {
    constexpr unsigned kNotSent = 0x894b;  // SIOCOUTQNSD
    int answer = 0;
    switch (command) {
        case SIOCATMARK:
            answer = is_at_mark() ? 1 : 0;
            break;
        case FIONREAD:
            answer = static_cast<int>(readable_bytes());
            break;
        case SIOCOUTQ:
        case kNotSent:
            answer = static_cast<int>(sending_.size());
            break;
        default:
            return InetSocket::ioctl(command, argument);
    }
    if (state_ == TcpState::Listen && command != SIOCATMARK) {
        return Errno(EINVAL);
    }
    TRY(UserOut<int>(argument).write(answer));
    return 0;
}

// Groups are not for connections (Linux do_ip_setsockopt, do_ipv6_setsockopt).
Result<void> TcpSocket::change_membership(int level, int, UserBuffer, int length) {
    constexpr int kRequest6 = 20;  // struct ipv6_mreq
    return Errno(level == kLevelIpv6 && length < kRequest6 ? EINVAL : EPROTO);
}

}  // namespace kernel
