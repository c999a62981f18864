// What the socket calls share.
#pragma once

#include <linux/fcntl.h>

#include "fs/fd.hpp"
#include "mm/user_memory.hpp"
#include "net/socket.hpp"
#include "syscalls/structures.hpp"

namespace kernel {

class Task;

// A descriptor's file and the socket it is.
struct OpenSocket {
    Ref<File> file;
    Socket* socket;

    bool is_nonblocking() const { return (file->flags() & O_NONBLOCK) != 0; }
};

// EBADF, ENOTSOCK.
Result<OpenSocket> socket_of(Task& task, Fd fd);

// One message of sendmsg or sendmmsg; `flags` are the call's. EMSGSIZE, ENOBUFS, EINVAL, EFAULT and the
// socket's own.
Result<std::size_t> send_message(OpenSocket& from, const user_msghdr& header, unsigned flags);
// One message of recvmsg or recvmmsg; what it brings is written to the header's fields in the program.
Result<std::size_t> receive_message(OpenSocket& at, UserInOut<user_msghdr> message, unsigned flags);

}  // namespace kernel
