// Options of the level IPPROTO_TCP (man 7 tcp).
#include <linux/tcp.h>

#include <array>
#include <string_view>

#include "fs/text_buffer.hpp"
#include "net/tcp_socket.hpp"

namespace kernel {

namespace {

constexpr int kUnconnectedSegment = 536;  // TCP_MSS_DEFAULT
constexpr int kShortestSegment = 88;      // TCP_MIN_MSS
constexpr int kLongestSegment = 32767;    // MAX_TCP_WINDOW
constexpr int kFirstFinWait = 60;         // net.ipv4.tcp_fin_timeout
constexpr int kLongestFinWait = 120;      // TCP_FIN_TIMEOUT_MAX
constexpr int kShortestWindow = 1152;     // SOCK_MIN_RCVBUF / 2
constexpr int kConnectedWindow = 65536;
constexpr std::size_t kNameRoom = 16;  // TCP_CA_NAME_MAX
constexpr std::array<std::string_view, 2> kCongestionControls = {"cubic", "reno"};

// Seconds as a number of retransmissions that double from 1 s to 120 s, and back (secs_to_retrans,
// retrans_to_secs).
int to_retransmissions(int seconds) {
    constexpr int kLongest = 120;
    int count = 0;
    int timeout = 1;
    int period = 1;
    if (seconds > 0) {
        count = 1;
        while (seconds > period && count < 255) {
            count++;
            timeout = std::min(timeout * 2, kLongest);
            period += timeout;
        }
    }
    return count;
}

}  // namespace

int TcpSocket::to_seconds(int retransmissions) {
    constexpr int kLongest = 120;
    int timeout = 1;
    int period = 0;
    for (; retransmissions > 0; retransmissions--) {
        period += timeout;
        timeout = std::min(timeout * 2, kLongest);
    }
    return period;
}

// Half of what the window of lo's segments takes (tcp_current_mss, tcp_bound_to_half_wnd).
int TcpSocket::segment_size() const {
    constexpr int kV4 = 32741;
    constexpr int kV6 = 32752;
    if (state_ == TcpState::Close || state_ == TcpState::Listen || state_ == TcpState::SynSent) {
        return kUnconnectedSegment;
    }
    const int size = remote_.address.is_v4() ? kV4 : kV6;
    return negotiated_segment_ != 0 ? std::min(negotiated_segment_, size) : size;
}

Result<void> TcpSocket::set_protocol_option(int name, UserBuffer value, int length) {
    if (name == TCP_CONGESTION) {
        std::array<char, kNameRoom> given{};
        if (length < 1) {
            return Errno(EINVAL);
        }
        TRY(copy_from_user(given.data(), value.address(),
                           std::min<std::size_t>(kNameRoom - 1, static_cast<std::size_t>(length))));
        for (std::uint32_t i = 0; i < kCongestionControls.size(); i++) {
            if (kCongestionControls[i] == std::string_view(given.data())) {
                congestion_ = i;
                return {};
            }
        }
        return Errno(ENOENT);
    }
    const int number = TRY(read_option(value, length));
    switch (name) {
        case TCP_MAXSEG:
            if (number != 0 && (number < kShortestSegment || number > kLongestSegment)) {
                return Errno(EINVAL);
            }
            maximum_segment_ = number;
            return {};
        case TCP_LINGER2:
            fin_wait_ = number < 0 ? -1 : number > kLongestFinWait ? kLongestFinWait : number;
            fin_wait_ = number == 0 ? kFirstFinWait : fin_wait_;
            return {};
        case TCP_DEFER_ACCEPT:
            defer_accept_ = to_retransmissions(number);
            return {};
        case TCP_WINDOW_CLAMP:
            if (number == 0 && state_ != TcpState::Close) {
                return Errno(EINVAL);
            }
            window_clamp_ = number >= 0 && number < kShortestWindow && number != 0 ? kShortestWindow : number;
            return {};
        case TCP_REPAIR_QUEUE:
            return Errno(EPERM);  // only of a socket under repair, as the next two
        case TCP_QUEUE_SEQ:
            return Errno(state_ == TcpState::Close ? EINVAL : EPERM);
        case TCP_REPAIR_OPTIONS:
            return Errno(EINVAL);
        default:
            break;
    }
    TRY(values_.set(name, number, false));
    values_.put(TCP_THIN_DUPACK, 0);  // it means nothing any more
    if ((name == TCP_CORK && number == 0) || (name == TCP_NODELAY && number != 0)) {
        holds_back_ = false;
        push(Push::All);
    }
    return {};
}

Result<void> TcpSocket::give_info(UserBuffer value, UserInOut<int> length) const {
    tcp_info info{};
    info.tcpi_state = static_cast<__u8>(state_);
    info.tcpi_pacing_rate = info.tcpi_max_pacing_rate = ~0ULL;
    info.tcpi_snd_mss = static_cast<__u32>(segment_size());
    info.tcpi_rcv_mss = kUnconnectedSegment;
    info.tcpi_snd_cwnd = 10;
    info.tcpi_rto = 1000000;
    info.tcpi_reordering = 3;
    info.tcpi_delivery_rate_app_limited = state_ != TcpState::Listen;
    info.tcpi_snd_ssthresh = INT32_MAX;
    if (state_ == TcpState::Listen) {
        info.tcpi_unacked = static_cast<__u32>(pending_.size());
        info.tcpi_sacked = static_cast<__u32>(backlog_);
    } else if (peer_) {
        info.tcpi_options = TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE;
        info.tcpi_snd_wscale = info.tcpi_rcv_wscale = 7;
        info.tcpi_bytes_acked = sent_bytes_ + 1;
        info.tcpi_bytes_sent = sent_bytes_;
        info.tcpi_bytes_received = received_.end_sequence() - 1;
        info.tcpi_notsent_bytes = static_cast<__u32>(sending_.size());
        info.tcpi_pmtu = LoopbackInterface::kMtu;
        info.tcpi_advmss = 65483;
    }
    constexpr int kSize = 232;  // of Linux 6.1; later versions have more
    const int room = TRY(length.read());
    const auto size =
        static_cast<std::size_t>(std::min(room, std::min(kSize, static_cast<int>(sizeof(info)))));
    TRY(length.write(static_cast<int>(size)));
    return copy_to_user(value.address(), &info, size);
}

Result<void> TcpSocket::get_protocol_option(int name, UserBuffer value, UserInOut<int> length) {
    switch (name) {
        case TCP_MAXSEG:
            return give_option(state_ == TcpState::Close || state_ == TcpState::Listen
                                   ? (maximum_segment_ != 0 ? maximum_segment_ : kUnconnectedSegment)
                                   : segment_size(),
                               value, length);
        case TCP_REPAIR_QUEUE:
        case TCP_QUEUE_SEQ:
            return Errno(EINVAL);
        case TCP_LINGER2:
            return give_option(fin_wait_, value, length);
        case TCP_DEFER_ACCEPT:
            return give_option(to_seconds(defer_accept_), value, length);
        case TCP_WINDOW_CLAMP:
            return give_option(window_clamp_ == 0 && peer_ ? kConnectedWindow : window_clamp_, value, length);
        case TCP_INFO:
            return give_info(value, length);
        case TCP_CONGESTION: {
            std::array<char, kNameRoom> given{};
            const std::string_view control = kCongestionControls[congestion_];
            __builtin_memcpy(given.data(), control.data(), control.size());
            return give_option(given, value, length);
        }
        case TCP_FASTOPEN:
            return give_option(0, value, length);
        default:
            break;
    }
    if (!values_.has(name)) {
        return Errno(ENOPROTOOPT);
    }
    return give_option(values_.get(name), value, length);
}

// Linux net/ipv4/tcp_ipv4.c, get_tcp4_sock. A socket that is bound and does nothing is not in the table.
bool TcpSocket::append_line(InetFamily family, unsigned number, TextBuffer& out) const {
    if (family != inet_family_ || state_ == TcpState::Close) {
        return false;
    }
    const bool listens = state_ == TcpState::Listen;
    out.decimal(number, 4).text(": ");
    append_connection({.local = local_,
                       .remote = remote_,
                       .state = static_cast<unsigned>(state_),
                       .sending = sending_.size(),
                       .received = listens ? pending_.size() : received_.size() + (has_unread_fin() ? 1 : 0),
                       .owner = is_orphan_ ? 0 : owner_,
                       .inode = is_orphan_ ? 0 : inode_number,
                       .references = 1},
                      family, out);
    // Time-outs in ticks of 10 ms, the congestion window and where slow start ends.
    out.text(listens ? " 100 0 0 10 0" : " 20 4 30 10 -1");
    return true;
}

}  // namespace kernel
