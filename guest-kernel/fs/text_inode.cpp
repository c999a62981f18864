#include "fs/text_inode.hpp"

#include <linux/fs.h>

#include <array>

#include "fs/file_system.hpp"
#include "fs/namespace.hpp"
#include "fs/sysfs.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMaximumWrite = 4096;

class TextFile final : public File {
  public:
    TextFile(Path path, unsigned flags, TextInode& inode) : File(std::move(path), flags), inode_(inode) {}

    // A read from the start makes the contents; later reads continue in what it made.
    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& place, TransferMode) override {
        if (!is_made_ || place == 0) {
            text_.clear();
            is_made_ = false;
            TRY(inode_.generate(text_));
            is_made_ = true;
        }
        std::string_view text = text_.view();
        if (static_cast<std::uint64_t>(place) >= text.size()) {
            return std::size_t{0};
        }
        text.remove_prefix(static_cast<std::size_t>(place));
        const std::size_t wanted = std::min(text.size(), buffer.remaining());
        const std::size_t done = reported_copy(wanted, buffer.put(text.data(), wanted), CopyStart::Aligned);
        place += static_cast<std::int64_t>(done);
        return buffer.result(done);
    }

    Result<std::size_t> write(IoBuffer& buffer, std::int64_t& place, TransferMode) override {
        std::array<char, kMaximumWrite> text;
        const std::size_t size = buffer.take(text.data(), text.size());
        if (buffer.has_faulted()) {
            return Errno(EFAULT);
        }
        TRY(inode_.store({text.data(), size}));
        place += static_cast<std::int64_t>(size);
        return size;
    }

    bool is_pollable() const override { return inode_.is_pollable(); }
    std::uint32_t poll(PollRegistrar*) override { return inode_.poll_events(is_made_); }
    bool is_seekable() const override { return true; }
    bool takes_positioned_writes() const override { return false; }
    Result<void> truncate(std::uint64_t) override { return {}; }
    Result<void> allocate(unsigned, std::int64_t, std::int64_t) override { return Errno(EOPNOTSUPP); }
    bool can_splice_from() const override { return inode_.can_splice(); }
    Result<std::int64_t> seek(std::int64_t offset, int whence) override {
        if (whence > 1 && inode_.is_sequential()) {
            return Errno(EINVAL);  // seq_lseek knows SEEK_SET and SEEK_CUR
        }
        return inode_.is_sequential() ? seek_within(offset, whence, 0) : seek_as_file(offset, whence);
    }

  private:
    // Linux generic_file_llseek, in a file system of which none says how long its files may get
    // (MAX_NON_LFS).
    Result<std::int64_t> seek_as_file(std::int64_t offset, int whence) {
        if (offset < 0 && (whence == SEEK_DATA || whence == SEEK_HOLE)) {
            return Errno(ENXIO);
        }
        const std::int64_t before = position;
        const std::int64_t place =
            TRY(seek_within(offset, whence, static_cast<std::int64_t>(inode_.attributes.size)));
        if (place > INT32_MAX) {
            position = before;
            return Errno(EINVAL);
        }
        return place;
    }

    TextInode& inode_;
    String text_;
    bool is_made_ = false;
};

// The directory of a name, made if it is not there.
Result<Ref<Dentry>> subdirectory(Dentry& parent, std::string_view name, int missing_error,
                                 bool binds_superuser) {
    if (Dentry* present = parent.find_child(name)) {
        return Ref<Dentry>(present);
    }
    Ref<FileSystem> file_system(&parent.inode().file_system());
    Ref<Inode> inode =
        TRY(make_ref<FixedDirectoryInode>(std::move(file_system), 0555U, missing_error, binds_superuser));
    return add_entry(parent, name, std::move(inode));
}

}  // namespace

Result<void> TextInode::store(std::string_view) {
    return Errno(EIO);
}

std::uint32_t TextInode::poll_events(bool) const {
    return kPollReadable | kPollWritable;
}

// An attribute in sysfs counts as changed until it is read (Linux fs/kernfs/file.c, kernfs_generic_poll).
std::uint32_t FixedTextInode::poll_events(bool was_read) const {
    const bool changed = !was_read && file_system().magic() == kSysfsMagic;
    return TextInode::poll_events(was_read) | (changed ? POLLERR | POLLPRI : 0);
}

// In sysfs what cannot be written cannot be opened for that, whoever asks (Linux fs/kernfs/file.c,
// kernfs_fop_open).
Result<Ref<File>> FixedTextInode::open_regular(const Path& path, std::uint32_t flags) {
    const bool is_attribute = file_system().magic() == kSysfsMagic;
    if (is_attribute && (flags & O_ACCMODE) != O_RDONLY && store_ == nullptr) {
        return Errno(EACCES);
    }
    return TextInode::open_regular(path, flags);
}

bool FixedTextInode::is_sequential() const {
    return file_system().magic() != kSysfsMagic;
}

Result<Ref<File>> TextInode::open_regular(const Path& path, std::uint32_t flags) {
    return TRY(make_ref<TextFile>(path, flags, *this));
}

Result<String> LinkInode::read_link() {
    String text;
    TRY(make_(text));
    return text;
}

Result<void> add_file(Dentry& root, std::string_view path, Ref<Inode> inode, int missing_error) {
    Ref<Dentry> directory(&root);
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
        directory = TRY(
            subdirectory(*directory, path.substr(0, slash), missing_error, inode->ignores_capabilities()));
        path.remove_prefix(slash + 1);
    }
    TRY(add_entry(*directory, path, std::move(inode)));
    return {};
}

Result<void> add_text_files(Dentry& root, std::span<const TextEntry> entries, int missing_error) {
    for (const TextEntry& entry : entries) {
        Ref<FileSystem> file_system(&root.inode().file_system());
        Ref<Inode> inode = TRY(
            make_ref<FixedTextInode>(std::move(file_system), entry.permissions, entry.generate, entry.store));
        if (root.inode().file_system().magic() == kSysfsMagic) {
            inode->attributes.size = kPageSize;  // the most that an attribute can say (Linux fs/sysfs/file.c)
        }
        TRY(add_file(root, entry.path, std::move(inode), missing_error));
    }
    return {};
}

}  // namespace kernel
