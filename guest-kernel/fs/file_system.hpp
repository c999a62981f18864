// What is mounted: one instance of a kind of file system (Linux's super_block).
#pragma once

#include <asm/statfs.h>

#include <cstdint>
#include <string_view>

#include "fs/extended_attributes.hpp"
#include "fs/inode.hpp"
#include "fs/text_buffer.hpp"
#include "lib/ref.hpp"

namespace kernel {

class FileSystem : public RefCounted {
  public:
    // `name` is the type's, as /proc/mounts shows it; `magic` is statfs's f_type (<linux/magic.h>).
    // `block_size` is the st_blksize of its inodes.
    FileSystem(std::string_view name, std::uint32_t magic, std::uint32_t block_size = 4096);
    ~FileSystem() override;

    std::string_view name() const { return name_; }
    std::uint32_t magic() const { return magic_; }
    std::uint32_t block_size() const { return block_size_; }
    // st_dev of its inodes: an anonymous device, 0:n.
    DeviceNumber device() const { return device_; }

    virtual std::uint64_t next_inode_number() { return next_inode_number_++; }
    virtual void inode_made() { inode_count_++; }
    virtual void inode_gone() { inode_count_--; }
    std::uint64_t inode_count() const { return inode_count_; }
    // A name more (+1) or less (-1) of an inode that has another.
    void link_count_changed(int difference) { inode_count_ += static_cast<std::uint64_t>(difference); }

    std::uint64_t writers = 0;  // open files that may write regular ones

    virtual bool has_room_for_inode() const { return true; }
    virtual AttributeSupport attribute_support() const { return AttributeSupport::None; }

    // What statfs shows. The default: type, block size and name length, as Linux's simple_statfs.
    virtual struct statfs statistics();
    // Options of this instance for /proc/mounts, each with a comma before it.
    virtual void describe_options(TextBuffer&) {}

  private:
    std::string_view name_;
    std::uint32_t magic_;
    std::uint32_t block_size_;
    DeviceNumber device_;
    std::uint64_t next_inode_number_ = 1;
    std::uint64_t inode_count_ = 0;
};

}  // namespace kernel
