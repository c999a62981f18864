#include "fs/procfs_parts.hpp"

#include "fs/dentry.hpp"
#include "fs/file_system.hpp"

namespace kernel {

namespace {

// As AppArmor answers for a task without a profile; the other modules have nothing to say.
Result<void> append_confinement(String& out) {
    return out.append("unconfined\n");
}

Result<void> append_nothing_known(String&) {
    return Errno(EINVAL);
}

// Without a poll operation, and with a size (Linux fs/proc/base.c, proc_pid_attr_operations).
class SecurityTextInode final : public TextInode {
  public:
    SecurityTextInode(Ref<FileSystem> file_system, const TextEntry& entry)
        : TextInode(std::move(file_system), S_IFREG | entry.permissions), entry_(entry) {}
    Result<void> generate(String& out) override { return entry_.generate(out); }
    Result<void> store(std::string_view) override { return Errno(EINVAL); }
    bool is_pollable() const override { return false; }
    bool is_sequential() const override { return false; }

  private:
    const TextEntry& entry_;
};

constexpr TextEntry kSecurityTexts[] = {
    {"current", 0666, append_confinement},    {"exec", 0666, append_nothing_known},
    {"fscreate", 0666, append_nothing_known}, {"keycreate", 0666, append_nothing_known},
    {"prev", 0444, append_nothing_known},     {"sockcreate", 0666, append_nothing_known},
};

class NetworkTextInode final : public TextInode {
  public:
    NetworkTextInode(Ref<FileSystem> file_system, const TextEntry& entry)
        : TextInode(std::move(file_system), S_IFREG | entry.permissions), entry_(entry) {}
    Result<void> generate(String& out) override { return entry_.generate(out); }

  private:
    const TextEntry& entry_;
};

template <typename T>
Result<Ref<Inode>> make_entry(Ref<FileSystem> owner, const TextEntry& entry) {
    return TRY(make_ref<T>(std::move(owner), entry));
}

}  // namespace

Result<Ref<Dentry>> TextDirectoryInode::lookup(Dentry& directory, std::string_view name) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const TextEntry& entry = entries_[i];
        if (entry.path == name) {
            Ref<FileSystem> owner(&file_system());
            Ref<Inode> inode = TRY(make_(std::move(owner), entry));
            inode->attributes.number = first_number_ + i;
            return Dentry::make(directory, name, std::move(inode));
        }
    }
    return Errno(ENOENT);
}

Result<void> TextDirectoryInode::list(Dentry&, std::uint64_t& cursor, DirectoryEmitter& emitter) {
    while (cursor < entries_.size() &&
           emitter.emit(entries_[cursor].path, first_number_ + cursor, FileType::Regular)) {
        ++cursor;
    }
    return {};
}

Result<Ref<Inode>> make_security_directory(Ref<FileSystem> file_system, std::uint64_t first_number) {
    return TRY(make_ref<TextDirectoryInode>(std::move(file_system), kSecurityTexts, first_number,
                                            [](Ref<FileSystem> owner, const TextEntry& entry) {
                                                return make_entry<SecurityTextInode>(std::move(owner), entry);
                                            }));
}

Result<Ref<Inode>> make_network_directory(Ref<FileSystem> file_system, std::uint64_t first_number) {
    return TRY(make_ref<TextDirectoryInode>(std::move(file_system), network_texts(), first_number,
                                            [](Ref<FileSystem> owner, const TextEntry& entry) {
                                                return make_entry<NetworkTextInode>(std::move(owner), entry);
                                            }));
}

}  // namespace kernel
