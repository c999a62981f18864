// tmpfs: files that live in memory. The root file system, /dev, /tmp, memfd_create (Linux mm/shmem.c).
#pragma once

#include <span>
#include <string_view>

#include "fs/file_system.hpp"
#include "fs/page_cache.hpp"
#include "lib/random.hpp"

namespace kernel {

inline constexpr std::uint32_t kTmpfsMagic = 0x01021994;  // TMPFS_MAGIC
inline constexpr std::uint32_t kRamfsMagic = 0x858458f6;  // RAMFS_MAGIC

class TmpfsFileSystem final : public FileSystem {
  public:
    // Limits of 0 mean none. `mode` is that of the root directory, for /proc/mounts.
    struct Options {
        std::uint64_t maximum_pages = 0;
        std::uint64_t maximum_inodes = 0;
        std::uint32_t mode = 01777;
        std::uint32_t user = 0;
        std::uint32_t group = 0;
    };
    TmpfsFileSystem(std::string_view name, std::uint32_t magic, const Options& options)
        : FileSystem(name, magic),
          options_(options),
          identifier_(magic == kTmpfsMagic ? random_number() : 0) {}

    // Counts pages. False: the limit is reached.
    bool charge(std::uint64_t pages);
    void charge_unchecked(std::uint64_t pages);
    void uncharge(std::uint64_t pages);
    bool has_room_for_pages(std::uint64_t pages) const {
        return options_.maximum_pages == 0 || used_pages_ + pages <= options_.maximum_pages;
    }
    bool has_room_for_inode() const override {
        return options_.maximum_inodes == 0 || inode_count() < options_.maximum_inodes;
    }

    AttributeSupport attribute_support() const override {
        return magic() == kTmpfsMagic ? AttributeSupport::NamesAndAccess : AttributeSupport::None;
    }
    struct statfs statistics() override;
    void describe_options(TextBuffer& out) override;

  private:
    Options options_;
    std::uint64_t identifier_;  // f_fsid (Linux mm/shmem.c, shmem_fill_super); 0: none, as ramfs
    std::uint64_t used_pages_ = 0;
};

// Of all tmpfs instances together.
std::uint64_t tmpfs_pages();

// Directories and special files.
class TmpfsInode : public Inode {
  public:
    TmpfsInode(Ref<TmpfsFileSystem> file_system, std::uint32_t mode, DeviceNumber device);

    Result<Ref<Inode>> create(std::uint32_t mode, DeviceNumber device) override;
    Result<Ref<Inode>> create_symlink(std::string_view target) override;
    Result<void> may_change_entries() override { return {}; }
    void entries_changed(int difference) override;

  protected:
    TmpfsFileSystem& tmpfs() const { return static_cast<TmpfsFileSystem&>(file_system()); }
};

class TmpfsRegularInode final : public TmpfsInode {
  public:
    static Result<Ref<TmpfsRegularInode>> make(const Ref<TmpfsFileSystem>& file_system, std::uint32_t mode);
    ~TmpfsRegularInode() override;

    InodeAttributes current_attributes() override;
    Result<Ref<File>> open_regular(const Path& path, std::uint32_t flags) override;
    // EPERM where a seal forbids it.
    Result<void> truncate(std::uint64_t size) override;
    PageCache& cache() const { return *cache_; }

    // F_SEAL_* (man 2 memfd_create). Files that are not memfds are sealed against seals.
    unsigned seals;

  private:
    explicit TmpfsRegularInode(Ref<TmpfsFileSystem> file_system, std::uint32_t mode);
    Ref<PageCache> cache_;
};

// File system types for mount(2): a new instance each. EINVAL for an option that is not known.
Result<Ref<Dentry>> make_tmpfs(std::string_view options);
Result<Ref<Dentry>> make_ramfs(std::string_view options);
// The root of everything: a tmpfs called rootfs, writable by all until the archive says otherwise.
Result<Ref<Dentry>> make_rootfs();
// The empty instance behind devtmpfs.
Result<Ref<Dentry>> make_devtmpfs();
// The instance of memory files, not limited (Linux mm/shmem.c, shm_mnt).
Result<Ref<Dentry>> make_memfd_tmpfs();

}  // namespace kernel
