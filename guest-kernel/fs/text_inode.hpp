// Files whose contents are made when they are read: procfs and sysfs (Linux fs/seq_file.c).
#pragma once

#include <string_view>

#include "fs/file.hpp"
#include "fs/inode.hpp"
#include "lib/string.hpp"

namespace kernel {

class TextInode : public Inode {
  public:
    using Inode::Inode;

    // Appends the contents as they are now.
    virtual Result<void> generate(String& out) = 0;
    // Has it a size of its own to seek from the end of, or is it read in sequence (seq_lseek)?
    virtual bool is_sequential() const { return true; }
    // Can splice and sendfile read it? Linux's older files of tasks have no way to.
    virtual bool can_splice() const { return true; }
    // Takes what a program wrote at once. EIO: the file cannot be written.
    virtual Result<void> store(std::string_view text);
    // Has it a poll operation, which epoll needs, and what does that answer? `was_read`: by this open file.
    virtual bool is_pollable() const { return true; }
    virtual std::uint32_t poll_events(bool was_read) const;

    Result<Ref<File>> open_regular(const Path& path, std::uint32_t flags) override;
    // O_TRUNC, which changes nothing.
    Result<void> truncate(std::uint64_t) override { return {}; }
};

// A link whose text is made when it is followed.
class LinkInode : public Inode {
  public:
    using Make = Result<void> (*)(String& out);
    LinkInode(Ref<FileSystem> file_system, Make make)
        : Inode(std::move(file_system), S_IFLNK | 0777), make_(make) {}
    Result<String> read_link() override;

  private:
    Make make_;
};

// The rest of a file system's tree that does not change.
class FixedDirectoryInode final : public Inode {
  public:
    // `missing` answers attempts to make an entry.
    FixedDirectoryInode(Ref<FileSystem> file_system, std::uint32_t permissions, int missing,
                        bool binds_superuser = false)
        : Inode(std::move(file_system), S_IFDIR | permissions),
          missing_(missing),
          binds_superuser_(binds_superuser) {}
    bool ignores_capabilities() const override { return binds_superuser_; }
    Result<Ref<Inode>> create(std::uint32_t, DeviceNumber) override { return Errno(missing_); }
    Result<Ref<Inode>> create_symlink(std::string_view) override { return Errno(missing_); }

  private:
    int missing_;
    bool binds_superuser_;
};

// A file of text that needs nothing but a function.
class FixedTextInode final : public TextInode {
  public:
    using Generate = Result<void> (*)(String& out);
    using Store = Result<void> (*)(std::string_view text);
    FixedTextInode(Ref<FileSystem> file_system, std::uint32_t permissions, Generate generate_text,
                   Store store_text)
        : TextInode(std::move(file_system), S_IFREG | permissions),
          generate_(generate_text),
          store_(store_text) {}
    Result<void> generate(String& out) override { return generate_(out); }
    Result<void> store(std::string_view text) override {
        return store_ == nullptr ? TextInode::store(text) : store_(text);
    }
    std::uint32_t poll_events(bool was_read) const override;
    bool is_sequential() const override;
    Result<Ref<File>> open_regular(const Path& path, std::uint32_t flags) override;

  private:
    Generate generate_;
    Store store_;
};

// One file of a fixed tree.
struct TextEntry {
    std::string_view path;  // from the root, directories are made as needed
    std::uint32_t permissions;
    FixedTextInode::Generate generate;
    FixedTextInode::Store store = nullptr;
};

// Makes one file, and the directories it is in.
Result<void> add_file(Dentry& root, std::string_view path, Ref<Inode> inode, int missing_error);
// Makes the files of a table, and the directories they are in.
Result<void> add_text_files(Dentry& root, std::span<const TextEntry> entries, int missing_error);

}  // namespace kernel
