// Leases: whoever has one on a file is told before others open it in a way that conflicts, and these wait
// until the holder has given it up or its time is over (man 2 fcntl, F_SETLEASE; Linux fs/locks.c).
#pragma once

#include <cstdint>

#include "fs/file_lock.hpp"

namespace kernel {

// One lease. It is that of an open file.
struct FileLease {
    File* file = nullptr;
    int process = 0;           // that asked for it
    std::uint64_t serial = 0;  // see next_lock_serial
    int fd = -1;               // by which it was asked for
    LockKind kind = LockKind::Shared;
    bool must_end = false;            // somebody wants to write
    bool must_be_shared = false;      // somebody wants to read
    std::int64_t ends = 0;            // monotonic; 0: waits for the holder for ever
    std::int64_t becomes_shared = 0;  // likewise
    bool is_breaking() const { return must_end || must_be_shared; }
    // What it is, or will be as soon as the holder has done what it was told.
    int target() const;
};

// The leases on one inode.
class FileLeases : public ListNode<> {
  public:
    FileLeases();
    // For /proc/locks.
    static List<FileLeases>& all();
    // F_RDLCK, F_WRLCK or F_UNLCK: what the file's lease is to be as soon as nobody waits; F_UNLCK without
    // one.
    int of(const File& file);
    // EAGAIN: opened otherwise, or another's lease is in the way; EINVAL: leases are switched off.
    Result<void> set(File& file, int fd, LockKind kind);
    // EAGAIN: the file has none.
    Result<void> remove(File& file);
    // Tells the holders whose leases conflict, and waits for them. EAGAIN with O_NONBLOCK; ERESTARTSYS.
    Result<void> make_way(unsigned flags);

    const Vector<FileLease>& all_of_inode() const { return leases_; }

  private:
    FileLease* find(const File& file);
    void end_overdue();
    // The lease becomes another, or ends; those who wait look again.
    void share(FileLease& lease);
    void end(FileLease& lease);
    bool has_conflict(bool writes) const;
    void tell_holders(bool writes);
    // When the first of those in the way is overdue.
    Deadline next_deadline(bool writes) const;

    Vector<FileLease> leases_;
    WaitQueue changed_;
};

// fcntl's F_SETLEASE. EACCES: the file is another user's; EINVAL: not a regular file.
Result<void> set_lease(File& file, int fd, unsigned long kind);
int lease_of(const File& file);
// At an open with these flags, or a change of size.
Result<void> make_leases_way(const Inode& inode, unsigned flags);
// At the end of an open file.
void release_lease_of_file(File& file);

}  // namespace kernel
