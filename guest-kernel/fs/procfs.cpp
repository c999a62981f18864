#include "fs/procfs.hpp"

#include <linux/capability.h>

#include <array>

#include "fs/devpts.hpp"
#include "fs/file_system.hpp"
#include "fs/mount.hpp"
#include "fs/namespace.hpp"
#include "fs/procfs_task.hpp"
#include "fs/text_buffer.hpp"
#include "fs/text_inode.hpp"
#include "lib/random.hpp"
#include "task/proc_text.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kProcMagic = 0x9fa0;  // PROC_SUPER_MAGIC
constexpr std::uint32_t kBlockSize = 1024;

// The numbers, one for each process; all other entries of the root are in the dentry tree.
class ProcRootInode final : public Inode {
  public:
    explicit ProcRootInode(Ref<FileSystem> file_system) : Inode(std::move(file_system), S_IFDIR | 0555) {}

    Result<Ref<Dentry>> lookup(Dentry& directory, std::string_view name) override {
        Ref<Task> task = TRY(find_task_of(TRY(parse_decimal_name(name))));
        return make_task_directory(directory, name, std::move(task), TaskDirectory::Process);
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

// Version 4 (random): RFC 9562, section 5.4.
Result<void> append_uuid(const std::array<std::byte, 16>& bytes, String& out) {
    for (std::size_t i = 0; i < bytes.size(); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            TRY(out.append("-"));
        }
        TRY(out.append_hex(std::to_integer<unsigned>(bytes[i]), 2));
    }
    return out.append("\n");
}

std::array<std::byte, 16> make_uuid() {
    std::array<std::byte, 16> bytes{};
    fill_random(bytes);
    bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
    bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
    return bytes;
}

Result<void> append_new_uuid(String& out) {
    return append_uuid(make_uuid(), out);
}

Result<void> append_boot_id(String& out) {
    static std::array<std::byte, 16> boot_id;
    static bool is_made = false;
    if (!is_made) {
        boot_id = make_uuid();
        is_made = true;
    }
    return append_uuid(boot_id, out);
}

// Values of /proc/sys that cannot be changed here; numbers are Linux's defaults for arm64.
template <std::uint64_t value>
Result<void> append_constant(String& out) {
    TRY(out.append_decimal(value));
    return out.append("\n");
}

Result<void> append_maximum_tasks(String& out) {
    TRY(out.append_decimal(maximum_tasks()));
    return out.append("\n");
}

Result<void> append_terminal_count(String& out) {
    TRY(out.append_decimal(pseudo_terminal_count()));
    return out.append("\n");
}

constexpr std::uint64_t kPoolBits = 256;      // Linux drivers/char/random.c
constexpr std::uint64_t kMaximumPid = 32768;  // PID_MAX_DEFAULT
constexpr std::uint64_t kMaximumGroups = 65536;
constexpr std::uint64_t kMaximumMappings = 65530;
constexpr std::uint64_t kLowestMapping = 32768;  // DEFAULT_MMAP_MIN_ADDR of Debian's arm64
constexpr std::uint64_t kMaximumDescriptors = 1048576;
constexpr std::uint64_t kMaximumTerminals = 4096;  // NR_UNIX98_PTY_DEFAULT
constexpr std::uint64_t kMaximumPipe = 1048576;

// net/core, net/ipv4: what sockets here begin with.
constexpr std::uint64_t kSocketBuffer = 212992;
constexpr std::uint64_t kLongestBacklog = 4096;
constexpr std::uint64_t kTimeToLive = 64;
constexpr std::uint64_t kFirstFreePort = 1024;
constexpr std::uint64_t kFinTimeout = 60;
constexpr std::uint64_t kKeepAliveTime = 7200;
constexpr std::uint64_t kKeepAliveInterval = 75;
constexpr std::uint64_t kKeepAliveProbes = 9;
constexpr std::uint64_t kSynRetries = 6;

// As PortTable chooses them.
Result<void> append_port_range(String& out) {
    return out.append("32768\t60999\n");
}

constexpr TextEntry kFiles[] = {
    {"cmdline", 0444, append_kernel_command_line},
    {"cpuinfo", 0444, append_cpuinfo},
    {"filesystems", 0444, append_file_systems},
    {"loadavg", 0444, append_loadavg},
    {"meminfo", 0444, append_meminfo},
    {"stat", 0444, append_proc_stat},
    {"uptime", 0444, append_uptime},
    {"version", 0444, append_version},
    {"sys/fs/nr_open", 0444, append_constant<kMaximumDescriptors>},
    {"sys/fs/protected_hardlinks", 0600, append_constant<1>},
    {"sys/fs/protected_symlinks", 0600, append_constant<1>},
    {"sys/fs/pipe-max-size", 0444, append_constant<kMaximumPipe>},
    {"sys/kernel/cap_last_cap", 0444, append_constant<CAP_LAST_CAP>},
    {"sys/kernel/hostname", 0444, append_hostname},
    {"sys/kernel/ngroups_max", 0444, append_constant<kMaximumGroups>},
    {"sys/kernel/osrelease", 0444, append_osrelease},
    {"sys/kernel/ostype", 0444, append_ostype},
    {"sys/kernel/pid_max", 0444, append_constant<kMaximumPid>},
    {"sys/kernel/pty/max", 0444, append_constant<kMaximumTerminals>},
    {"sys/kernel/pty/nr", 0444, append_terminal_count},
    {"sys/kernel/random/boot_id", 0444, append_boot_id},
    {"sys/kernel/random/entropy_avail", 0444, append_constant<kPoolBits>},
    {"sys/kernel/random/poolsize", 0444, append_constant<kPoolBits>},
    {"sys/kernel/random/uuid", 0444, append_new_uuid},
    {"sys/kernel/randomize_va_space", 0444, append_constant<2>},
    {"sys/kernel/threads-max", 0444, append_maximum_tasks},
    {"sys/net/core/rmem_default", 0444, append_constant<kSocketBuffer>},
    {"sys/net/core/rmem_max", 0444, append_constant<kSocketBuffer>},
    {"sys/net/core/somaxconn", 0444, append_constant<kLongestBacklog>},
    {"sys/net/core/wmem_default", 0444, append_constant<kSocketBuffer>},
    {"sys/net/core/wmem_max", 0444, append_constant<kSocketBuffer>},
    {"sys/net/ipv4/ip_default_ttl", 0444, append_constant<kTimeToLive>},
    {"sys/net/ipv4/ip_local_port_range", 0444, append_port_range},
    {"sys/net/ipv4/ip_unprivileged_port_start", 0444, append_constant<kFirstFreePort>},
    {"sys/net/ipv4/tcp_fin_timeout", 0444, append_constant<kFinTimeout>},
    {"sys/net/ipv4/tcp_keepalive_intvl", 0444, append_constant<kKeepAliveInterval>},
    {"sys/net/ipv4/tcp_keepalive_probes", 0444, append_constant<kKeepAliveProbes>},
    {"sys/net/ipv4/tcp_keepalive_time", 0444, append_constant<kKeepAliveTime>},
    {"sys/net/ipv4/tcp_syn_retries", 0444, append_constant<kSynRetries>},
    {"sys/net/ipv6/bindv6only", 0444, append_constant<0>},
    {"sys/net/ipv6/conf/all/disable_ipv6", 0444, append_constant<0>},
    {"sys/vm/max_map_count", 0444, append_constant<kMaximumMappings>},
    {"sys/vm/mmap_min_addr", 0444, append_constant<kLowestMapping>},
    {"sys/vm/overcommit_memory", 0444, append_constant<0>},
};

struct RootLink {
    std::string_view name;
    LinkInode::Make make;
};
constexpr RootLink kLinks[] = {
    {"mounts", make_mounts}, {"self", make_self}, {"thread-self", make_thread_self}};

// Made once, never destroyed.
Dentry* root = nullptr;

}  // namespace

Result<Ref<Dentry>> procfs_root(std::string_view) {
    if (root != nullptr) {
        return Ref<Dentry>(root);
    }
    const Ref<FileSystem> file_system = TRY(make_ref<FileSystem>("proc", kProcMagic, kBlockSize));
    Ref<Inode> inode = TRY(make_ref<ProcRootInode>(file_system));
    Ref<Dentry> made = TRY(Dentry::make_root(std::move(inode)));
    TRY(add_text_files(*made, kFiles, ENOENT));
    for (const RootLink& link : kLinks) {
        Ref<Inode> target = TRY(make_ref<LinkInode>(file_system, link.make));
        TRY(add_entry(*made, link.name, std::move(target)));
    }
    root = made.leak();
    return Ref<Dentry>(root);
}

}  // namespace kernel
