// An open file description: what open, pipe, eventfd and others make, and what descriptors point to.
#pragma once

#include <asm/poll.h>
#include <linux/fcntl.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "fs/dentry.hpp"
#include "fs/io_buffer.hpp"
#include "fs/path.hpp"
#include "fs/poll_watches.hpp"
#include "lib/ref.hpp"
#include "mm/mapping.hpp"
#include "task/wait_queue.hpp"

namespace kernel {

class AsyncNotice;
class Epoll;
class FileTable;
class Inotify;
class PosixQueue;
class Process;
class SignalFile;
class Socket;
class Task;
class TimerFile;

// poll(2)'s bits that mean "a read, or a write, would not block".
inline constexpr std::uint32_t kPollReadable = POLLIN | POLLRDNORM;
inline constexpr std::uint32_t kPollWritable = POLLOUT | POLLWRNORM;

// Asks a file what is ready, and is told which queues to watch for changes.
class PollRegistrar {
  public:
    virtual ~PollRegistrar() = default;
    virtual void watch(WaitQueue& queue) = 0;
};

// Where a directory's entries go to.
class DirectoryEmitter {
  public:
    virtual ~DirectoryEmitter() = default;
    // False: there is no room, and the entry has to be emitted again later.
    virtual bool emit(std::string_view name, std::uint64_t inode_number, FileType type) = 0;
};

// Flags of one transfer.
struct TransferMode {
    bool nonblocking = false;  // O_NONBLOCK, RWF_NOWAIT
    bool append = false;       // O_APPEND, RWF_APPEND
};

// Whom a file tells by a signal, and by whose rights (man 2 fcntl, F_SETOWN).
struct FileOwner {
    enum class Kind : std::uint8_t { Thread, Process, Group };
    Kind kind = Kind::Thread;
    int id = 0;  // 0: nobody
    std::uint32_t user = 0;
    std::uint32_t effective_user = 0;
    int signal = 0;  // F_SETSIG; 0: SIGIO, without information
};

// The defaults of the virtual functions answer as Linux's VFS does where a file has no such operation.
class File : public MappedFile {
  public:
    // `flags` are open(2)'s; creation flags (O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC) and O_CLOEXEC are not kept.
    File(Path path, unsigned flags);
    ~File() override;

    // How many are open.
    static std::uint64_t count();

    const Path& path() const { return path_; }
    Inode& inode() const { return path_.inode(); }
    InodeAttributes attributes() const { return inode().current_attributes(); }
    // O_* as F_GETFL shows them, O_LARGEFILE included.
    unsigned flags() const { return flags_; }
    void set_flags(unsigned flags) { flags_ = flags; }
    // An access mode of 3 is for neither (Linux OPEN_FMODE).
    bool is_readable() const { return (flags_ & O_PATH) == 0 && ((flags_ + 1) & 1) != 0; }
    bool is_writable() const { return (flags_ & O_PATH) == 0 && ((flags_ + 1) & 2) != 0; }
    bool is_path_only() const { return (flags_ & O_PATH) != 0; }
    TransferMode transfer_mode() const {
        return {.nonblocking = (flags_ & O_NONBLOCK) != 0, .append = (flags_ & O_APPEND) != 0};
    }

    // Transfers at `position` and moves it on; files without a position leave it alone. The result may be
    // short. A write that finds no reader sends SIGPIPE itself. Precondition: is_readable(), is_writable().
    virtual Result<std::size_t> read(IoBuffer& buffer, std::int64_t& position, TransferMode mode);
    virtual Result<std::size_t> write(IoBuffer& buffer, std::int64_t& position, TransferMode mode);
    // Does it have a position (else pread, pwrite and lseek are ESPIPE)?
    virtual bool is_seekable() const { return false; }
    // Are pwrite and its kin for it, too? Not for texts that the kernel makes (Linux fs/seq_file.c,
    // seq_open).
    virtual bool takes_positioned_writes() const { return is_seekable(); }
    // Does it heed RWF_NOWAIT (Linux FMODE_NOWAIT, and an operation that takes flags)? Linux 6.1's pipes,
    // sockets and tmpfs do not.
    virtual bool can_be_told_not_to_wait(bool /*to_write*/) const { return false; }
    // Are all positions places, those above the middle of 64 bits too?
    virtual bool has_unsigned_positions() const { return false; }
    // Has it reads and writes at all? Without them they are EINVAL.
    virtual bool has_transfers() const { return true; }
    virtual Result<std::int64_t> seek(std::int64_t offset, int whence);
    // Can splice and sendfile take from it, or put into it? (A pipe is asked only as the output of sendfile.)
    virtual bool can_splice_from() const { return false; }
    virtual bool can_splice_to() const { return false; }
    // Does SPLICE_F_NONBLOCK keep a splice from waiting here for input? Else only O_NONBLOCK does.
    virtual bool heeds_splice_nonblock() const { return true; }

    // poll(2)'s bits that hold now. `registrar`, where not null, is told of the queues to watch.
    virtual std::uint32_t poll(PollRegistrar* registrar);
    // O_ASYNC, asked for by a descriptor: the owner is told by a signal when the file becomes ready. ENOTTY:
    // this file never tells.
    Result<void> set_async(bool on, int fd);
    // Puts the notice where this file tells of changes. False: it does not.
    virtual bool watch_async(AsyncNotice&) { return false; }
    // Can epoll watch it? (Regular files and directories cannot: EPERM)
    virtual bool is_pollable() const { return true; }
    virtual Result<long> ioctl(Task& task, unsigned command, unsigned long argument);
    virtual Result<void> read_directory(DirectoryEmitter& emitter);
    virtual Result<void> truncate(std::uint64_t size);
    // man 2 fallocate.
    virtual Result<void> allocate(unsigned mode, std::int64_t offset, std::int64_t length);
    virtual Result<void> synchronize();
    // Pages for mmap; null: anonymous memory (/dev/zero). ENODEV: cannot be mapped.
    virtual Result<RefPtr<MemoryObject>> mmap_object(Sharing sharing, int protection);
    // Are new shared mappings read-only for ever (F_SEAL_WRITE, F_SEAL_FUTURE_WRITE)?
    virtual bool is_sealed_against_writing() const { return false; }
    // What flags a program may set by F_SETFL.
    virtual unsigned settable_flags() const { return O_APPEND | O_NONBLOCK | O_NOATIME | FASYNC; }
    // A descriptor to it was closed (close(2) calls this; man 2 close).
    virtual void descriptor_closed() {}

    // The set that this file is, if it is one of epoll's.
    virtual Epoll* as_epoll() { return nullptr; }
    // The socket that this file is.
    virtual Socket* as_socket() { return nullptr; }
    // What the file is, if timerfd_create, signalfd or inotify_init made it.
    virtual TimerFile* as_timer() { return nullptr; }
    virtual SignalFile* as_signal_file() { return nullptr; }
    virtual Inotify* as_inotify() { return nullptr; }
    // The POSIX message queue that mq_open has opened.
    virtual PosixQueue* as_posix_queue() { return nullptr; }
    // The process that a pidfd stands for; null: no pidfd.
    virtual Process* as_process() { return nullptr; }

    // Additional lines of /proc/<pid>/fdinfo.
    virtual void describe(TextBuffer&) {}
    // What /proc/<pid>/fd links to and maps shows: the full path, " (deleted)" after it when it is unlinked.
    virtual void describe_name(TextBuffer& out) const;
    Result<void> append_path(String& out) const;

    // Fills `destination` from `offset` on. Returns fewer bytes at the end of the file.
    Result<std::size_t> read_kernel(std::span<std::byte> destination, std::uint64_t offset);

    // Told when the last descriptor is gone: epoll sets forget the file.
    struct Closing {};
    class CloseListener : public ListNode<Closing> {
      public:
        virtual ~CloseListener() = default;
        virtual void file_closed() = 0;
        // The set that watches the file.
        virtual Epoll* watching_set() = 0;
    };
    void add_close_listener(CloseListener& listener) { close_listeners_.push_back(listener); }
    List<CloseListener, Closing>& close_listeners() { return close_listeners_; }

    // What the opening of a regular file does after the file is made: it counts as a writer or as a reader,
    // and leases make way for it. ETXTBSY, EAGAIN, ERESTARTSYS: it was never open.
    Result<void> finish_opening();
    // As long as it is open it counts as a writer of its inode, or keeps others from writing it. ETXTBSY: the
    // other has begun.
    Result<void> claim_write_access();
    Result<void> deny_write_access();
    void allow_write_access();

    std::int64_t position = 0;
    FileOwner owner;

  protected:
    // For files whose reads and writes are at a position in something of `size` bytes (lseek's arithmetic).
    Result<std::int64_t> seek_within(std::int64_t offset, int whence, std::int64_t size);
    void last_reference_dropped() override;

  private:
    Path path_;
    unsigned flags_;
    Result<void> enter_inode();

    int write_access_ = 0;      // what it has added to its inode's
    bool is_reader_ = false;    // it is one of its inode's readers
    bool was_refused_ = false;  // its opening did not come to an end: nobody is told of its close
    List<CloseListener, Closing> close_listeners_;
    Own<AsyncNotice> async_;  // with O_ASYNC
};

// What memory keeps open, as a file again. Null stays null.
inline File* file_of(const RefPtr<MappedFile>& mapped) {
    return static_cast<File*>(mapped.get());
}

// May a file be made this long? EFBIG, with SIGXFSZ, beyond RLIMIT_FSIZE (Linux fs/attr.c, inode_newsize_ok).
Result<void> check_size_limit(const InodeAttributes& now, std::uint64_t size);

// How many bytes a write at a position may have: EFBIG, with SIGXFSZ at RLIMIT_FSIZE, where that is none
// (Linux generic_write_check_limits).
Result<std::uint64_t> room_for_write(std::uint64_t position);

// Opens what a path has led to (no O_CREAT, O_TRUNC or permissions here). ENXIO: nothing is behind the node;
// ELOOP: a symbolic link.
Result<Ref<File>> open_inode(const Path& path, unsigned flags);

// The poll registrar of a task that sleeps.
class PollWaiters final : public PollRegistrar {
  public:
    void watch(WaitQueue& queue) override;
    // ENOMEM if a queue could not be watched.
    Result<void> finish() const;

  private:
    PollWatches<TaskWaiter> waiters_;
};

}  // namespace kernel
