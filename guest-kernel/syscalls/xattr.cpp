// Extended attributes: setxattr, getxattr, listxattr, removexattr and their l and f forms (Linux fs/xattr.c).
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/xattr.h>

#include "fs/extended_attributes.hpp"
#include "fs/file_table.hpp"
#include "fs/namespace.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

Result<Path> named_file(Task& task, UserString pathname, LastSymlink last) {
    const String text = TRY(pathname.read_path());
    return resolve_path(task, Fd{AT_FDCWD}, text.view(), last);
}

Result<Path> open_file(Task& task, Fd fd) {
    return TRY(task.files->get_for_io(fd))->path();
}

// ERANGE: the name is empty or too long.
Result<String> read_name(UserString attribute) {
    String name = TRY(attribute.read(XATTR_NAME_MAX + 1, Errno(ERANGE)));
    if (name.is_empty()) {
        return Errno(ERANGE);
    }
    return name;
}

Result<String> read_value(UserBuffer buffer, std::size_t size) {
    Vector<std::byte> bytes;
    TRY(bytes.resize(size));
    if (buffer.read(bytes.span()) < size) {
        return Errno(EFAULT);
    }
    return String::copy_of({reinterpret_cast<const char*>(bytes.data()), size});
}

Result<long> set(Task& task, const Path& path, UserString attribute, UserBuffer buffer, std::size_t size,
                 unsigned flags) {
    TRY(check_writable_mount(path));
    if ((flags & ~static_cast<unsigned>(XATTR_CREATE | XATTR_REPLACE)) != 0) {
        return Errno(EINVAL);
    }
    const String name = TRY(read_name(attribute));
    if (size > XATTR_SIZE_MAX) {
        return Errno(E2BIG);
    }
    const String value = TRY(read_value(buffer, size));
    TRY(set_attribute(task, path, name.view(), value.view(), flags));
    return 0;
}

// Gives text to a program that has `size` bytes for it, or with 0 only asks how long it is.
Result<long> give(std::string_view text, UserBuffer buffer, std::size_t size) {
    if (size != 0) {
        if (text.size() > size) {
            return Errno(ERANGE);
        }
        if (buffer.write(std::as_bytes(std::span(text.data(), text.size()))) < text.size()) {
            return Errno(EFAULT);
        }
    }
    return static_cast<long>(text.size());
}

Result<long> get(Task& task, const Path& path, UserString attribute, UserBuffer buffer, std::size_t size) {
    const String name = TRY(read_name(attribute));
    String value;
    TRY(get_attribute(task, path.inode(), name.view(), value));
    return give(value.view(), buffer, size);
}

Result<long> list(Task& task, const Path& path, UserBuffer buffer, std::size_t size) {
    String names;
    TRY(list_attributes(task, path.inode(), names));
    // More than a program may ask for at once (XATTR_LIST_MAX) cannot be shown at all.
    if (names.size() > XATTR_LIST_MAX && size >= XATTR_LIST_MAX) {
        return Errno(E2BIG);
    }
    return give(names.view(), buffer, size);
}

Result<long> remove(Task& task, const Path& path, UserString attribute) {
    TRY(check_writable_mount(path));
    const String name = TRY(read_name(attribute));
    TRY(remove_attribute(task, path, name.view()));
    return 0;
}

}  // namespace

Result<long> sys_setxattr(Task& task, UserString pathname, UserString attribute, UserBuffer value,
                          std::size_t size, unsigned flags) {
    return set(task, TRY(named_file(task, pathname, LastSymlink::Follow)), attribute, value, size, flags);
}

Result<long> sys_lsetxattr(Task& task, UserString pathname, UserString attribute, UserBuffer value,
                           std::size_t size, unsigned flags) {
    return set(task, TRY(named_file(task, pathname, LastSymlink::NoFollow)), attribute, value, size, flags);
}

Result<long> sys_fsetxattr(Task& task, Fd fd, UserString attribute, UserBuffer value, std::size_t size,
                           unsigned flags) {
    return set(task, TRY(open_file(task, fd)), attribute, value, size, flags);
}

Result<long> sys_getxattr(Task& task, UserString pathname, UserString attribute, UserBuffer value,
                          std::size_t size) {
    return get(task, TRY(named_file(task, pathname, LastSymlink::Follow)), attribute, value, size);
}

Result<long> sys_lgetxattr(Task& task, UserString pathname, UserString attribute, UserBuffer value,
                           std::size_t size) {
    return get(task, TRY(named_file(task, pathname, LastSymlink::NoFollow)), attribute, value, size);
}

Result<long> sys_fgetxattr(Task& task, Fd fd, UserString attribute, UserBuffer value, std::size_t size) {
    return get(task, TRY(open_file(task, fd)), attribute, value, size);
}

Result<long> sys_listxattr(Task& task, UserString pathname, UserBuffer names, std::size_t size) {
    return list(task, TRY(named_file(task, pathname, LastSymlink::Follow)), names, size);
}

Result<long> sys_llistxattr(Task& task, UserString pathname, UserBuffer names, std::size_t size) {
    return list(task, TRY(named_file(task, pathname, LastSymlink::NoFollow)), names, size);
}

Result<long> sys_flistxattr(Task& task, Fd fd, UserBuffer names, std::size_t size) {
    return list(task, TRY(open_file(task, fd)), names, size);
}

Result<long> sys_removexattr(Task& task, UserString pathname, UserString attribute) {
    return remove(task, TRY(named_file(task, pathname, LastSymlink::Follow)), attribute);
}

Result<long> sys_lremovexattr(Task& task, UserString pathname, UserString attribute) {
    return remove(task, TRY(named_file(task, pathname, LastSymlink::NoFollow)), attribute);
}

Result<long> sys_fremovexattr(Task& task, Fd fd, UserString attribute) {
    return remove(task, TRY(open_file(task, fd)), attribute);
}

}  // namespace kernel
