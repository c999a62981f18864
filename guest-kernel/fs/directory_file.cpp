#include "fs/directory_file.hpp"

#include <linux/fs.h>

namespace kernel {

namespace {

// Counts what passes through to another emitter, so that the position can follow.
class CountingEmitter final : public DirectoryEmitter {
  public:
    CountingEmitter(DirectoryEmitter& target, std::int64_t& count) : target_(target), count_(count) {}
    bool emit(std::string_view name, std::uint64_t inode_number, FileType type) override {
        if (!target_.emit(name, inode_number, type)) {
            full_ = true;
            return false;
        }
        count_++;
        return true;
    }
    bool is_full() const { return full_; }

  private:
    DirectoryEmitter& target_;
    std::int64_t& count_;
    bool full_ = false;
};

// Takes a number of entries and drops them: lseek to the middle of a directory.
class SkippingEmitter final : public DirectoryEmitter {
  public:
    explicit SkippingEmitter(std::int64_t entries) : left_(entries) {}
    bool emit(std::string_view, std::uint64_t, FileType) override { return left_-- > 0; }

  private:
    std::int64_t left_;
};

}  // namespace

Result<std::int64_t> DirectoryFile::seek(std::int64_t offset, int whence) {
    if (whence == SEEK_CUR) {
        offset += position;
    } else if (whence != SEEK_SET) {
        return Errno(EINVAL);  // Linux fs/libfs.c, dcache_dir_lseek
    }
    if (offset < 0) {
        return Errno(EINVAL);
    }
    position = offset;
    return offset;
}

Result<void> DirectoryFile::skip_to(std::int64_t entry) {
    last_serial_ = ~0ULL;
    tree_done_ = false;
    cursor_ = 0;
    cursor_position_ = position = 0;
    SkippingEmitter skipped(entry);
    TRY(read_directory(skipped));
    cursor_position_ = position = entry;
    return {};
}

Result<void> DirectoryFile::read_directory(DirectoryEmitter& target) {
    if (path().dentry->is_deleted()) {
        return Errno(ENOENT);
    }
    if (position != cursor_position_) {
        TRY(skip_to(position));
    }
    CountingEmitter emitter(target, position);
    Dentry& directory = *path().dentry;
    Dentry& above = directory.is_root() ? directory : *directory.parent();
    if (position == 0) {
        emitter.emit(".", inode().attributes.number, FileType::Directory);
    }
    if (position == 1) {
        emitter.emit("..", above.inode().attributes.number, FileType::Directory);
    }
    if (!tree_done_ && !emitter.is_full()) {
        for (Dentry& entry : directory.children()) {
            if (entry.serial() >= last_serial_) {
                continue;
            }
            if (!emitter.emit(entry.name(), entry.inode().attributes.number, entry.inode().type())) {
                break;
            }
            last_serial_ = entry.serial();
        }
        tree_done_ = !emitter.is_full();
    }
    if (tree_done_ && !emitter.is_full()) {
        TRY(inode().list(directory, cursor_, emitter));
    }
    cursor_position_ = position;
    return {};
}

}  // namespace kernel
