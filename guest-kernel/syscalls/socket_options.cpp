// getsockopt and setsockopt (man 7 socket).
#include <asm/socket.h>

#include "syscalls/handlers.hpp"
#include "syscalls/socket.hpp"
#include "time/timespec.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

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
