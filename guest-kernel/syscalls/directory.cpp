// Names: making and removing them, listing directories, and where a task's paths begin.
#include <linux/fcntl.h>
#include <linux/fs.h>

#include <array>

#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "fs/mount.hpp"
#include "fs/namespace.hpp"
#include "fs/path_walk.hpp"
#include "fs/text_buffer.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_mkdirat(Task& task, Fd dirfd, UserString pathname, unsigned mode) {
    String path = TRY(pathname.read_path());
    TRY(make_node(task, dirfd, path.view(), S_IFDIR | (mode & 01777), {}));
    return 0L;
}

Result<long> sys_mknodat(Task& task, Fd dirfd, UserString pathname, unsigned mode, unsigned device) {
    String path = TRY(pathname.read_path());
    unsigned type = mode & S_IFMT;
    switch (type) {
        case 0:
            type = S_IFREG;
            break;
        case S_IFREG:
        case S_IFIFO:
        case S_IFSOCK:
            break;
        case S_IFCHR:
        case S_IFBLK:
            if (!task.credentials.has(CAP_MKNOD)) {
                return Errno(EPERM);
            }
            break;
        case S_IFDIR:
            return Errno(EPERM);
        default:
            return Errno(EINVAL);
    }
    bool is_device = type == S_IFCHR || type == S_IFBLK;
    DeviceNumber number = is_device ? DeviceNumber::decode(device) : DeviceNumber();
    TRY(make_node(task, dirfd, path.view(), type | (mode & 07777), number));
    return 0L;
}

Result<long> sys_symlinkat(Task& task, UserString target, Fd newdirfd, UserString linkpath) {
    String text = TRY(target.read_path());
    if (text.is_empty()) {
        return Errno(ENOENT);
    }
    String path = TRY(linkpath.read_path());
    TRY(make_symlink(task, text.view(), newdirfd, path.view()));
    return 0L;
}

Result<long> sys_linkat(Task& task, Fd olddirfd, UserString oldpath, Fd newdirfd, UserString newpath,
                        unsigned flags) {
    if ((flags & ~static_cast<unsigned>(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0) {
        return Errno(EINVAL);
    }
    String old_text = TRY(oldpath.read_path());
    LastSymlink last = (flags & AT_SYMLINK_FOLLOW) != 0 ? LastSymlink::Follow : LastSymlink::NoFollow;
    EmptyPath empty = (flags & AT_EMPTY_PATH) != 0 ? EmptyPath::Start : EmptyPath::NoEntry;
    Path target = TRY(resolve_path(task, olddirfd, old_text.view(), last, empty));
    String new_text = TRY(newpath.read_path());
    TRY(make_link(task, target, newdirfd, new_text.view()));
    return 0L;
}

Result<long> sys_unlinkat(Task& task, Fd dirfd, UserString pathname, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(AT_REMOVEDIR)) != 0) {
        return Errno(EINVAL);
    }
    String path = TRY(pathname.read_path());
    if ((flags & AT_REMOVEDIR) != 0) {
        TRY(remove_directory(task, dirfd, path.view()));
    } else {
        TRY(remove_file(task, dirfd, path.view()));
    }
    return 0L;
}

Result<long> sys_renameat2(Task& task, Fd olddirfd, UserString oldpath, Fd newdirfd, UserString newpath,
                           unsigned flags) {
    // RENAME_WHITEOUT makes a device node of overlayfs's; nothing here has a use for it (Linux shmem has).
    constexpr unsigned kKnown = RENAME_NOREPLACE | RENAME_EXCHANGE;
    bool excluded = (flags & RENAME_EXCHANGE) != 0 && (flags & RENAME_NOREPLACE) != 0;
    if ((flags & ~kKnown) != 0 || excluded) {
        return Errno(EINVAL);
    }
    String old_text = TRY(oldpath.read_path());
    String new_text = TRY(newpath.read_path());
    TRY(rename_path(task, olddirfd, old_text.view(), newdirfd, new_text.view(), flags));
    return 0L;
}

Result<long> sys_renameat(Task& task, Fd olddirfd, UserString oldpath, Fd newdirfd, UserString newpath) {
    return sys_renameat2(task, olddirfd, oldpath, newdirfd, newpath, 0);
}

namespace {

// Writes struct linux_dirent64 records to the program (man 2 getdents).
class UserDirectoryEmitter final : public DirectoryEmitter {
  public:
    UserDirectoryEmitter(UserBuffer buffer, std::size_t size, const File& directory)
        : buffer_(buffer), size_(size), directory_(directory) {}

    bool emit(std::string_view name, std::uint64_t inode_number, FileType type) override {
        constexpr std::size_t kNameOffset = 19;
        std::size_t record_size = (kNameOffset + name.size() + 1 + 7) & ~std::size_t{7};
        if (record_size > size_ - used_) {
            is_too_small_ = used_ == 0;
            return false;
        }
        std::array<char, kNameOffset + 256 + 8> record{};
        std::int64_t next = directory_.position + 1;
        auto short_size = static_cast<std::uint16_t>(record_size);
        __builtin_memcpy(record.data(), &inode_number, 8);
        __builtin_memcpy(record.data() + 8, &next, 8);
        __builtin_memcpy(record.data() + 16, &short_size, 2);
        record[18] =
            static_cast<char>(static_cast<std::uint32_t>(type) >> 12);  // DT_* are the type bits of a mode
        __builtin_memcpy(record.data() + kNameOffset, name.data(), name.size());
        if (copy_to_user(buffer_.address() + used_, record.data(), record_size).is_error()) {
            faulted_ = true;
            return false;
        }
        used_ += record_size;
        return true;
    }

    Result<long> result() const {
        if (used_ == 0 && faulted_) {
            return Errno(EFAULT);
        }
        if (is_too_small_) {
            return Errno(EINVAL);
        }
        return static_cast<long>(used_);
    }

  private:
    UserBuffer buffer_;
    std::size_t size_;
    const File& directory_;
    std::size_t used_ = 0;
    bool is_too_small_ = false;
    bool faulted_ = false;
};

}  // namespace

Result<long> sys_getdents64(Task& task, Fd fd, UserBuffer dirp, unsigned count) {
    Ref<File> file = TRY(task.files->get_for_io(fd));
    UserDirectoryEmitter emitter(dirp, count, *file);
    TRY(file->read_directory(emitter));
    file->inode().touch_accessed();
    return emitter.result();
}

Result<long> sys_getcwd(Task& task, UserBuffer buffer, std::size_t size) {
    const Path& here = task.fs->working_directory;
    if (here.dentry->is_deleted()) {
        return Errno(ENOENT);
    }
    TextBuffer name;
    String result;
    if (describe_path(here, task.fs->root, name) == PathReach::Unreachable) {
        TRY(result.append("(unreachable)"));
    }
    TRY(name.append_to(result));
    std::size_t length = result.size() + 1;
    if (length > PATH_MAX) {
        return Errno(ENAMETOOLONG);
    }
    if (length > size) {
        return Errno(ERANGE);
    }
    TRY(copy_to_user(buffer.address(), result.c_str(), length));
    return static_cast<long>(length);
}

Result<long> sys_chdir(Task& task, UserString pathname) {
    String text = TRY(pathname.read_path());
    Path path = TRY(resolve_path(task, Fd{AT_FDCWD}, text.view(), LastSymlink::Follow));
    if (!path.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    TRY(check_permission(path.inode(), kMayExecute, task.credentials));
    task.fs->working_directory = std::move(path);
    return 0L;
}

Result<long> sys_fchdir(Task& task, Fd fd) {
    Ref<File> file = TRY(task.files->get(fd));
    if (!file->inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    TRY(check_permission(file->inode(), kMayExecute, task.credentials));
    task.fs->working_directory = file->path();
    return 0L;
}

Result<long> sys_chroot(Task& task, UserString pathname) {
    String text = TRY(pathname.read_path());
    Path path = TRY(resolve_path(task, Fd{AT_FDCWD}, text.view(), LastSymlink::Follow));
    if (!path.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    TRY(check_permission(path.inode(), kMayExecute, task.credentials));
    if (!task.credentials.has(CAP_SYS_CHROOT)) {
        return Errno(EPERM);
    }
    task.fs->root = std::move(path);
    return 0L;
}

Result<long> sys_umask(Task& task, unsigned mask) {
    unsigned old = task.fs->umask;
    task.fs->umask = mask & 0777;
    return static_cast<long>(old);
}

}  // namespace kernel
