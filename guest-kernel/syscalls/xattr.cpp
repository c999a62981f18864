// Extended attributes: setxattr, getxattr, listxattr, removexattr and their l and f forms.
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/xattr.h>

#include "fs/file_table.hpp"
#include "fs/path_walk.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Resolves the path, for the errors of a bad one.
Result<void> check_path(Task& task, UserString pathname, LastSymlink last) {
    const String text = TRY(pathname.read_path());
    TRY(resolve_path(task, Fd{AT_FDCWD}, text.view(), last));
    return {};
}

Result<void> check_file(Task& task, Fd fd) {
    TRY(task.files->get_for_io(fd));
    return {};
}

// ERANGE: the name is empty or too long (Linux fs/xattr.c).
Result<void> check_name(UserString attribute) {
    const String name = TRY(attribute.read(XATTR_NAME_MAX + 1, Errno(ERANGE)));
    if (name.is_empty()) {
        return Errno(ERANGE);
    }
    return {};
}

Result<void> check_new_value(UserString attribute, std::size_t size, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(XATTR_CREATE | XATTR_REPLACE)) != 0) {
        return Errno(EINVAL);
    }
    TRY(check_name(attribute));
    if (size > XATTR_SIZE_MAX) {
        return Errno(E2BIG);
    }
    return {};
}

}  // namespace

Result<long> sys_setxattr(Task& task, UserString pathname, UserString attribute, UserBuffer, std::size_t size,
                          unsigned flags) {
    TRY(check_path(task, pathname, LastSymlink::Follow));
    TRY(check_new_value(attribute, size, flags));
    return Errno(EOPNOTSUPP);
}

Result<long> sys_lsetxattr(Task& task, UserString pathname, UserString attribute, UserBuffer,
                           std::size_t size, unsigned flags) {
    TRY(check_path(task, pathname, LastSymlink::NoFollow));
    TRY(check_new_value(attribute, size, flags));
    return Errno(EOPNOTSUPP);
}

Result<long> sys_fsetxattr(Task& task, Fd fd, UserString attribute, UserBuffer, std::size_t size,
                           unsigned flags) {
    TRY(check_file(task, fd));
    TRY(check_new_value(attribute, size, flags));
    return Errno(EOPNOTSUPP);
}

Result<long> sys_getxattr(Task& task, UserString pathname, UserString attribute, UserBuffer, std::size_t) {
    TRY(check_path(task, pathname, LastSymlink::Follow));
    TRY(check_name(attribute));
    return Errno(EOPNOTSUPP);
}

Result<long> sys_lgetxattr(Task& task, UserString pathname, UserString attribute, UserBuffer, std::size_t) {
    TRY(check_path(task, pathname, LastSymlink::NoFollow));
    TRY(check_name(attribute));
    return Errno(EOPNOTSUPP);
}

Result<long> sys_fgetxattr(Task& task, Fd fd, UserString attribute, UserBuffer, std::size_t) {
    TRY(check_file(task, fd));
    TRY(check_name(attribute));
    return Errno(EOPNOTSUPP);
}

Result<long> sys_listxattr(Task& task, UserString pathname, UserBuffer, std::size_t) {
    TRY(check_path(task, pathname, LastSymlink::Follow));
    return 0;
}

Result<long> sys_llistxattr(Task& task, UserString pathname, UserBuffer, std::size_t) {
    TRY(check_path(task, pathname, LastSymlink::NoFollow));
    return 0;
}

Result<long> sys_flistxattr(Task& task, Fd fd, UserBuffer, std::size_t) {
    TRY(check_file(task, fd));
    return 0;
}

Result<long> sys_removexattr(Task& task, UserString pathname, UserString attribute) {
    TRY(check_path(task, pathname, LastSymlink::Follow));
    TRY(check_name(attribute));
    return Errno(EOPNOTSUPP);
}

Result<long> sys_lremovexattr(Task& task, UserString pathname, UserString attribute) {
    TRY(check_path(task, pathname, LastSymlink::NoFollow));
    TRY(check_name(attribute));
    return Errno(EOPNOTSUPP);
}

Result<long> sys_fremovexattr(Task& task, Fd fd, UserString attribute) {
    TRY(check_file(task, fd));
    TRY(check_name(attribute));
    return Errno(EOPNOTSUPP);
}

}  // namespace kernel
