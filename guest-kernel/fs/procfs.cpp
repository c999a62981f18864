#include "fs/procfs.hpp"

#include "fs/file_lock.hpp"
#include "fs/file_system.hpp"
#include "fs/mount.hpp"
#include "fs/namespace.hpp"
#include "fs/procfs_settings.hpp"
#include "fs/procfs_task.hpp"
#include "fs/text_buffer.hpp"
#include "fs/text_inode.hpp"
#include "task/proc_text.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kProcBlockSize = 1024;

// The numbers, one for each process; all other entries of the root are in the dentry tree.
class ProcRootInode final : public Inode {
  public:
    explicit ProcRootInode(Ref<FileSystem> file_system) : Inode(std::move(file_system), S_IFDIR | 0555) {}

    Result<Ref<Dentry>> lookup(Dentry& directory, std::string_view name) override {
        const Ref<Task> task = TRY(find_task_of(TRY(parse_decimal_name(name))));
        return make_task_directory(directory, name, task, TaskDirectory::Process);
    }
    // `cursor` is the last pid that was listed, so that processes that end meanwhile do not matter.
    Result<void> list(Dentry&, std::uint64_t& cursor, DirectoryEmitter& emitter) override {
        for (Process& process : all_processes()) {
            auto id = static_cast<std::uint64_t>(process.id);
            if (id <= cursor) {
                continue;
            }
            String name;
            TRY(name.append_decimal(id));
            const TaskInodeNumbers numbers(*process.leader(), TaskDirectory::Process);
            if (!emitter.emit(name.view(), numbers.directory(), FileType::Directory)) {
                return {};
            }
            cursor = id;
        }
        return {};
    }
    Result<Ref<Inode>> create(std::uint32_t, DeviceNumber) override { return Errno(ENOENT); }
    Result<Ref<Inode>> create_symlink(std::string_view) override { return Errno(ENOENT); }

  private:
    static Result<Ref<Task>> find_task_of(int id) {
        Result<Ref<Task>> task = find_task(id);
        if (task.is_error()) {
            return Errno(ENOENT);
        }
        return task;
    }
};

Result<void> make_self(String& out) {
    return out.append_decimal(static_cast<unsigned>(Task::current().process_id()));
}

Result<void> make_thread_self(String& out) {
    TRY(make_self(out));
    TRY(out.append("/task/"));
    return out.append_decimal(static_cast<unsigned>(Task::current().id));
}

Result<void> make_net(String& out) {
    return out.append("self/net");
}

Result<void> make_mounts(String& out) {
    return out.append("self/mounts");
}

Result<void> append_file_systems(String& out) {
    for (const FileSystemType& type : file_system_types()) {
        TRY(out.append("nodev\t"));
        TRY(out.append(type.name));
        TRY(out.append("\n"));
    }
    return {};
}

// There are no control groups, modules, disks or places to swap to.
Result<void> append_cgroup_kinds(String& out) {
    return out.append("#subsys_name\thierarchy\tnum_cgroups\tenabled\n");
}
Result<void> append_swaps(String& out) {
    return out.append("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
}
Result<void> append_nothing(String&) {
    return {};
}

// The majors of fs/device.hpp.
Result<void> append_devices(String& out) {
    return out.append(
        "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n128 ptm\n136 pts\n"
        "204 ttyAMA\n\nBlock devices:\n");
}

// Linux fs/proc/proc_tty.c, show_tty_driver.
Result<void> append_terminal_drivers(String& out) {
    return out.append(
        "/dev/tty             /dev/tty        5       0 system:/dev/tty\n"
        "/dev/console         /dev/console    5       1 system:console\n"
        "/dev/ptmx            /dev/ptmx       5       2 system\n"
        "pty_slave            /dev/pts      136 0-1048575 pty:slave\n"
        "pty_master           /dev/ptm      128 0-1048575 pty:master\n"
        "ttyAMA               /dev/ttyAMA   204      64 serial\n");
}
Result<void> append_line_disciplines(String& out) {
    return out.append("n_tty       0\n");
}

constexpr TextEntry kRootFiles[] = {
    {"cgroups", 0444, append_cgroup_kinds},
    {"cmdline", 0444, append_kernel_command_line},
    {"cpuinfo", 0444, append_cpuinfo},
    {"devices", 0444, append_devices},
    {"diskstats", 0444, append_nothing},
    {"filesystems", 0444, append_file_systems},
    {"interrupts", 0444, append_interrupts},
    {"loadavg", 0444, append_loadavg},
    {"locks", 0444, append_locks},
    {"meminfo", 0444, append_meminfo},
    {"modules", 0444, append_nothing},
    {"partitions", 0444, append_nothing},
    {"stat", 0444, append_proc_stat},
    {"swaps", 0444, append_swaps},
    {"tty/drivers", 0444, append_terminal_drivers},
    {"tty/ldiscs", 0444, append_line_disciplines},
    {"uptime", 0444, append_uptime},
    {"version", 0444, append_version},
    {"vmstat", 0444, append_vmstat},
};

struct RootLink {
    std::string_view name;
    LinkInode::Make make;
};
constexpr RootLink kRootLinks[] = {
    {"mounts", make_mounts}, {"net", make_net}, {"self", make_self}, {"thread-self", make_thread_self}};

// Made once, never destroyed.
Dentry* made_procfs = nullptr;

}  // namespace

Result<Ref<Dentry>> procfs_root(std::string_view) {
    if (made_procfs != nullptr) {
        return Ref<Dentry>(made_procfs);
    }
    const Ref<FileSystem> file_system = TRY(make_ref<FileSystem>("proc", kProcMagic, kProcBlockSize));
    Ref<Inode> inode = TRY(make_ref<ProcRootInode>(file_system));
    Ref<Dentry> made = TRY(Dentry::make_root(std::move(inode)));
    TRY(add_text_files(*made, kRootFiles, ENOENT));
    TRY(add_settings(*made));
    for (const RootLink& link : kRootLinks) {
        Ref<Inode> target = TRY(make_ref<LinkInode>(file_system, link.make));
        TRY(add_entry(*made, link.name, std::move(target)));
    }
    made_procfs = made.leak();
    return Ref<Dentry>(made_procfs);
}

}  // namespace kernel
