// An open directory.
#pragma once

#include "fs/file.hpp"

namespace kernel {

class DirectoryFile final : public File {
  public:
    using File::File;

    Result<std::size_t> read(IoBuffer&, std::int64_t&, TransferMode) override { return Errno(EISDIR); }
    bool is_seekable() const override { return true; }
    bool is_pollable() const override { return false; }
    Result<std::int64_t> seek(std::int64_t offset, int whence) override;
    // Entries from `position` (their number, "." first) on.
    Result<void> read_directory(DirectoryEmitter& emitter) override;
    Result<void> synchronize() override { return {}; }

  private:
    // The part of the listing that comes next: dots by position, then the dentry tree, then the inode's own.
    Result<void> skip_to(std::int64_t entry);

    std::uint64_t last_serial_ = ~0ULL;  // of the last entry emitted: the list is sorted, newest first
    bool tree_done_ = false;
    std::uint64_t cursor_ = 0;          // into the inode's own list
    std::int64_t cursor_position_ = 0;  // the position that the three above stand for
};

}  // namespace kernel
