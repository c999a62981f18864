// A process's descriptors (shared by CLONE_FILES).
#pragma once

#include <linux/fcntl.h>

#include <cstdint>
#include <span>

#include "fs/fd.hpp"
#include "fs/file.hpp"
#include "lib/ref.hpp"
#include "lib/vector.hpp"

namespace kernel {

enum class CloseOnExec : bool { No, Yes };

// What a call's flags ask for. Every call that opens something uses O_CLOEXEC's value for it.
inline CloseOnExec close_on_exec_of(unsigned flags) {
    return (flags & O_CLOEXEC) != 0 ? CloseOnExec::Yes : CloseOnExec::No;
}

class FileTable : public RefCounted {
  public:
    static Result<Ref<FileTable>> create();
    // The same descriptors, in a table of their own.
    Result<Ref<FileTable>> clone();
    ~FileTable() override;

    // EBADF: not open. The file may be O_PATH.
    Result<Ref<File>> get(Fd fd) const;
    // EBADF also for O_PATH files: what everything but a few calls wants.
    Result<Ref<File>> get_for_io(Fd fd) const;
    // EBADF also for files that are not open for reading, or for writing.
    Result<Ref<File>> get_readable(Fd fd) const;
    Result<Ref<File>> get_writable(Fd fd) const;

    // The lowest free descriptor from `minimum` on. EMFILE at the current process's RLIMIT_NOFILE.
    Result<int> install(Ref<File> file, CloseOnExec close_on_exec, int minimum = 0);
    // Exactly this descriptor; what it was before is closed. EBADF beyond the limit.
    Result<void> install_at(Fd fd, Ref<File> file, CloseOnExec close_on_exec);
    // Before files are made for it: is there room for so many more descriptors? EMFILE.
    Result<void> check_room(unsigned count) const;
    // The number that the next descriptor from `minimum` on would get.
    std::size_t lowest_free(std::size_t minimum) const;

    Result<void> close(Fd fd);
    void close_on_exec();
    // Descriptors of [first, last]: closes them, or only marks them close-on-exec.
    void close_range(unsigned first, unsigned last);
    void mark_range(unsigned first, unsigned last);

    Result<CloseOnExec> close_on_exec_of(Fd fd) const;
    Result<void> set_close_on_exec(Fd fd, CloseOnExec close_on_exec);

    // One more than the highest descriptor that was ever open.
    std::size_t size() const { return slots_.size(); }
    // How many descriptors Linux's table of this history would have room for: select ignores those beyond
    // (Linux fs/file.c, alloc_fdtable).
    std::size_t capacity() const;
    bool is_open(std::size_t fd) const { return fd < slots_.size() && slots_[fd].file; }

  private:
    struct Slot {
        Ref<File> file;
        CloseOnExec close_on_exec = CloseOnExec::No;
    };
    void close_slot(std::size_t fd);

    Vector<Slot> slots_;
};

}  // namespace kernel
