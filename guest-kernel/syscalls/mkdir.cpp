// mkdirat, mknodat.
#include "fs/namespace.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_mkdirat(Task& task, Fd dirfd, UserString pathname, unsigned mode) {
    const String path = TRY(pathname.read_path());
    TRY(make_node(task, dirfd, path.view(), S_IFDIR | (mode & 01777), {}));
    return 0;
}

Result<long> sys_mknodat(Task& task, Fd dirfd, UserString pathname, unsigned mode, unsigned device) {
    const String path = TRY(pathname.read_path());
    unsigned type = mode & S_IFMT;
    switch (type) {
        case 0:
            type = S_IFREG;
            break;
        case S_IFREG:
        case S_IFIFO:
        case S_IFSOCK:
        case S_IFCHR:
        case S_IFBLK:
            break;
        case S_IFDIR:
            return Errno(EPERM);
        default:
            return Errno(EINVAL);
    }
    const bool is_device = type == S_IFCHR || type == S_IFBLK;
    const DeviceNumber number = is_device ? DeviceNumber::decode(device) : DeviceNumber();
    TRY(make_node(task, dirfd, path.view(), type | (mode & 07777), number));
    return 0;
}

}  // namespace kernel
