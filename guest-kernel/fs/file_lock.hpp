// Advisory locks: flock(2) on open files, record locks of fcntl(2) on bytes of an inode (Linux fs/locks.c).
#pragma once

#include <cstdint>

#include "fs/inode.hpp"
#include "lib/list.hpp"
#include "lib/vector.hpp"
#include "task/wait_queue.hpp"

namespace kernel {

class FileTable;

enum class LockKind : std::uint8_t { Shared, Exclusive };
enum class LockWait : std::uint8_t { Fail, Sleep };

// A record lock on bytes [start, end), owned by a process's descriptors (F_SETLK) or by an open file
// (F_OFD_SETLK).
struct RecordLock {
    const void* owner = nullptr;
    int process = 0;  // what F_GETLK reports; -1 for an open file's
    LockKind kind = LockKind::Shared;
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t serial = 0;  // see next_lock_serial
};

// Locks of all kinds and all files are numbered as they are made: /proc/locks shows the newest first.
std::uint64_t next_lock_serial();

// A lock of flock(2).
struct WholeLock {
    const File* owner = nullptr;
    LockKind kind = LockKind::Shared;
    int process = 0;  // that asked for it
    std::uint64_t serial = 0;
};

// The locks on one inode.
class FileLocks : public ListNode<> {
  public:
    explicit FileLocks(const Inode& inode);
    // The inode's, made if there are none yet.
    static Result<FileLocks*> of(Inode& inode);

    // EAGAIN or, when waiting, ERESTARTSYS.
    Result<void> lock_whole(const File& owner, LockKind kind, LockWait wait);
    void unlock_whole(const File& owner);

    // EAGAIN, EDEADLK (two processes wait for each other), ENOLCK.
    Result<void> lock_record(const RecordLock& wanted, LockWait wait);
    Result<void> unlock_record(const void* owner, std::uint64_t start, std::uint64_t end);
    void unlock_all_records(const void* owner);
    // A lock that keeps `wanted` from being granted, or null.
    const RecordLock* conflict(const RecordLock& wanted) const;

    // For /proc/locks: all locks, and those that wait for one of them.
    static List<FileLocks>& all();
    const Inode& inode() const { return inode_; }
    const Vector<WholeLock>& whole() const { return whole_; }
    const Vector<RecordLock>& records() const { return records_; }
    const Vector<WholeLock>& waiting_for_whole() const { return waiting_for_whole_; }
    const Vector<RecordLock>& waiting_for_records() const { return waiting_for_records_; }
    const WholeLock* whole_conflict(const File& owner, LockKind kind) const;

  private:
    std::uint64_t serial_of_merged(const RecordLock& wanted) const;
    // Takes the owner's locks out of a range, splitting those that reach beyond it.
    Result<void> carve(const void* owner, std::uint64_t start, std::uint64_t end);

    const Inode& inode_;
    Vector<WholeLock> whole_;
    Vector<WholeLock> waiting_for_whole_;
    Vector<RecordLock> waiting_for_records_;
    Vector<RecordLock> records_;
    WaitQueue released_;
};

// The text of /proc/locks.
Result<void> append_locks(String& out);

// At the close of a descriptor, and at the end of an open file.
void release_record_locks(Inode& inode, const FileTable& owner);
void release_locks_of_file(File& file);

}  // namespace kernel
