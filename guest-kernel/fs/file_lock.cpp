#include "fs/file_lock.hpp"

#include <new>

#include "fs/file.hpp"
#include "fs/file_table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Which process waits for which, to find deadlocks. One entry for each F_SETLKW that waits.
struct Waiting {
    const void* waiter;
    const void* holder;
};
Vector<Waiting>* all_waiting = nullptr;

// Would waiting for `holder` close a circle?
bool closes_circle(const void* waiter, const void* holder) {
    for (std::size_t steps = 0; all_waiting != nullptr && steps <= all_waiting->size(); steps++) {
        if (holder == waiter) {
            return true;
        }
        const void* next = nullptr;
        for (const Waiting& entry : *all_waiting) {
            if (entry.waiter == holder) {
                next = entry.holder;
            }
        }
        if (next == nullptr) {
            return false;
        }
        holder = next;
    }
    return false;
}

Result<void> begin_waiting(const void* waiter, const void* holder) {
    if (all_waiting == nullptr) {
        all_waiting = new (std::nothrow) Vector<Waiting>;
        if (all_waiting == nullptr) {
            return Errno(ENOLCK);
        }
    }
    return all_waiting->push_back({waiter, holder});
}

void end_waiting(const void* waiter) {
    for (std::size_t i = 0; i < all_waiting->size(); i++) {
        if ((*all_waiting)[i].waiter == waiter) {
            all_waiting->erase(i);
            return;
        }
    }
}

// Takes the lock of a number out.
template <typename T>
void remove(Vector<T>& locks, std::uint64_t serial) {
    for (std::size_t i = locks.size(); i-- > 0;) {
        if (locks[i].serial == serial) {
            locks.erase(i);
        }
    }
}

}  // namespace

std::uint64_t next_lock_serial() {
    static constinit std::uint64_t last = 0;
    return ++last;
}

FileLocks::FileLocks(const Inode& inode) : inode_(inode) {
    all().push_back(*this);
}

List<FileLocks>& FileLocks::all() {
    static List<FileLocks> every;
    return every;
}

Result<FileLocks*> FileLocks::of(Inode& inode) {
    if (inode.locks == nullptr) {
        inode.locks = new (std::nothrow) FileLocks(inode);
        if (inode.locks == nullptr) {
            return Errno(ENOLCK);
        }
    }
    return inode.locks;
}

const WholeLock* FileLocks::whole_conflict(const File& owner, LockKind kind) const {
    for (const WholeLock& lock : whole_) {
        if (lock.owner != &owner && (kind == LockKind::Exclusive || lock.kind == LockKind::Exclusive)) {
            return &lock;
        }
    }
    return nullptr;
}

Result<void> FileLocks::lock_whole(const File& owner, LockKind kind, LockWait wait) {
    for (const WholeLock& lock : whole_) {
        if (lock.owner == &owner && lock.kind == kind) {
            return {};
        }
    }
    // A conversion gives the old lock up first, as Linux does (man 2 flock).
    unlock_whole(owner);
    WholeLock wanted{.owner = &owner, .kind = kind, .process = Task::current().process_id()};
    if (whole_conflict(owner, kind) != nullptr) {
        if (wait == LockWait::Fail) {
            return Errno(EAGAIN);
        }
        wanted.serial = next_lock_serial();
        TRY(waiting_for_whole_.push_back(wanted));
        const Result<void> waited = released_.wait([&] { return whole_conflict(owner, kind) == nullptr; });
        remove(waiting_for_whole_, wanted.serial);
        TRY(waited);
    }
    wanted.serial = next_lock_serial();
    return whole_.push_back(wanted);
}

void FileLocks::unlock_whole(const File& owner) {
    for (std::size_t i = 0; i < whole_.size(); i++) {
        if (whole_[i].owner == &owner) {
            whole_.erase(i);
            released_.wake_all();
            return;
        }
    }
}

const RecordLock* FileLocks::conflict(const RecordLock& wanted) const {
    for (const RecordLock& lock : records_) {
        const bool overlaps = lock.start < wanted.end && wanted.start < lock.end;
        const bool excludes = lock.kind == LockKind::Exclusive || wanted.kind == LockKind::Exclusive;
        if (lock.owner != wanted.owner && overlaps && excludes) {
            return &lock;
        }
    }
    return nullptr;
}

// A lock that grows stays the lock that it was, unless it takes the place of another kind before (Linux
// posix_lock_inode).
std::uint64_t FileLocks::serial_of_merged(const RecordLock& wanted) const {
    for (const RecordLock& lock : records_) {
        const bool touches = lock.start <= wanted.end && wanted.start <= lock.end;
        const bool is_replaced = wanted.start <= lock.start && lock.end <= wanted.end;
        if (lock.owner == wanted.owner && (lock.kind == wanted.kind ? touches : is_replaced)) {
            return lock.kind == wanted.kind ? lock.serial : next_lock_serial();
        }
    }
    return next_lock_serial();
}

Result<void> FileLocks::lock_record(const RecordLock& wanted, LockWait wait) {
    while (const RecordLock* holder = conflict(wanted)) {
        if (wait == LockWait::Fail) {
            return Errno(EAGAIN);
        }
        // Only processes can wait in a circle: an open file belongs to no single thread.
        const bool is_process = wanted.process > 0;
        if (is_process && closes_circle(wanted.owner, holder->owner)) {
            return Errno(EDEADLK);
        }
        TRY(begin_waiting(wanted.owner, holder->owner));
        RecordLock waiter = wanted;
        waiter.serial = next_lock_serial();
        (void)waiting_for_records_.push_back(waiter);
        const Result<void> waited = released_.wait([&] { return conflict(wanted) == nullptr; });
        remove(waiting_for_records_, waiter.serial);
        end_waiting(wanted.owner);
        TRY(waited);
    }
    // An owner's locks stand together, in order of their start, where the first of them came (Linux
    // fs/locks.c, posix_lock_inode): F_GETLK shows the first that is in the way.
    std::size_t place = 0;
    while (place < records_.size() && records_[place].owner != wanted.owner) {
        place++;
    }
    RecordLock merged = wanted;
    merged.serial = serial_of_merged(wanted);
    TRY(carve(wanted.owner, wanted.start, wanted.end));
    for (std::size_t i = records_.size(); i-- > 0;) {
        const RecordLock& lock = records_[i];
        const bool touches = lock.start <= merged.end && merged.start <= lock.end;
        if (lock.owner == merged.owner && lock.kind == merged.kind && touches) {
            merged.start = lock.start < merged.start ? lock.start : merged.start;
            merged.end = lock.end > merged.end ? lock.end : merged.end;
            records_.erase(i);
        }
    }
    while (place < records_.size() && records_[place].owner == merged.owner &&
           records_[place].start < merged.start) {
        place++;
    }
    TRY(records_.insert(place, merged));
    released_.wake_all();  // a write lock that became a read lock lets others in
    return {};
}

Result<void> FileLocks::carve(const void* owner, std::uint64_t start, std::uint64_t end) {
    for (std::size_t i = records_.size(); i-- > 0;) {
        RecordLock& lock = records_[i];
        if (lock.owner != owner || lock.end <= start || end <= lock.start) {
            continue;
        }
        if (lock.start < start && lock.end > end) {
            RecordLock tail = lock;
            tail.start = end;
            lock.end = start;
            lock.serial = next_lock_serial();
            return records_.insert(i + 1, tail);
        }
        if (lock.start < start) {
            lock.end = start;
        } else if (lock.end > end) {
            lock.start = end;
        } else {
            records_.erase(i);
        }
    }
    return {};
}

Result<void> FileLocks::unlock_record(const void* owner, std::uint64_t start, std::uint64_t end) {
    Result<void> carved = carve(owner, start, end);
    released_.wake_all();
    return carved;
}

void FileLocks::unlock_all_records(const void* owner) {
    bool found = false;
    for (std::size_t i = records_.size(); i-- > 0;) {
        if (records_[i].owner == owner) {
            records_.erase(i);
            found = true;
        }
    }
    if (found) {
        released_.wake_all();
    }
}

void release_record_locks(Inode& inode, const FileTable& owner) {
    if (inode.locks != nullptr) {
        inode.locks->unlock_all_records(&owner);
    }
}

void release_locks_of_file(File& file) {
    if (FileLocks* locks = file.inode().locks) {
        locks->unlock_whole(file);
        locks->unlock_all_records(&file);
    }
}

}  // namespace kernel
