// getsockopt and setsockopt (man 7 socket).
#include <asm/socket.h>

#include "syscalls/handlers.hpp"
#include "syscalls/socket.hpp"
#include "time/timespec.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

constexpr int kBufferSize = 212992;  // net.core.wmem_default: it cannot be changed here

struct TimeValue {
    std::int64_t seconds;
    std::int64_t microseconds;
};

template <typename T>
Result<long> give_option(const T& value, UserBuffer optval, UserInOut<int> optlen) {
    const int room = TRY(optlen.read());
    if (room < 0) {
        return Errno(EINVAL);
    }
    const std::size_t size = std::min(sizeof(value), static_cast<std::size_t>(room));
    TRY(copy_to_user(optval.address(), &value, size));
    TRY(optlen.write(static_cast<int>(size)));
    return 0;
}

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

}  // namespace

Result<long> sys_getsockopt(Task& task, Fd sockfd, int level, int optname, UserBuffer optval,
                            UserInOut<int> optlen) {
    UnixSocket& socket = *TRY(socket_of(task, sockfd)).socket;
    if (level != SOL_SOCKET) {
        return Errno(EOPNOTSUPP);
    }
    switch (optname) {
        case SO_TYPE:
            return give_option(static_cast<int>(socket.type()), optval, optlen);
        case SO_DOMAIN:
            return give_option(kFamilyUnix, optval, optlen);
        case SO_PROTOCOL:
            return give_option(0, optval, optlen);
        case SO_ERROR:
            return give_option(socket.take_error(), optval, optlen);
        case SO_ACCEPTCONN:
            return give_option(socket.is_listening() ? 1 : 0, optval, optlen);
        case SO_SNDBUF:
        case SO_RCVBUF:
            return give_option(kBufferSize, optval, optlen);
        case SO_PASSCRED:
            return give_option(socket.passes_credentials ? 1 : 0, optval, optlen);
        case SO_PEERCRED:
            return give_option(socket.peer_identity(), optval, optlen);
        case SO_RCVTIMEO:
            return give_option(to_time_value(socket.receive_timeout), optval, optlen);
        case SO_SNDTIMEO:
            return give_option(to_time_value(socket.send_timeout), optval, optlen);
        default:
            return Errno(ENOPROTOOPT);
    }
}

Result<long> sys_setsockopt(Task& task, Fd sockfd, int level, int optname, UserBuffer optval, int optlen) {
    UnixSocket& socket = *TRY(socket_of(task, sockfd)).socket;
    if (level != SOL_SOCKET) {
        return Errno(EOPNOTSUPP);
    }
    if (optlen < static_cast<int>(sizeof(int))) {
        return Errno(EINVAL);
    }
    switch (optname) {
        case SO_PASSCRED:
            socket.passes_credentials = TRY(UserIn<int>(optval.address()).read()) != 0;
            return 0;
        case SO_RCVTIMEO:
            socket.receive_timeout = TRY(read_timeout(optval, optlen));
            return 0;
        case SO_SNDTIMEO:
            socket.send_timeout = TRY(read_timeout(optval, optlen));
            return 0;
        default:
            return Errno(ENOPROTOOPT);
    }
}

}  // namespace kernel
