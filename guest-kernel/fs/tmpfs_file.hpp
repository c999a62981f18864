// An open regular file of a tmpfs.
#pragma once

#include "fs/file.hpp"
#include "fs/tmpfs.hpp"

namespace kernel {

class TmpfsFile final : public File {
  public:
    // `inode` is the path's.
    TmpfsFile(Path path, unsigned flags, TmpfsRegularInode& inode)
        : File(std::move(path), flags), inode_(inode) {}

    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& position, TransferMode mode) override;
    Result<std::size_t> write(IoBuffer& buffer, std::int64_t& position, TransferMode mode) override;
    bool is_seekable() const override { return true; }
    bool can_splice_from() const override { return true; }
    bool can_splice_to() const override { return true; }
    bool is_pollable() const override { return false; }
    Result<std::int64_t> seek(std::int64_t offset, int whence) override;
    Result<void> truncate(std::uint64_t size) override { return inode_.truncate(size); }
    Result<void> allocate(unsigned mode, std::int64_t offset, std::int64_t length) override;
    Result<void> synchronize() override { return {}; }
    Result<RefPtr<MemoryObject>> mmap_object(Sharing sharing, int protection) override;
    bool is_sealed_against_writing() const override;

  private:
    void note_own_access() const;

    TmpfsRegularInode& inode_;
};

}  // namespace kernel
