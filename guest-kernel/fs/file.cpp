#include "fs/file.hpp"

#include <linux/fs.h>
#include <linux/inotify.h>
#include <linux/resource.h>

#include "fs/device.hpp"
#include "fs/directory_file.hpp"
#include "fs/file_lease.hpp"
#include "fs/file_lock.hpp"
#include "fs/file_owner.hpp"
#include "fs/file_system.hpp"
#include "fs/fs_context.hpp"
#include "fs/notify.hpp"
#include "fs/pipe.hpp"
#include "fs/text_buffer.hpp"
#include "signal/signals.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constinit std::uint64_t open_files = 0;
constexpr unsigned kCreationFlags = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC;
}  // namespace

File::File(Path path, unsigned flags) : path_(std::move(path)), flags_(flags & ~kCreationFlags) {
    ++open_files;
}

File::~File() {
    --open_files;
}

std::uint64_t File::count() {
    return open_files;
}

void File::last_reference_dropped() {
    while (CloseListener* listener = close_listeners_.pop_front()) {
        listener->file_closed();
    }
    async_ = nullptr;
    if (!was_refused_) {
        notify_file(*this, is_writable() ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    }
    release_locks_of_file(*this);
    release_lease_of_file(*this);
    inode().readers -= is_reader_ ? 1 : 0;
    allow_write_access();
    delete this;
}

// Linux fs/open.c, do_dentry_open.
Result<void> File::finish_opening() {
    Result<void> entered = enter_inode();
    was_refused_ = entered.is_error();
    return entered;
}

Result<void> File::enter_inode() {
    if (is_writable()) {
        TRY(claim_write_access());
    } else if (is_readable()) {
        is_reader_ = true;
        ++inode().readers;
    }
    return make_leases_way(inode(), flags_);
}

Result<void> File::claim_write_access() {
    if (inode().write_access < 0) {
        return Errno(ETXTBSY);
    }
    ++inode().write_access;
    ++write_access_;
    ++inode().file_system().writers;
    return {};
}

Result<void> File::deny_write_access() {
    if (inode().write_access > 0) {
        return Errno(ETXTBSY);
    }
    --inode().write_access;
    --write_access_;
    return {};
}

void File::allow_write_access() {
    inode().write_access -= write_access_;
    inode().file_system().writers -= write_access_ > 0 ? static_cast<std::uint64_t>(write_access_) : 0;
    write_access_ = 0;
}

Result<void> File::set_async(bool on, int fd) {
    async_ = nullptr;
    flags_ &= ~static_cast<unsigned>(FASYNC);
    if (on) {
        Own<AsyncNotice> notice = TRY(make_own<AsyncNotice>(*this, fd));
        if (!watch_async(*notice)) {
            return Errno(ENOTTY);
        }
        async_ = std::move(notice);
        flags_ |= FASYNC;
    }
    return {};
}

Result<std::size_t> File::read(IoBuffer&, std::int64_t&, TransferMode) {
    return Errno(EINVAL);
}

Result<std::size_t> File::write(IoBuffer&, std::int64_t&, TransferMode) {
    return Errno(EINVAL);
}

Result<std::int64_t> File::seek(std::int64_t, int) {
    return Errno(ESPIPE);
}

std::uint32_t File::poll(PollRegistrar*) {
    return kPollReadable | kPollWritable;
}

Result<long> File::ioctl(Task&, unsigned, unsigned long) {
    return Errno(ENOTTY);
}

Result<void> File::read_directory(DirectoryEmitter&) {
    return Errno(ENOTDIR);
}

Result<void> File::truncate(std::uint64_t) {
    return Errno(EINVAL);
}

Result<void> File::allocate(unsigned, std::int64_t, std::int64_t) {
    return Errno(EOPNOTSUPP);
}

Result<void> File::synchronize() {
    return Errno(EINVAL);
}

Result<RefPtr<MemoryObject>> File::mmap_object(Sharing, int) {
    return Errno(ENODEV);
}

void File::describe_name(TextBuffer& out) const {
    describe_path(path_, Task::current().fs->root, out);
}

Result<void> File::append_path(String& out) const {
    TextBuffer name;
    describe_name(name);
    TRY(name.finish());
    return out.append(name.view());
}

Result<std::size_t> File::read_kernel(std::span<std::byte> destination, std::uint64_t offset) {
    auto place = static_cast<std::int64_t>(offset);
    IoBuffer buffer = IoBuffer::kernel(destination.data(), destination.size());
    std::size_t total = 0;
    while (!buffer.is_empty()) {
        const std::size_t done = TRY(read(buffer, place, {}));
        if (done == 0) {
            break;
        }
        total += done;
    }
    if (total != 0) {
        notify_file(*this, IN_ACCESS);
    }
    return total;
}

Result<std::int64_t> File::seek_within(std::int64_t offset, int whence, std::int64_t size) {
    std::int64_t base = 0;
    switch (whence) {
        case SEEK_SET:
            break;
        case SEEK_CUR:
            base = position;
            break;
        case SEEK_END:
            base = size;
            break;
        case SEEK_DATA:  // without knowledge of holes all of a file is data (Linux default_llseek)
            if (offset >= size) {
                return Errno(ENXIO);
            }
            break;
        case SEEK_HOLE:
            if (offset >= size) {
                return Errno(ENXIO);
            }
            offset = size;
            break;
        default:
            return Errno(EINVAL);
    }
    std::int64_t result = 0;
    if (__builtin_add_overflow(base, offset, &result) || result < 0) {
        return Errno(EINVAL);
    }
    position = result;
    return result;
}

Result<void> check_size_limit(const InodeAttributes& now, std::uint64_t size) {
    Task& task = Task::current();
    if (size > now.size && size > task.process->limit(RLIMIT_FSIZE).rlim_cur) {
        TRY(send_signal(task, user_siginfo(SIGXFSZ, SI_USER)));
        return Errno(EFBIG);
    }
    return {};
}

Result<std::uint64_t> room_for_write(std::uint64_t position) {
    constexpr std::uint64_t kMaximumFileSize = INT64_MAX;  // MAX_LFS_FILESIZE
    Task& task = Task::current();
    const std::uint64_t limit = task.process->limit(RLIMIT_FSIZE).rlim_cur;
    if (position >= limit) {
        TRY(send_signal(task, user_siginfo(SIGXFSZ, SI_USER)));
        return Errno(EFBIG);
    }
    return position < kMaximumFileSize ? Result<std::uint64_t>(std::min(limit, kMaximumFileSize) - position)
                                       : Result<std::uint64_t>(Errno(EFBIG));
}

Result<Ref<File>> open_inode(const Path& path, unsigned flags) {
    Inode& inode = path.inode();
    if ((flags & O_PATH) != 0) {
        return make_ref<File>(path, flags);
    }
    switch (inode.type()) {
        case FileType::Regular: {
            Ref<File> file = TRY(inode.open_regular(path, flags));
            TRY(file->finish_opening());
            return file;
        }
        case FileType::Directory:
            return TRY(make_ref<DirectoryFile>(path, flags));
        case FileType::CharacterDevice:
            return open_character_device(path, flags);
        case FileType::Fifo:
            return open_fifo(path, flags);
        case FileType::Symlink:
            return Errno(ELOOP);
        case FileType::BlockDevice:
        case FileType::Socket:
        case FileType::None:
            break;
    }
    return Errno(ENXIO);
}

void PollWaiters::watch(WaitQueue& queue) {
    waiters_.add(queue, Share::WithAll);
}

Result<void> PollWaiters::finish() const {
    return waiters_.has_failed() ? Result<void>(Errno(ENOMEM)) : Result<void>();
}

}  // namespace kernel
