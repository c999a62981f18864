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
    SecurityTextInode(Ref<FileSystem> file_system, Ref<Task> task, const TextEntry& entry)
        : TextInode(std::move(file_system), S_IFREG | entry.permissions),
          task_(std::move(task)),
          entry_(entry) {}
    Result<void> generate(String& out) override { return entry_.generate(out); }
    // Who has other memory may not write; the module takes nothing that is not a command of its own (Linux
    // fs/proc/base.c, proc_pid_attr_write).
    Result<void> store(std::string_view) override {
        return Errno(task_->address_space == Task::current().address_space ? EINVAL : EPERM);
    }
    bool is_pollable() const override { return false; }
    bool is_sequential() const override { return false; }

  private:
    Ref<Task> task_;
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

// A task that has ended has left its network (Linux fs/proc/proc_net.c, get_proc_task_net).
class NetworkDirectoryInode final : public TextDirectoryInode {
  public:
    using TextDirectoryInode::TextDirectoryInode;
    Result<Ref<Dentry>> lookup(Dentry& directory, std::string_view name) override {
        return task().fs ? TextDirectoryInode::lookup(directory, name) : Errno(ENOENT);
    }
    Result<void> list(Dentry& directory, std::uint64_t& cursor, DirectoryEmitter& emitter) override {
        return task().fs ? TextDirectoryInode::list(directory, cursor, emitter) : Errno(EINVAL);
    }
};

}  // namespace

Result<Ref<Dentry>> TextDirectoryInode::lookup(Dentry& directory, std::string_view name) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const TextEntry& entry = entries_[i];
        if (entry.path == name) {
            Ref<FileSystem> owner(&file_system());
            Ref<Inode> inode = TRY(make_(std::move(owner), task_, entry));
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

Result<Ref<Inode>> make_security_directory(Ref<FileSystem> file_system, Ref<Task> task,
                                           std::uint64_t first_number) {
    const TextDirectoryInode::Make make = [](Ref<FileSystem> owner, const Ref<Task>& of,
                                             const TextEntry& entry) -> Result<Ref<Inode>> {
        return TRY(make_ref<SecurityTextInode>(std::move(owner), of, entry));
    };
    return TRY(make_ref<TextDirectoryInode>(std::move(file_system), std::move(task), kSecurityTexts,
                                            first_number, make));
}

Result<Ref<Inode>> make_network_directory(Ref<FileSystem> file_system, Ref<Task> task,
                                          std::uint64_t first_number) {
    const TextDirectoryInode::Make make = [](Ref<FileSystem> owner, const Ref<Task>&,
                                             const TextEntry& entry) -> Result<Ref<Inode>> {
        return TRY(make_ref<NetworkTextInode>(std::move(owner), entry));
    };
    return TRY(make_ref<NetworkDirectoryInode>(std::move(file_system), std::move(task), network_texts(),
                                               first_number, make));
}

}  // namespace kernel
