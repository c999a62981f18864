#include "fs/file_lease.hpp"

#include <asm/siginfo.h>
#include <linux/capability.h>
#include <linux/fcntl.h>

#include <new>

#include "fs/file.hpp"
#include "fs/file_owner.hpp"
#include "lib/settings.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// When a lease that has to go is taken away; 0: never.
std::int64_t break_time() {
    const std::int64_t seconds = settings().lease_break_seconds;
    return seconds > 0 ? monotonic_now() + seconds * kSecond : 0;
}

bool is_past(std::int64_t time) {
    return time != 0 && monotonic_now() >= time;
}

// Has nobody but this file the inode open? (Linux check_conflicting_open)
Result<void> check_other_opens(const File& file, LockKind kind) {
    const Inode& inode = file.inode();
    if (kind == LockKind::Shared) {
        return inode.write_access > 0 ? Result<void>(Errno(EAGAIN)) : Result<void>();
    }
    const int own_writers = file.is_writable() ? 1 : 0;
    const int own_readers = file.is_readable() && !file.is_writable() ? 1 : 0;
    const bool is_alone = inode.write_access == own_writers && inode.readers == own_readers;
    return is_alone ? Result<void>() : Result<void>(Errno(EAGAIN));
}

}  // namespace

int FileLease::target() const {
    if (must_end) {
        return F_UNLCK;
    }
    return kind == LockKind::Exclusive && !must_be_shared ? F_WRLCK : F_RDLCK;
}

FileLeases::FileLeases() {
    all().push_back(*this);
}

List<FileLeases>& FileLeases::all() {
    static List<FileLeases> every;
    return every;
}

FileLease* FileLeases::find(const File& file) {
    for (FileLease& lease : leases_) {
        if (lease.file == &file) {
            return &lease;
        }
    }
    return nullptr;
}

int FileLeases::of(const File& file) {
    end_overdue();
    const FileLease* lease = find(file);
    return lease != nullptr ? lease->target() : F_UNLCK;
}

// Linux generic_add_lease.
Result<void> FileLeases::set(File& file, int fd, LockKind kind) {
    end_overdue();
    TRY(check_other_opens(file, kind));
    for (const FileLease& other : leases_) {
        if (other.file != &file && (kind == LockKind::Exclusive || other.must_end)) {
            return Errno(EAGAIN);
        }
    }
    FileLease* lease = find(file);
    if (lease == nullptr) {
        if (settings().has_leases == 0) {
            return Errno(EINVAL);
        }
        TRY(leases_.push_back({}));
        lease = &leases_.back();
        lease->file = &file;
        lease->process = Task::current().process_id();
        lease->serial = next_lock_serial();
    } else {
        lease->must_be_shared = lease->must_be_shared && kind == LockKind::Exclusive;
    }
    lease->fd = fd;
    lease->kind = kind;
    file.set_flags(file.flags() | FASYNC);
    changed_.wake_all();
    become_owner(file);
    return {};
}

Result<void> FileLeases::remove(File& file) {
    end_overdue();
    FileLease* lease = find(file);
    if (lease == nullptr) {
        return Errno(EAGAIN);
    }
    end(*lease);
    return {};
}

void FileLeases::share(FileLease& lease) {
    lease.kind = LockKind::Shared;
    lease.must_be_shared = false;
    changed_.wake_all();
}

// With the lease go the file's owner and signal (Linux lease_modify).
void FileLeases::end(FileLease& lease) {
    lease.file->owner.id = 0;
    lease.file->owner.kind = FileOwner::Kind::Process;
    lease.file->owner.signal = 0;
    lease.file->set_flags(lease.file->flags() & ~unsigned{FASYNC});
    leases_.erase(static_cast<std::size_t>(&lease - leases_.data()));
    changed_.wake_all();
}

void FileLeases::end_overdue() {
    for (std::size_t i = leases_.size(); i-- > 0;) {
        if (is_past(leases_[i].becomes_shared)) {
            share(leases_[i]);
        }
        if (is_past(leases_[i].ends)) {
            end(leases_[i]);
        }
    }
}

bool FileLeases::has_conflict(bool writes) const {
    for (const FileLease& lease : leases_) {
        if (writes || lease.kind == LockKind::Exclusive) {
            return true;
        }
    }
    return false;
}

void FileLeases::tell_holders(bool writes) {
    for (FileLease& lease : leases_) {
        if (!writes && (lease.kind == LockKind::Shared || lease.is_breaking())) {
            continue;
        }
        if (writes && lease.must_end) {
            continue;
        }
        (writes ? lease.must_end : lease.must_be_shared) = true;
        (writes ? lease.ends : lease.becomes_shared) = break_time();
        notify_owner(lease.file->owner, lease.fd, POLL_MSG);
    }
}

Deadline FileLeases::next_deadline(bool writes) const {
    std::int64_t first = INT64_MAX;
    for (const FileLease& lease : leases_) {
        for (const std::int64_t time : {lease.ends, lease.becomes_shared}) {
            if ((writes || lease.kind == LockKind::Exclusive) && time != 0 && time < first) {
                first = time;
            }
        }
    }
    return Deadline::at(first);
}

// Linux __break_lease.
Result<void> FileLeases::make_way(unsigned flags) {
    const bool writes = (flags & O_ACCMODE) != O_RDONLY;
    end_overdue();
    if (!has_conflict(writes)) {
        return {};
    }
    tell_holders(writes);
    if ((flags & O_NONBLOCK) != 0) {
        return Errno(EAGAIN);
    }
    while (has_conflict(writes)) {
        const Result<void> waited =
            changed_.wait([&] { return !has_conflict(writes); }, next_deadline(writes));
        if (waited.is_error() && waited.error() != Errno(ETIMEDOUT)) {
            return waited.error();
        }
        end_overdue();
    }
    return {};
}

// Linux fcntl_setlease, generic_setlease: an unknown kind comes before everything else.
Result<void> set_lease(File& file, int fd, unsigned long kind) {
    if (kind != F_RDLCK && kind != F_WRLCK && kind != F_UNLCK) {
        return Errno(EINVAL);
    }
    const Credentials& user = Task::current().credentials;
    Inode& inode = file.inode();
    if (user.file_system_user != inode.current_attributes().user && !user.has(CAP_LEASE)) {
        return Errno(EACCES);
    }
    if (!inode.is_regular()) {
        return Errno(EINVAL);
    }
    if (kind == F_UNLCK) {
        return inode.leases != nullptr ? inode.leases->remove(file) : Result<void>(Errno(EAGAIN));
    }
    if (inode.leases == nullptr) {
        inode.leases = new (std::nothrow) FileLeases;
        if (inode.leases == nullptr) {
            return Errno(ENOMEM);
        }
    }
    return inode.leases->set(file, fd, kind == F_WRLCK ? LockKind::Exclusive : LockKind::Shared);
}

int lease_of(const File& file) {
    FileLeases* leases = file.inode().leases;
    return leases != nullptr ? leases->of(file) : F_UNLCK;
}

Result<void> make_leases_way(const Inode& inode, unsigned flags) {
    return inode.leases != nullptr ? inode.leases->make_way(flags) : Result<void>();
}

void release_lease_of_file(File& file) {
    if (FileLeases* leases = file.inode().leases) {
        (void)leases->remove(file);
    }
}

}  // namespace kernel
