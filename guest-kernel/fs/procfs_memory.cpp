#include "fs/procfs_memory.hpp"

#include <linux/capability.h>
#include <linux/fs.h>

#include <array>

#include "fs/file.hpp"
#include "fs/file_system.hpp"
#include "mm/address_space.hpp"
#include "task/inspection.hpp"
#include "task/proc_text.hpp"

namespace kernel {

namespace {

// Opened for good: the memory that the task had then, whatever it executes later (Linux fs/proc/base.c,
// __mem_open).
class TaskMemoryFile : public File {
  public:
    TaskMemoryFile(Path path, unsigned flags, const Task& task)
        : File(std::move(path), flags), space_(task.address_space) {}

    bool is_seekable() const override { return true; }
    bool has_unsigned_positions() const override { return true; }
    bool is_pollable() const override { return false; }
    Result<void> truncate(std::uint64_t) override { return {}; }
    Result<std::int64_t> seek(std::int64_t offset, int whence) override {
        if (whence != SEEK_SET && whence != SEEK_CUR) {
            return Errno(EINVAL);
        }
        // Addresses above the middle are positions too: nothing is negative.
        position = whence == SEEK_SET ? offset
                                      : static_cast<std::int64_t>(static_cast<std::uint64_t>(position) +
                                                                  static_cast<std::uint64_t>(offset));
        return position;
    }

  protected:
    AddressSpace* space() const { return space_.get(); }

  private:
    RefPtr<AddressSpace> space_;
};

// Linux fs/proc/base.c, mem_rw.
class MemoryFile final : public TaskMemoryFile {
  public:
    using TaskMemoryFile::TaskMemoryFile;

    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& place, TransferMode) override {
        return transfer(buffer, place, [&](std::uint64_t address, std::span<std::byte> piece) -> Moved {
            const std::size_t reached = space()->read_remote(address, piece, AddressSpace::Force::Yes);
            const std::size_t done = buffer.put(piece.data(), reached);
            return {.bytes = done, .is_end = reached < piece.size() || done < reached};
        });
    }
    Result<std::size_t> write(IoBuffer& buffer, std::int64_t& place, TransferMode) override {
        return transfer(buffer, place, [&](std::uint64_t address, std::span<std::byte> piece) -> Moved {
            const std::size_t taken = buffer.take(piece.data(), piece.size());
            const std::size_t done =
                space()->write_remote(address, piece.first(taken), AddressSpace::Force::Yes);
            return {.bytes = done, .is_end = done < piece.size()};
        });
    }

  private:
    struct Moved {
        std::size_t bytes;
        bool is_end;
    };

    // EIO: not a byte of the task's memory could be reached.
    template <typename Move>
    Result<std::size_t> transfer(IoBuffer& buffer, std::int64_t& place, Move move) {
        std::array<std::byte, 512> piece;
        std::size_t done = 0;
        bool is_end = space() == nullptr || buffer.is_empty();
        const bool has_nothing = is_end;
        while (!is_end && !buffer.is_empty()) {
            const auto address = static_cast<std::uint64_t>(place);
            const std::size_t in_piece = piece.size() - (address & (piece.size() - 1));
            const Moved moved = move(address, std::span(piece).first(std::min(in_piece, buffer.remaining())));
            done += moved.bytes;
            place += static_cast<std::int64_t>(moved.bytes);
            is_end = moved.is_end;
        }
        // Linux fs/proc/base.c, mem_rw: a fault of the caller's memory spoils what went before.
        if (buffer.has_faulted()) {
            return Errno(EFAULT);
        }
        return done == 0 && !has_nothing ? Result<std::size_t>(Errno(EIO)) : Result<std::size_t>(done);
    }
};

// Eight bytes for each page (Linux fs/proc/task_mmu.c, pagemap_read).
class PagemapFile final : public TaskMemoryFile {
  public:
    using TaskMemoryFile::TaskMemoryFile;

    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& place, TransferMode) override {
        constexpr std::size_t kWord = sizeof(std::uint64_t);
        if (space() == nullptr) {
            return std::size_t{0};
        }
        const auto start = static_cast<std::uint64_t>(place);
        if (start % kWord != 0 || buffer.remaining() % kWord != 0) {
            return Errno(EINVAL);
        }
        const bool shows_frames = Task::current().credentials.has(CAP_SYS_ADMIN);
        const std::uint64_t page_count = AddressSpace::kUserEnd >> kPageShift;
        std::uint64_t page = start / kWord;
        std::size_t done = 0;
        while (!buffer.is_empty() && !buffer.has_faulted() && page < page_count) {
            std::array<std::uint64_t, 64> words;
            const std::size_t count = std::min<std::uint64_t>(
                std::min(words.size(), buffer.remaining() / kWord), page_count - page);
            describe_pages(*space(), page, shows_frames, std::span(words).first(count));
            done += buffer.put(words.data(), count * kWord);
            page += count;
        }
        place += static_cast<std::int64_t>(done);
        return buffer.has_faulted() ? Result<std::size_t>(Errno(EFAULT)) : Result<std::size_t>(done);
    }
    Result<std::size_t> write(IoBuffer&, std::int64_t&, TransferMode) override { return Errno(EINVAL); }
};

template <typename FileKind>
class TaskMemoryInode final : public Inode {
  public:
    TaskMemoryInode(Ref<FileSystem> file_system, std::uint32_t permissions, Ref<Task> task)
        : Inode(std::move(file_system), S_IFREG | permissions), task_(std::move(task)) {}
    Result<Ref<File>> open_regular(const Path& path, std::uint32_t flags) override {
        if (!task_->is_known()) {
            return Errno(ESRCH);
        }
        if (!may_inspect(Task::current(), *task_)) {
            return Errno(EACCES);
        }
        return TRY(make_ref<FileKind>(path, flags, *task_));
    }
    Result<void> truncate(std::uint64_t) override { return {}; }

  private:
    Ref<Task> task_;
};

}  // namespace

Result<Ref<Inode>> make_memory_inode(Ref<FileSystem> file_system, Ref<Task> task) {
    return TRY(make_ref<TaskMemoryInode<MemoryFile>>(std::move(file_system), 0600U, std::move(task)));
}

Result<Ref<Inode>> make_pagemap_inode(Ref<FileSystem> file_system, Ref<Task> task) {
    return TRY(make_ref<TaskMemoryInode<PagemapFile>>(std::move(file_system), 0400U, std::move(task)));
}

}  // namespace kernel
