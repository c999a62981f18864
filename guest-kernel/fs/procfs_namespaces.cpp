// /proc/<pid>/ns (man 7 namespaces; Linux fs/proc/namespaces.c and fs/nsfs.c).
#include <asm/ioctl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>

#include "fs/anonymous.hpp"
#include "fs/file_system.hpp"
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
    {"cgroup", "cgroup", CLONE_NEWCGROUP, 0xeffffffb},
    {"ipc", "ipc", CLONE_NEWIPC, 0xefffffff},
    {"mnt", "mnt", CLONE_NEWNS, 0xf0000001},
    {"net", "net", CLONE_NEWNET, 0xf0000000},
    {"pid", "pid", CLONE_NEWPID, 0xeffffffc},
    {"pid_for_children", "pid", CLONE_NEWPID, 0xeffffffc},
    {"time", "time", CLONE_NEWTIME, 0xeffffffa},
    {"time_for_children", "time", CLONE_NEWTIME, 0xeffffffa},
    {"user", "user", CLONE_NEWUSER, 0xeffffffd},
    {"uts", "uts", CLONE_NEWUTS, 0xeffffffe},
};

class NamespaceFile final : public File {
  public:
    NamespaceFile(Path path, unsigned flags) : File(std::move(path), flags) {}
    bool has_transfers() const override { return false; }
    bool is_pollable() const override { return false; }
    // What the namespace belongs to is out of reach: there is none above the first (Linux fs/nsfs.c,
    // ns_ioctl).
    Result<long> ioctl(Task&, unsigned command, unsigned long) override {
        switch (command) {
            case NS_GET_NSTYPE:
                return static_cast<long>(namespace_kind(*this));
            case NS_GET_USERNS:
            case NS_GET_PARENT:
                return Errno(EPERM);
            default:
                return Errno(ENOTTY);
        }
    }
    void describe_name(TextBuffer& out) const override { out.text(path().dentry->name()); }
};

class NamespaceInode final : public Inode {
  public:
    NamespaceInode(Ref<FileSystem> file_system, const NamespaceKind& kind)
        : Inode(std::move(file_system), S_IFREG | 0444U) {
        attributes.number = kind.number;
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

class NamespaceLinkInode final : public Inode {
  public:
    NamespaceLinkInode(Ref<FileSystem> file_system, Ref<Task> task, const NamespaceKind& kind)
        : Inode(std::move(file_system), S_IFLNK | 0777U), task_(std::move(task)), kind_(kind) {}

    Result<LinkTarget> follow_link() override {
        TRY(check());
        TextBuffer name;
        TRY(append_name(kind_, name));
        Ref<Inode> inode = TRY(make_ref<NamespaceInode>(TRY(namespace_file_system()), kind_));
        LinkTarget target;
        target.jump = TRY(unmounted_path(name.view(), std::move(inode)));
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
        return may_inspect(Task::current(), *task_) ? Result<void>() : Result<void>(Errno(EACCES));
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
