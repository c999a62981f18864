// getsockopt and setsockopt (man 7 socket).
#include <asm/socket.h>

#include "syscalls/handlers.hpp"
#include "syscalls/socket.hpp"

namespace kernel {

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
