// getsockopt and setsockopt (man 7 socket).
#include <asm/socket.h>

#include "syscalls/handlers.hpp"
#include "syscalls/socket.hpp"
#include "time/timespec.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

// Linux include/net/sock.h, SOCK_MIN_SNDBUF and SOCK_MIN_RCVBUF, and net.core.wmem_max and rmem_max.
constexpr int kShortestSendBuffer = 4608;
constexpr int kShortestReceiveBuffer = 2304;
constexpr int kLongestBuffer = 212992;

// What a program asks for is doubled, because Linux counts the overhead of its buffers (man 7 socket).
int buffer_size(int wanted, int shortest) {
    return std::max(std::min<int>(wanted < 0 ? kLongestBuffer : wanted, kLongestBuffer) * 2, shortest);
}

struct Linger {
    int on;
    int seconds;
};

struct TimeValue {
    std::int64_t seconds;
    std::int64_t microseconds;
};

TimeValue to_time_value(std::int64_t nanoseconds) {
    return {.seconds = nanoseconds / kNanosecondsPerSecond,
            .microseconds = nanoseconds % kNanosecondsPerSecond / 1000};
}

Result<std::int64_t> read_timeout(UserBuffer optval, int optlen) {
    if (optlen < static_cast<int>(sizeof(TimeValue))) {
        return Errno(EINVAL);
    }
    const TimeValue value = TRY(UserIn<TimeValue>(optval.address()).read());
    if (value.microseconds < 0 || value.microseconds >= 1000000) {
        return Errno(EDOM);
    }
    return value.seconds < 0 ? std::int64_t{1}
                             : value.seconds * kNanosecondsPerSecond + value.microseconds * 1000;
}

Result<void> give_flag(bool flag, UserBuffer optval, UserInOut<int> optlen) {
    return give_option(flag ? 1 : 0, optval, optlen);
}

Result<void> set_linger(SocketOptions& options, UserBuffer optval, int optlen) {
    if (optlen < static_cast<int>(sizeof(Linger))) {
        return Errno(EINVAL);
    }
    const Linger value = TRY(UserIn<Linger>(optval.address()).read());
    options.lingers = value.on != 0;
    options.linger_seconds = options.lingers ? value.seconds : options.linger_seconds;
    return {};
}

// Options of level SOL_SOCKET. ENOPROTOOPT.
Result<void> get_common_option(Socket& socket, int name, UserBuffer optval, UserInOut<int> optlen) {
    const SocketOptions& options = socket.options;
    switch (name) {
        case SO_TYPE:
            return give_option(static_cast<int>(socket.type()), optval, optlen);
        case SO_DOMAIN:
            return give_option(socket.family(), optval, optlen);
        case SO_PROTOCOL:
            return give_option(socket.protocol(), optval, optlen);
        case SO_ERROR:
            return give_option(socket.take_error(), optval, optlen);
        case SO_ACCEPTCONN:
            return give_option(socket.is_listening() ? 1 : 0, optval, optlen);
        case SO_SNDBUF:
            return give_option(options.send_buffer, optval, optlen);
        case SO_RCVBUF:
            return give_option(options.receive_buffer, optval, optlen);
        case SO_SNDLOWAT:
            return give_option(1, optval, optlen);
        case SO_RCVLOWAT:
            return give_option(options.receive_low_mark, optval, optlen);
        case SO_LINGER:
            return give_option(Linger{.on = options.lingers ? 1 : 0, .seconds = options.linger_seconds},
                               optval, optlen);
        case SO_REUSEADDR:
            return give_flag(options.reuses_address, optval, optlen);
        case SO_REUSEPORT:
            return give_flag(options.reuses_port, optval, optlen);
        case SO_KEEPALIVE:
            return give_flag(options.keeps_alive, optval, optlen);
        case SO_BROADCAST:
            return give_flag(options.broadcasts, optval, optlen);
        case SO_OOBINLINE:
            return give_flag(options.out_of_band_inline, optval, optlen);
        case SO_PASSCRED:
            return give_option(options.passes_credentials ? 1 : 0, optval, optlen);
        case SO_PEERCRED:
            return give_option(socket.peer_identity(), optval, optlen);
        case SO_RCVTIMEO:
            return give_option(to_time_value(options.receive_timeout), optval, optlen);
        case SO_SNDTIMEO:
            return give_option(to_time_value(options.send_timeout), optval, optlen);
        default:
            return Errno(ENOPROTOOPT);
    }
}

Result<void> set_common_option(Socket& socket, int name, UserBuffer optval, int optlen) {
    SocketOptions& options = socket.options;
    if (optlen < static_cast<int>(sizeof(int))) {
        return Errno(EINVAL);
    }
    const int value = TRY(UserIn<int>(optval.address()).read());
    switch (name) {
        case SO_PASSCRED:
            options.passes_credentials = value != 0;
            return {};
        case SO_REUSEADDR:
            options.reuses_address = value != 0;
            return {};
        case SO_REUSEPORT:
            options.reuses_port = value != 0;
            return {};
        case SO_KEEPALIVE:
            options.keeps_alive = value != 0;
            return {};
        case SO_BROADCAST:
            options.broadcasts = value != 0;
            return {};
        case SO_OOBINLINE:
            options.out_of_band_inline = value != 0;
            return {};
        case SO_LINGER:
            return set_linger(options, optval, optlen);
        case SO_RCVLOWAT:
            options.receive_low_mark = value < 0 ? INT32_MAX : value == 0 ? 1 : value;
            return {};
        case SO_SNDBUF:
            options.send_buffer = buffer_size(value, kShortestSendBuffer);
            options.send_buffer_is_fixed = true;
            return {};
        case SO_RCVBUF:
            options.receive_buffer = buffer_size(value, kShortestReceiveBuffer);
            return {};
        case SO_RCVTIMEO:
            options.receive_timeout = TRY(read_timeout(optval, optlen));
            return {};
        case SO_SNDTIMEO:
            options.send_timeout = TRY(read_timeout(optval, optlen));
            return {};
        default:
            return Errno(ENOPROTOOPT);
    }
}

}  // namespace

Result<long> sys_getsockopt(Task& task, Fd sockfd, int level, int optname, UserBuffer optval,
                            UserInOut<int> optlen) {
    const OpenSocket at = TRY(socket_of(task, sockfd));
    TRY(level == SOL_SOCKET ? get_common_option(*at.socket, optname, optval, optlen)
                            : at.socket->get_option(level, optname, optval, optlen));
    return 0;
}

Result<long> sys_setsockopt(Task& task, Fd sockfd, int level, int optname, UserBuffer optval, int optlen) {
    if (optlen < 0) {
        return Errno(EINVAL);
    }
    const OpenSocket at = TRY(socket_of(task, sockfd));
    TRY(level == SOL_SOCKET ? set_common_option(*at.socket, optname, optval, optlen)
                            : at.socket->set_option(level, optname, optval, optlen));
    return 0;
}

}  // namespace kernel
