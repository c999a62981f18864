// /proc/<pid>/ns (man 7 namespaces; Linux fs/proc/namespaces.c and fs/nsfs.c).
#include <linux/fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>

#include "fs/anonymous.hpp"
#include "fs/file_system.hpp"
#include "fs/file_table.hpp"
#include "fs/procfs_parts.hpp"
#include "fs/text_buffer.hpp"
#include "task/inspection.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kNamespaceMagic = 0x6e736673;  // NSFS_MAGIC

struct NamespaceKind {
    std::string_view name;
    std::string_view kind;
    unsigned flag;
    std::uint64_t number;  // Linux include/linux/proc_ns.h has those of the first namespaces
};
constexpr NamespaceKind kKinds[] = {
    {"net", "net", CLONE_NEWNET, 0xf0000000},
    {"uts", "uts", CLONE_NEWUTS, 0xeffffffe},
    {"ipc", "ipc", CLONE_NEWIPC, 0xefffffff},
    {"pid", "pid", CLONE_NEWPID, 0xeffffffc},
    {"pid_for_children", "pid", CLONE_NEWPID, 0xeffffffc},
    {"user", "user", CLONE_NEWUSER, 0xeffffffd},
    {"mnt", "mnt", CLONE_NEWNS, 0xf0000001},
    {"cgroup", "cgroup", CLONE_NEWCGROUP, 0xeffffffb},
    {"time", "time", CLONE_NEWTIME, 0xeffffffa},
    {"time_for_children", "time", CLONE_NEWTIME, 0xeffffffa},
};

class NamespaceFile final : public File {
  public:
    NamespaceFile(Path path, unsigned flags) : File(std::move(path), flags) {}
    bool has_transfers() const override { return false; }
    bool is_pollable() const override { return false; }
    Result<long> ioctl(Task& task, unsigned command, unsigned long argument) override;
    void describe_name(TextBuffer& out) const override { out.text(path().dentry->name()); }
};

class NamespaceInode final : public Inode {
  public:
    NamespaceInode(Ref<FileSystem> file_system, const NamespaceKind& kind)
        : Inode(std::move(file_system), S_IFREG | 0444U) {
        attributes.number = kind.number;
        is_immutable = true;
    }
    Result<Ref<File>> open_regular(const Path& path, std::uint32_t flags) override {
        return TRY(make_ref<NamespaceFile>(path, flags));
    }
};

Result<Ref<FileSystem>> namespace_file_system() {
    static FileSystem* made = nullptr;  // never destroyed
    if (made == nullptr) {
        made = TRY(make_ref<FileSystem>("nsfs", kNamespaceMagic)).leak();
    }
    return Ref<FileSystem>(made);
}

Result<void> append_name(const NamespaceKind& kind, TextBuffer& out) {
    out.text(kind.kind).text(":[").decimal(kind.number).character(']');
    return out.finish();
}

Result<Path> namespace_path(const NamespaceKind& kind) {
    TextBuffer name;
    TRY(append_name(kind, name));
    Ref<Inode> inode = TRY(make_ref<NamespaceInode>(TRY(namespace_file_system()), kind));
    return unmounted_path(name.view(), std::move(inode));
}

Result<long> open_user_namespace(Task& task) {
    for (const NamespaceKind& kind : kKinds) {
        if (kind.flag == CLONE_NEWUSER) {
            return TRY(
                task.files->install(TRY(open_inode(TRY(namespace_path(kind)), O_RDONLY)), CloseOnExec::Yes));
        }
    }
    return Errno(EPERM);
}

// Linux fs/nsfs.c, ns_ioctl. Nothing is above the first namespaces; all but that of users belong to it.
Result<long> NamespaceFile::ioctl(Task& task, unsigned command, unsigned long argument) {
    const unsigned kind = namespace_kind(*this);
    switch (command) {
        case NS_GET_NSTYPE:
            return static_cast<long>(kind);
        case NS_GET_USERNS:
            return kind == CLONE_NEWUSER ? Result<long>(Errno(EPERM)) : open_user_namespace(task);
        case NS_GET_PARENT:
            return Errno(kind == CLONE_NEWUSER || kind == CLONE_NEWPID ? EPERM : EINVAL);
        case NS_GET_OWNER_UID:
            if (kind != CLONE_NEWUSER) {
                return Errno(EINVAL);
            }
            TRY(UserOut<std::uint32_t>(UserAddress(argument)).write(0));
            return 0;
        default:
            return Errno(ENOTTY);
    }
}

class NamespaceLinkInode final : public Inode {
  public:
    NamespaceLinkInode(Ref<FileSystem> file_system, Ref<Task> task, const NamespaceKind& kind)
        : Inode(std::move(file_system), S_IFLNK | 0777U), task_(std::move(task)), kind_(kind) {}

    Result<LinkTarget> follow_link() override {
        TRY(check());
        LinkTarget target;
        target.jump = TRY(namespace_path(kind_));
        return target;
    }
    Result<String> read_link() override {
        TRY(check());
        TextBuffer name;
        TRY(append_name(kind_, name));
        String text;
        TRY(name.append_to(text));
        return text;
    }

  private:
    Result<void> check() const {
        if (!task_->is_known()) {
            return Errno(EACCES);
        }
        if (!may_inspect(Task::current(), *task_)) {
            return Errno(EACCES);
        }
        // Whoever has ended is in the name spaces of its user and its number only (exit_task_namespaces).
        const bool is_kept = kind_.name == "user" || kind_.name == "pid";
        return task_->has_ended() && !is_kept ? Result<void>(Errno(ENOENT)) : Result<void>();
    }

    Ref<Task> task_;
    const NamespaceKind& kind_;
};

class NamespaceDirectoryInode final : public Inode {
  public:
    NamespaceDirectoryInode(Ref<FileSystem> file_system, Ref<Task> task, std::uint64_t first_number)
        : Inode(std::move(file_system), S_IFDIR | 0511U),
          task_(std::move(task)),
          first_number_(first_number) {}

    Result<Ref<Dentry>> lookup(Dentry& directory, std::string_view name) override {
        for (std::size_t i = 0; i < std::size(kKinds); ++i) {
            if (kKinds[i].name == name) {
                Ref<FileSystem> owner(&file_system());
                Ref<Inode> inode = TRY(make_ref<NamespaceLinkInode>(std::move(owner), task_, kKinds[i]));
                inode->attributes.number = first_number_ + i;
                return Dentry::make(directory, name, std::move(inode));
            }
        }
        return Errno(ENOENT);
    }
    Result<void> list(Dentry&, std::uint64_t& cursor, DirectoryEmitter& emitter) override {
        while (cursor < std::size(kKinds) &&
               emitter.emit(kKinds[cursor].name, first_number_ + cursor, FileType::Symlink)) {
            ++cursor;
        }
        return {};
    }
    Result<Ref<Inode>> create(std::uint32_t, DeviceNumber) override { return Errno(ENOENT); }

  private:
    Ref<Task> task_;
    std::uint64_t first_number_;
};

}  // namespace

unsigned namespace_kind(const File& file) {
    if (file.inode().file_system().magic() != kNamespaceMagic) {
        return 0;
    }
    for (const NamespaceKind& kind : kKinds) {
        if (kind.number == file.inode().attributes.number) {
            return kind.flag;
        }
    }
    return 0;
}

Result<Ref<Inode>> make_namespace_directory(Ref<FileSystem> file_system, Ref<Task> task,
                                            std::uint64_t first_number) {
    return TRY(make_ref<NamespaceDirectoryInode>(std::move(file_system), std::move(task), first_number));
}

}  // namespace kernel
