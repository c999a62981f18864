// What the socket calls share.
#pragma once

#include <linux/fcntl.h>

#include "fs/fd.hpp"
#include "lib/string.hpp"
#include "mm/user_memory.hpp"
#include "net/unix_socket.hpp"

namespace kernel {

class Task;

// A descriptor's file and the socket it is.
struct SocketFile {
    Ref<File> file;
    UnixSocket* socket;
};

inline bool is_nonblocking(const File& file) {
    return (file.flags() & O_NONBLOCK) != 0;
}

// EBADF, ENOTSOCK.
Result<SocketFile> socket_of(Task& task, Fd fd);

// The name in a program's sockaddr_un: a path, an abstract name with its leading NUL, or nothing. EINVAL,
// EFAULT.
Result<String> read_address(UserBuffer address, int length);
// Writes a name as a sockaddr_un, with its length; nothing for a null pointer.
Result<void> write_address(std::string_view name, UserBuffer address, UserInOut<int> length);

// The socket that a name stands for. ECONNREFUSED and the errors of path resolution.
Result<Ref<UnixSocket>> find_socket(Task& task, std::string_view name);

}  // namespace kernel
