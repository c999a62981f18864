#include "fs/procfs_task.hpp"

#include <array>

#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "fs/mount.hpp"
#include "fs/procfs_descriptors.hpp"
#include "fs/text_buffer.hpp"
#include "fs/text_inode.hpp"
#include "lib/faults.hpp"
#include "mm/address_space.hpp"
#include "task/proc_text.hpp"

namespace kernel {

namespace {

class TaskTextInode final : public TextInode {
  public:
    using Generate = Result<void> (*)(Task& task, String& out);
    using Store = Result<void> (*)(Task& task, std::string_view text);
    TaskTextInode(Ref<FileSystem> file_system, std::uint32_t permissions, Ref<Task> task,
                  Generate generate_text, Store store_text)
        : TextInode(std::move(file_system), S_IFREG | permissions),
          task_(std::move(task)),
          generate_(generate_text),
          store_(store_text) {}
    Result<void> generate(String& out) override { return generate_(*task_, out); }
    Result<void> store(std::string_view text) override {
        return store_ == nullptr ? TextInode::store(text) : store_(*task_, text);
    }
    // Of a task's files only the lists of mounts have a poll operation (Linux fs/proc/base.c and
    // fs/proc_namespace.c).
    bool is_pollable() const override { return generate_ == append_mounts || generate_ == append_mountinfo; }
    std::uint32_t poll_events(bool was_read) const override {
        return is_pollable() ? kPollReadable : TextInode::poll_events(was_read);
    }

  private:
    Ref<Task> task_;
    Generate generate_;
    Store store_;
};

// exe, cwd and root: following them goes to the place itself, even if its name is gone.
class TaskLinkInode final : public Inode {
  public:
    using Find = Result<Path> (*)(Task& task);
    TaskLinkInode(Ref<FileSystem> file_system, Ref<Task> task, Find find)
        : Inode(std::move(file_system), S_IFLNK | 0777), task_(std::move(task)), find_(find) {}

    Result<LinkTarget> follow_link() override {
        LinkTarget target;
        target.jump = TRY(find_(*task_));
        return target;
    }
    Result<String> read_link() override {
        TextBuffer text;
        describe_path(TRY(find_(*task_)), Task::current().fs->root, text);
        String result;
        TRY(text.append_to(result));
        return result;
    }

  private:
    Ref<Task> task_;
    Find find_;
};

Result<Path> executable_of(Task& task) {
    if (!task.address_space || !task.address_space->layout.executable) {
        return Errno(ENOENT);
    }
    return file_of(task.address_space->layout.executable)->path();
}

Result<Path> working_directory_of(Task& task) {
    if (!task.fs) {
        return Errno(ENOENT);
    }
    return task.fs->working_directory;
}

Result<Path> root_of(Task& task) {
    if (!task.fs) {
        return Errno(ENOENT);
    }
    return task.fs->root;
}

// A line for each hierarchy that is or has been mounted (man 7 cgroups): there is none.
Result<void> append_cgroup(Task&, String&) {
    return {};
}

Result<void> append_name(Task& task, String& out) {
    TRY(out.append(task.name()));
    return out.append("\n");
}

Result<void> store_name(Task& task, std::string_view text) {
    // Only threads of the same process may rename each other (Linux fs/proc/base.c, comm_write).
    if (task.process != Task::current().process) {
        return Errno(EINVAL);
    }
    task.set_name(text);
    return {};
}

Result<void> append_personality(Task& task, String& out) {
    TRY(out.append_hex(task.personality, 8));
    return out.append("\n");
}

struct TaskText {
    std::string_view name;
    std::uint32_t permissions;
    TaskTextInode::Generate generate;
    TaskTextInode::Store store = nullptr;
};

constexpr TaskText kTexts[] = {
    {"auxv", 0400, append_auxv},       {"cgroup", 0444, append_cgroup},
    {"cmdline", 0444, append_cmdline}, {"comm", 0644, append_name, store_name},
    {"environ", 0400, append_environ}, {"limits", 0444, append_limits},
    {"maps", 0444, append_maps},       {"mountinfo", 0444, append_mountinfo},
    {"mounts", 0444, append_mounts},   {"personality", 0400, append_personality},
    {"stat", 0444, append_stat},       {"statm", 0444, append_statm},
    {"status", 0444, append_status},
};

struct TaskLink {
    std::string_view name;
    TaskLinkInode::Find find;
};

constexpr TaskLink kLinks[] = {
    {"cwd", working_directory_of},
    {"exe", executable_of},
    {"root", root_of},
};

constexpr std::string_view kTaskDirectory = "task";

class TaskDirectoryInode;

// /proc/<pid>/task: the threads of a process.
class ThreadsInode final : public Inode {
  public:
    ThreadsInode(Ref<FileSystem> file_system, Ref<Task> task)
        : Inode(std::move(file_system), S_IFDIR | 0555), task_(std::move(task)) {}

    InodeAttributes current_attributes() override {
        InodeAttributes result = attributes;
        result.link_count = 2 + task_->process->thread_count();
        return result;
    }
    Result<Ref<Dentry>> lookup(Dentry& directory, std::string_view name) override {
        Ref<Task> thread = TRY(find_task(TRY(parse_decimal_name(name))));
        if (thread->process != task_->process) {
            return Errno(ENOENT);
        }
        return make_task_directory(directory, name, std::move(thread), TaskDirectory::Thread);
    }
    Result<void> list(Dentry&, std::uint64_t& cursor, DirectoryEmitter& emitter) override {
        std::uint64_t number = 0;
        for (Task& thread : task_->process->threads) {
            if (number++ < cursor) {
                continue;
            }
            String name;
            TRY(name.append_decimal(static_cast<unsigned>(thread.id)));
            if (!emitter.emit(name.view(), static_cast<std::uint64_t>(thread.id), FileType::Directory)) {
                return {};
            }
            cursor++;
        }
        return {};
    }
    Result<Ref<Inode>> create(std::uint32_t, DeviceNumber) override { return Errno(ENOENT); }

  private:
    Ref<Task> task_;
};

class TaskDirectoryInode final : public Inode {
  public:
    TaskDirectoryInode(Ref<FileSystem> file_system, Ref<Task> task, TaskDirectory kind)
        : Inode(std::move(file_system), S_IFDIR | 0555), task_(std::move(task)), kind_(kind) {}

    Result<Ref<Dentry>> lookup(Dentry& directory, std::string_view name) override {
        Ref<Inode> inode = TRY(make_entry(name));
        if (FAULT(process_inodes_zero)) {
            inode->attributes.number = 0;
        }
        return Dentry::make(directory, name, std::move(inode));
    }

    Result<void> list(Dentry&, std::uint64_t& cursor, DirectoryEmitter& emitter) override {
        std::uint64_t number = 0;
        auto emit = [&](std::string_view name, FileType type) {
            if (number++ < cursor) {
                return true;
            }
            const bool went = emitter.emit(name, attributes.number + number, type);
            cursor += went ? 1 : 0;
            return went;
        };
        bool going = kind_ == TaskDirectory::Thread || emit(kTaskDirectory, FileType::Directory);
        going = going && emit("fd", FileType::Directory) && emit("fdinfo", FileType::Directory);
        for (const TaskText& text : kTexts) {
            going = going && emit(text.name, FileType::Regular);
        }
        for (const TaskLink& link : kLinks) {
            going = going && emit(link.name, FileType::Symlink);
        }
        return {};
    }
    Result<Ref<Inode>> create(std::uint32_t, DeviceNumber) override { return Errno(ENOENT); }

  private:
    Result<Ref<Inode>> make_entry(std::string_view name) {
        const Ref<FileSystem> owner(&file_system());
        for (const TaskText& text : kTexts) {
            if (text.name == name) {
                return TRY(
                    make_ref<TaskTextInode>(owner, text.permissions, task_, text.generate, text.store));
            }
        }
        for (const TaskLink& link : kLinks) {
            if (link.name == name) {
                return TRY(make_ref<TaskLinkInode>(owner, task_, link.find));
            }
        }
        if (name == "fd") {
            return make_descriptor_directory(owner, task_, DescriptorView::Link);
        }
        if (name == "fdinfo") {
            return make_descriptor_directory(owner, task_, DescriptorView::Information);
        }
        if (name == kTaskDirectory && kind_ == TaskDirectory::Process) {
            return TRY(make_ref<ThreadsInode>(owner, task_));
        }
        return Errno(ENOENT);
    }

    Ref<Task> task_;
    TaskDirectory kind_;
};

}  // namespace

Result<Ref<Dentry>> make_task_directory(Dentry& parent, std::string_view name, Ref<Task> task,
                                        TaskDirectory kind) {
    Ref<FileSystem> file_system(&parent.inode().file_system());
    const std::uint32_t user = task->credentials.effective_user;
    const std::uint32_t group = task->credentials.effective_group;
    Ref<Inode> inode = TRY(make_ref<TaskDirectoryInode>(std::move(file_system), std::move(task), kind));
    inode->attributes.user = user;
    inode->attributes.group = group;
    return Dentry::make(parent, name, std::move(inode));
}

Result<int> parse_decimal_name(std::string_view name) {
    int value = 0;
    if (name.empty() || (name.size() > 1 && name.front() == '0')) {
        return Errno(ENOENT);
    }
    for (const char digit : name) {
        if (digit < '0' || digit > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit - '0', &value)) {
            return Errno(ENOENT);
        }
    }
    return value;
}

}  // namespace kernel
