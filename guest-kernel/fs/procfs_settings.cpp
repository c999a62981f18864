// Which files /proc/sys has.
#include <linux/capability.h>

#include "fs/devpts.hpp"
#include "fs/file.hpp"
#include "fs/procfs_settings.hpp"
#include "fs/sysctl_inode.hpp"
#include "fs/text_inode.hpp"
#include "lib/random.hpp"
#include "lib/settings.hpp"
#include "lib/system_name.hpp"
#include "task/proc_text.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// A value that nobody can change: Linux's, for arm64.
template <std::int64_t value>
Result<void> show(String& out) {
    TRY(out.append_signed(value));
    return out.append("\n");
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

Result<void> show_new_uuid(String& out) {
    return append_uuid(make_uuid(), out);
}

Result<void> show_boot_id(String& out) {
    static std::array<std::byte, 16> boot_id;
    static bool is_made = false;
    if (!is_made) {
        boot_id = make_uuid();
        is_made = true;
    }
    return append_uuid(boot_id, out);
}

Result<void> show_terminal_count(String& out) {
    TRY(out.append_decimal(pseudo_terminal_count()));
    return out.append("\n");
}

Result<void> show_last_number(String& out) {
    TRY(out.append_signed(last_task_number()));
    return out.append("\n");
}

// Open files, free ones (none are kept), and how many there may be.
Result<void> show_file_counts(String& out) {
    TRY(out.append_decimal(File::count()));
    TRY(out.append("\t0\t"));
    TRY(out.append_signed(settings().most_open_files));
    return out.append("\n");
}

Result<void> show_kernel_version(String& out) {
    TRY(out.append(system_name().version));
    return out.append("\n");
}

Result<void> show_machine(String& out) {
    TRY(out.append(system_name().machine));
    return out.append("\n");
}

Result<void> keep_as_superuser(std::int64_t& value, std::int64_t wanted) {
    if (!Task::current().credentials.has(CAP_SYS_ADMIN)) {
        return Errno(EPERM);
    }
    value = wanted;
    return {};
}

// Bits are added, never taken back, as far as they have a meaning (Linux kernel/sysctl.c, proc_taint).
Result<void> add_taint(std::int64_t& value, std::int64_t wanted) {
    if (!Task::current().credentials.has(CAP_SYS_ADMIN)) {
        return Errno(EPERM);
    }
    constexpr std::int64_t kKnown = (1 << 19) - 1;  // TAINT_FLAGS_COUNT
    value |= wanted & kKnown;
    return {};
}

// A power of two of pages (Linux fs/pipe.c, round_pipe_size).
Result<void> set_largest_pipe(std::int64_t& value, std::int64_t wanted) {
    constexpr std::int64_t kMost = std::int64_t{1} << 31;
    if (wanted > kMost) {
        return Errno(EINVAL);
    }
    std::int64_t rounded = kPageSize;
    while (rounded < wanted) {
        rounded *= 2;
    }
    value = rounded;
    return {};
}

// Linux net/ipv4/sysctl_net_ipv4.c, ipv4_local_port_range and ipv4_privileged_ports.
bool are_ports_in_order(std::span<const std::int64_t> wanted) {
    return wanted[1] >= wanted[0] && wanted[0] >= settings().first_free_port;
}

bool is_below_ephemeral_ports(std::span<const std::int64_t> wanted) {
    return wanted[0] <= settings().ephemeral_ports[0];
}

constexpr std::int64_t kWord = 64;

std::span<std::int64_t> one(std::int64_t& value) {
    return {&value, 1};
}

Result<void> add_numbers(Dentry& root) {
    Settings& all = settings();
    const NumberSetting numbers[] = {
        {"sys/fs/dir-notify-enable", 0644, one(all.has_directory_notices)},
        {"sys/fs/file-max", 0644, one(all.most_open_files), 0, INT64_MAX},
        {"sys/fs/lease-break-time", 0644, one(all.lease_break_seconds)},
        {"sys/fs/leases-enable", 0644, one(all.has_leases)},
        {"sys/fs/nr_open", 0644, one(all.most_descriptors), kWord, INT32_MAX - kWord + 1, nullptr, nullptr,
         NumberForm::Unsigned},
        {"sys/fs/pipe-max-size", 0644, one(all.largest_pipe), 0, UINT32_MAX, set_largest_pipe, nullptr,
         NumberForm::Unsigned},
        {"sys/fs/protected_hardlinks", 0644, one(all.protects_hard_links), 0, 1},
        {"sys/fs/protected_symlinks", 0644, one(all.protects_symbolic_links), 0, 1},
        {"sys/fs/suid_dumpable", 0644, one(all.suid_dumpable), 0, 2},
        {"sys/kernel/core_pipe_limit", 0644, one(all.most_core_pipes)},
        {"sys/kernel/core_uses_pid", 0644, one(all.core_uses_pid)},
        {"sys/kernel/dmesg_restrict", 0644, one(all.restricts_log), 0, 1, keep_as_superuser},
        {"sys/kernel/kptr_restrict", 0644, one(all.restricts_pointers), 0, 2, keep_as_superuser},
        {"sys/kernel/panic", 0644, one(all.panic_timeout)},
        {"sys/kernel/panic_on_oops", 0644, one(all.panics_on_oops)},
        {"sys/kernel/pid_max", 0644, one(all.largest_pid), 301, 4194304},
        {"sys/kernel/printk", 0644, all.log_levels},
        {"sys/kernel/randomize_va_space", 0644, one(all.randomizes_addresses)},
        {"sys/kernel/sysrq", 0644, one(all.allowed_system_requests)},
        {"sys/kernel/tainted", 0644, one(all.taint), INT64_MIN, INT64_MAX, add_taint},
        {"sys/kernel/threads-max", 0644, one(all.most_tasks), 1, 0x3fffffff},
        {"sys/net/core/rmem_default", 0644, one(all.default_receive_buffer), 2304},
        {"sys/net/core/rmem_max", 0644, one(all.largest_receive_buffer), 2304},
        {"sys/net/core/somaxconn", 0644, one(all.longest_backlog), 0},
        {"sys/net/core/wmem_default", 0644, one(all.default_send_buffer), 4608},
        {"sys/net/core/wmem_max", 0644, one(all.largest_send_buffer), 4608},
        {"sys/net/ipv4/ip_local_port_range", 0644, all.ephemeral_ports, 1, 65535, nullptr,
         are_ports_in_order},
        {"sys/net/ipv4/ip_unprivileged_port_start", 0644, one(all.first_free_port), 0, 65535, nullptr,
         is_below_ephemeral_ports},
        {"sys/vm/dirty_background_ratio", 0644, one(all.dirty_background_ratio), 0, 100},
        {"sys/vm/dirty_ratio", 0644, one(all.dirty_ratio), 0, 100},
        {"sys/vm/max_map_count", 0644, one(all.most_mappings), 0},
        {"sys/vm/overcommit_memory", 0644, one(all.overcommit), 0, 2},
        {"sys/vm/overcommit_ratio", 0644, one(all.overcommit_ratio)},
        {"sys/vm/panic_on_oom", 0644, one(all.panics_without_memory), 0, 2},
        {"sys/vm/swappiness", 0644, one(all.swappiness), 0, 200},
        {"sys/vm/vfs_cache_pressure", 0644, one(all.cache_pressure), 0},
    };
    for (const NumberSetting& setting : numbers) {
        Ref<FileSystem> file_system(&root.inode().file_system());
        TRY(add_file(root, setting.path, TRY(make_number_setting(std::move(file_system), setting)), ENOENT));
    }
    return {};
}

Result<void> add_texts(Dentry& root) {
    const TextSetting texts[] = {
        {"sys/kernel/core_pattern", 0644, settings().core_pattern},
        {"sys/kernel/domainname", 0644, system_name().domainname},
        {"sys/kernel/hostname", 0644, system_name().nodename},
        {"sys/kernel/modprobe", 0644, settings().module_helper},
    };
    for (const TextSetting& setting : texts) {
        Ref<FileSystem> file_system(&root.inode().file_system());
        TRY(add_file(root, setting.path, TRY(make_text_setting(std::move(file_system), setting)), ENOENT));
    }
    return {};
}

constexpr ShownSetting kShown[] = {
    {"sys/abi/tagged_addr_disabled", show<0>},
    {"sys/fs/aio-max-nr", show<65536>},
    {"sys/fs/aio-nr", show<0>},
    {"sys/fs/file-nr", show_file_counts},
    {"sys/fs/inotify/max_queued_events", show<16384>},
    {"sys/fs/inotify/max_user_instances", show<128>},
    {"sys/fs/inotify/max_user_watches", show<8192>},
    {"sys/fs/overflowgid", show<65534>},
    {"sys/fs/overflowuid", show<65534>},
    {"sys/fs/protected_fifos", show<0>},
    {"sys/fs/protected_regular", show<0>},
    {"sys/kernel/arch", show_machine},
    {"sys/kernel/cap_last_cap", show<CAP_LAST_CAP>},
    {"sys/kernel/ngroups_max", show<65536>},
    {"sys/kernel/ns_last_pid", show_last_number},
    {"sys/kernel/osrelease", append_osrelease},
    {"sys/kernel/ostype", append_ostype},
    {"sys/kernel/overflowgid", show<65534>},
    {"sys/kernel/overflowuid", show<65534>},
    {"sys/kernel/pty/max", show<4096>},  // NR_UNIX98_PTY_DEFAULT
    {"sys/kernel/pty/nr", show_terminal_count},
    {"sys/kernel/pty/reserve", show<1024>},
    {"sys/kernel/random/boot_id", show_boot_id},
    {"sys/kernel/random/entropy_avail", show<256>},
    {"sys/kernel/random/poolsize", show<256>},
    {"sys/kernel/random/uuid", show_new_uuid},
    {"sys/kernel/sched_child_runs_first", show<0>},
    {"sys/kernel/sched_rr_timeslice_ms", show<100>},
    {"sys/kernel/sysctl_writes_strict", show<1>},
    {"sys/kernel/version", show_kernel_version},
    {"sys/net/ipv4/ip_default_ttl", show<64>},
    {"sys/net/ipv4/ip_forward", show<0>},
    {"sys/net/ipv4/tcp_fin_timeout", show<60>},
    {"sys/net/ipv4/tcp_keepalive_intvl", show<75>},
    {"sys/net/ipv4/tcp_keepalive_probes", show<9>},
    {"sys/net/ipv4/tcp_keepalive_time", show<7200>},
    {"sys/net/ipv4/tcp_syn_retries", show<6>},
    {"sys/net/ipv6/bindv6only", show<0>},
    {"sys/net/ipv6/conf/all/disable_ipv6", show<0>},
    {"sys/net/ipv6/conf/lo/disable_ipv6", show<0>},
    {"sys/net/unix/max_dgram_qlen", show<10>},
    {"sys/vm/mmap_min_addr", show<4096>},
    {"sys/vm/nr_hugepages", show<0>},
    {"sys/vm/page-cluster", show<3>},
};

}  // namespace

Result<void> add_settings(Dentry& root) {
    // Linux fs/file_table.c, files_maxfiles_init: a tenth of memory, at a kibibyte for each file.
    settings().most_open_files =
        static_cast<std::int64_t>(memory_counts().total_pages * (kPageSize / 1024) / 10);
    TRY(add_numbers(root));
    TRY(add_texts(root));
    for (const ShownSetting& setting : kShown) {
        Ref<FileSystem> file_system(&root.inode().file_system());
        TRY(add_file(root, setting.path, TRY(make_shown_setting(std::move(file_system), setting)), ENOENT));
    }
    return {};
}

}  // namespace kernel
