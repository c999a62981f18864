#include "fs/procfs_task.hpp"

#include <array>

#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "fs/mount.hpp"
#include "fs/procfs_descriptors.hpp"
#include "fs/procfs_memory.hpp"
#include "fs/procfs_parts.hpp"
#include "fs/text_buffer.hpp"
#include "fs/text_inode.hpp"
#include "lib/faults.hpp"
#include "mm/address_space.hpp"
#include "task/inspection.hpp"
#include "task/proc_text.hpp"

namespace kernel {

namespace {

// Who may look into the task alone may see a text: when is that asked?
enum class Secrecy { None, FromOpen, AtRead };

class TaskTextInode final : public TextInode {
  public:
    using Generate = Result<void> (*)(Task& task, String& out);
    using Store = Result<void> (*)(Task& task, std::string_view text);
    TaskTextInode(Ref<FileSystem> file_system, std::uint32_t permissions, Ref<Task> task,
                  Generate generate_text, Store store_text, Secrecy secrecy)
        : TextInode(std::move(file_system), S_IFREG | permissions),
          task_(std::move(task)),
          generate_(generate_text),
          store_(store_text),
          secrecy_(secrecy) {}
    Result<Ref<File>> open_regular(const Path& path, std::uint32_t flags) override {
        if (secrecy_ == Secrecy::FromOpen && !may_inspect(Task::current(), *task_)) {
            return Errno(EACCES);
        }
        // Linux fs/proc_namespace.c, mounts_open_common.
        if ((lists_mounts() || generate_ == append_mountstats) && !task_->fs) {
            return Errno(EINVAL);
        }
        return TextInode::open_regular(path, flags);
    }
    Result<void> generate(String& out) override {
        if (secrecy_ == Secrecy::AtRead && !may_inspect(Task::current(), *task_)) {
            return Errno(generate_ == append_io ? EACCES : EPERM);
        }
        return task_->is_known() ? generate_(*task_, out) : Result<void>(Errno(ESRCH));
    }
    bool can_splice() const override { return lists_mounts(); }
    Result<void> store(std::string_view text) override {
        if (!task_->is_known()) {
            return Errno(ESRCH);
        }
        return store_ == nullptr ? Result<void>(Errno(EINVAL)) : store_(*task_, text);
    }
    // Those that Linux reads without seq_file.
    bool is_sequential() const override {
        for (const Generate simple :
             {append_auxv, append_cmdline, append_core_filter, append_environ, append_login_session,
              append_login_user, append_oom_adj, append_oom_score_adj}) {
            if (generate_ == simple) {
                return false;
            }
        }
        return true;
    }
    // Of a task's files only the lists of mounts have a poll operation (Linux fs/proc/base.c and
    // fs/proc_namespace.c).
    bool is_pollable() const override { return lists_mounts(); }
    std::uint32_t poll_events(bool was_read) const override {
        return is_pollable() ? kPollReadable : TextInode::poll_events(was_read);
    }

  private:
    bool lists_mounts() const { return generate_ == append_mounts || generate_ == append_mountinfo; }

    Ref<Task> task_;
    Generate generate_;
    Store store_;
    Secrecy secrecy_;
};

// exe, cwd and root: following them goes to the place itself, even if its name is gone.
class TaskLinkInode final : public Inode {
  public:
    using Find = Result<Path> (*)(Task& task);
    TaskLinkInode(Ref<FileSystem> file_system, Ref<Task> task, Find find)
        : Inode(std::move(file_system), S_IFLNK | 0777), task_(std::move(task)), find_(find) {}

    Result<LinkTarget> follow_link() override {
        TRY(check_access());
        LinkTarget target;
        target.jump = TRY(find_(*task_));
        return target;
    }
    Result<String> read_link() override {
        TRY(check_access());
        TextBuffer text;
        describe_path(TRY(find_(*task_)), Task::current().fs->root, text);
        TRY(check_link_length(text.size()));
        String result;
        TRY(text.append_to(result));
        return result;
    }

  private:
    Result<void> check_access() const {
        return may_inspect(Task::current(), *task_) ? Result<void>() : Result<void>(Errno(EACCES));
    }

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
    TaskTextInode::Generate generate_of_thread = nullptr;  // below task, where that differs
    Secrecy secrecy = Secrecy::None;
    enum class Place { Both, Process, Thread } place = Place::Both;
};

constexpr TaskText kTextEntries[] = {
    {"auxv", 0400, append_auxv, nullptr, nullptr, Secrecy::FromOpen},
    {"cgroup", 0444, append_cgroup},
    {"children", 0444, append_children, nullptr, nullptr, Secrecy::None, TaskText::Place::Thread},
    {"cmdline", 0444, append_cmdline},
    {"comm", 0644, append_name, store_name},
    {"coredump_filter", 0644, append_core_filter, store_core_filter, nullptr, Secrecy::None,
     TaskText::Place::Process},
    {"cpuset", 0444, append_cpuset},
    {"environ", 0400, append_environ, nullptr, nullptr, Secrecy::FromOpen},
    {"gid_map", 0644, append_id_map, store_id_map},
    {"io", 0400, append_io, nullptr, append_thread_io, Secrecy::AtRead},
    {"limits", 0444, append_limits},
    {"loginuid", 0644, append_login_user, store_login_user},
    {"maps", 0444, append_maps, nullptr, nullptr, Secrecy::FromOpen},
    {"mountinfo", 0444, append_mountinfo},
    {"mounts", 0444, append_mounts},
    {"mountstats", 0400, append_mountstats, nullptr, nullptr, Secrecy::None, TaskText::Place::Process},
    {"oom_adj", 0644, append_oom_adj, store_oom_adj},
    {"oom_score", 0444, append_oom_score},
    {"oom_score_adj", 0644, append_oom_score_adj, store_oom_score_adj},
    {"personality", 0400, append_personality, nullptr, nullptr, Secrecy::AtRead},
    {"projid_map", 0644, append_id_map, store_id_map},
    {"sched", 0644, append_sched, store_sched},
    {"sessionid", 0444, append_login_session},
    {"setgroups", 0644, append_setgroups, store_setgroups},
    {"smaps", 0444, append_smaps, nullptr, nullptr, Secrecy::FromOpen},
    {"smaps_rollup", 0444, append_smaps_rollup, nullptr, nullptr, Secrecy::FromOpen},
    {"stat", 0444, append_stat, nullptr, append_thread_stat},
    {"statm", 0444, append_statm},
    {"status", 0444, append_status},
    {"syscall", 0400, append_syscall, nullptr, nullptr, Secrecy::AtRead},
    {"timens_offsets", 0644, append_time_offsets, nullptr, nullptr, Secrecy::None, TaskText::Place::Process},
    {"timerslack_ns", 0666, append_timer_slack, store_timer_slack, nullptr, Secrecy::None,
     TaskText::Place::Process},
    {"uid_map", 0644, append_id_map, store_id_map},
    {"wchan", 0444, append_wait_channel},
};

struct TaskLink {
    std::string_view name;
    TaskLinkInode::Find find;
};

constexpr TaskLink kTaskLinks[] = {
    {"cwd", working_directory_of},
    {"exe", executable_of},
    {"root", root_of},
};

// Two, and one for each directory that Linux has there.
constexpr std::uint32_t kProcessLinks = 9;
constexpr std::uint32_t kThreadLinks = 7;

constexpr std::string_view kTaskDirectory = "task";
constexpr std::string_view kDirectories[] = {kTaskDirectory, "fd", "fdinfo", "attr", "net", "ns"};

// A task's memory as files.
struct TaskMemory {
    std::string_view name;
    Result<Ref<Inode>> (*make)(Ref<FileSystem> file_system, Ref<Task> task);
};
constexpr TaskMemory kMemories[] = {{"mem", make_memory_inode}, {"pagemap", make_pagemap_inode}};

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
        const Result<Ref<Task>> thread = find_task(TRY(parse_decimal_name(name)));
        if (thread.is_error() || thread.value()->process != task_->process) {
            return Errno(ENOENT);
        }
        return make_task_directory(directory, name, thread.value(), TaskDirectory::Thread);
    }
    Result<void> list(Dentry&, std::uint64_t& cursor, DirectoryEmitter& emitter) override {
        if (!task_->is_known()) {
            return Errno(ENOENT);
        }
        std::uint64_t number = 0;
        for (Task& thread : task_->process->threads) {
            if (number++ < cursor) {
                continue;
            }
            String name;
            TRY(name.append_decimal(static_cast<unsigned>(thread.id)));
            const TaskInodeNumbers numbers(thread, TaskDirectory::Thread);
            if (!emitter.emit(name.view(), numbers.directory(), FileType::Directory)) {
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
        if (!task_->is_known()) {
            // A process's directory asks at each step who may pass (Linux proc_pid_permission), a thread's
            // does not.
            return Errno(kind_ == TaskDirectory::Process ? ESRCH : ENOENT);
        }
        for (std::uint64_t number = 0; number < kEntryCount; ++number) {
            if (has_entry(number) && entry_name(number) == name) {
                Ref<Inode> inode = TRY(make_entry(number));
                inode->attributes.number = FAULT(process_inodes_zero) ? 0 : numbers().entry(number);
                own_by_task(*task_, *inode);
                return Dentry::make(directory, name, std::move(inode));
            }
        }
        return Errno(ENOENT);
    }

    Result<void> list(Dentry&, std::uint64_t& cursor, DirectoryEmitter& emitter) override {
        if (!task_->is_known()) {
            return Errno(ENOENT);
        }
        for (; cursor < kEntryCount; ++cursor) {
            if (has_entry(cursor) &&
                !emitter.emit(entry_name(cursor), numbers().entry(cursor), entry_type(cursor))) {
                break;
            }
        }
        return {};
    }
    Result<Ref<Inode>> create(std::uint32_t, DeviceNumber) override { return Errno(ENOENT); }
    bool is_of_gone_task() const override { return !task_->is_known(); }
    Process* as_process() override {
        return kind_ == TaskDirectory::Process ? task_->process.get() : nullptr;
    }

  private:
    // Entries by number: directories, texts, links, memory.
    static constexpr std::uint64_t kFirstText = std::size(kDirectories);
    static constexpr std::uint64_t kFirstLink = kFirstText + std::size(kTextEntries);
    static constexpr std::uint64_t kFirstMemory = kFirstLink + std::size(kTaskLinks);
    // Room for the inode numbers of what is in attr, net and ns.
    static constexpr std::uint64_t kEntriesInside = 256;
    static constexpr std::uint64_t kEntryCount = kFirstMemory + std::size(kMemories);

    TaskInodeNumbers numbers() const { return {*task_, kind_}; }
    bool has_entry(std::uint64_t number) const {
        if (number >= kFirstText && number < kFirstLink) {
            using Place = TaskText::Place;
            const Place place = kTextEntries[number - kFirstText].place;
            return place == Place::Both || (place == Place::Process) == (kind_ == TaskDirectory::Process);
        }
        return kind_ == TaskDirectory::Process || number >= kFirstText ||
               kDirectories[number] != kTaskDirectory;
    }
    static std::string_view entry_name(std::uint64_t number) {
        if (number < kFirstText) {
            return kDirectories[number];
        }
        if (number >= kFirstMemory) {
            return kMemories[number - kFirstMemory].name;
        }
        return number < kFirstLink ? kTextEntries[number - kFirstText].name
                                   : kTaskLinks[number - kFirstLink].name;
    }
    static FileType entry_type(std::uint64_t number) {
        if (number < kFirstText) {
            return FileType::Directory;
        }
        return number < kFirstLink || number >= kFirstMemory ? FileType::Regular : FileType::Symlink;
    }
    Result<Ref<Inode>> make_entry(std::uint64_t number) {
        const Ref<FileSystem> owner(&file_system());
        if (number >= kFirstMemory) {
            return kMemories[number - kFirstMemory].make(owner, task_);
        }
        if (number >= kFirstLink) {
            return TRY(make_ref<TaskLinkInode>(owner, task_, kTaskLinks[number - kFirstLink].find));
        }
        if (number >= kFirstText) {
            const TaskText& text = kTextEntries[number - kFirstText];
            const bool is_of_thread = kind_ == TaskDirectory::Thread && text.generate_of_thread != nullptr;
            return TRY(make_ref<TaskTextInode>(owner, text.permissions, task_,
                                               is_of_thread ? text.generate_of_thread : text.generate,
                                               text.store, text.secrecy));
        }
        return make_directory(owner, number);
    }
    Result<Ref<Inode>> make_directory(const Ref<FileSystem>& owner, std::uint64_t number) {
        const std::uint64_t numbers_inside = numbers().entry(kEntryCount + number * kEntriesInside);
        if (kDirectories[number] == kTaskDirectory) {
            return TRY(make_ref<ThreadsInode>(owner, task_));
        }
        if (kDirectories[number] == "ns") {
            return make_namespace_directory(owner, task_, numbers_inside);
        }
        if (kDirectories[number] == "attr") {
            return make_security_directory(owner, task_, numbers_inside);
        }
        if (kDirectories[number] == "net") {
            return make_network_directory(owner, task_, numbers_inside);
        }
        return make_descriptor_directory(
            owner, task_, kind_,
            kDirectories[number] == "fd" ? DescriptorView::Link : DescriptorView::Information);
    }

    Ref<Task> task_;
    TaskDirectory kind_;
};

}  // namespace

// Linux fs/proc/base.c, task_dump_owner: what shows more than a directory that all may search is root's if
// the task may not be dumped, or has no memory any more.
void own_by_task(const Task& task, Inode& inode) {
    constexpr std::uint32_t kOpenDirectory = S_IFDIR | 0555;
    inode.keeps_mode = true;
    const bool is_hidden = !task.address_space || task.address_space->layout.dumpable != kDumpable;
    if (inode.attributes.mode == kOpenDirectory || !is_hidden) {
        inode.attributes.user = task.credentials.effective_user;
        inode.attributes.group = task.credentials.effective_group;
    }
}

Result<Ref<Dentry>> make_task_directory(Dentry& parent, std::string_view name, const Ref<Task>& task,
                                        TaskDirectory kind) {
    Ref<FileSystem> file_system(&parent.inode().file_system());
    Ref<Inode> inode = TRY(make_ref<TaskDirectoryInode>(std::move(file_system), task, kind));
    inode->attributes.number = TaskInodeNumbers(*task, kind).directory();
    inode->attributes.link_count = kind == TaskDirectory::Process ? kProcessLinks : kThreadLinks;
    inode->is_immutable = true;
    own_by_task(*task, *inode);
    return Dentry::make(parent, name, std::move(inode));
}

Result<void> check_link_length(std::size_t size) {
    return size < kPageSize ? Result<void>() : Result<void>(Errno(ENAMETOOLONG));
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
