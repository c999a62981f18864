// What /proc/sys changes (man 5 proc). The defaults are Linux's for arm64, as Debian builds it.
#pragma once

#include <array>
#include <cstdint>

namespace kernel {

struct Settings {
    // fs
    std::int64_t most_descriptors = 1048576;  // nr_open
    std::int64_t most_open_files = 0;         // file-max; 0: not set yet, then memory decides
    std::int64_t largest_pipe = 1048576;      // pipe-max-size
    std::int64_t protects_hard_links = 1;
    std::int64_t protects_symbolic_links = 1;
    std::int64_t has_directory_notices = 1;  // dir-notify-enable
    std::int64_t has_leases = 1;             // leases-enable
    std::int64_t lease_break_seconds = 45;   // lease-break-time
    std::int64_t suid_dumpable = 0;
    // kernel
    std::int64_t taint = 0;
    std::int64_t most_tasks = 0;  // threads-max; 0: not set yet, then memory decides
    std::int64_t largest_pid = 32768;
    std::int64_t core_uses_pid = 0;
    // Without effect: no core goes to a program, a panic ends the run, nothing is in the log that a program
    // could read, and addresses are random only if the machine is asked for it.
    std::int64_t most_core_pipes = 0;
    std::int64_t panic_timeout = -1;
    std::int64_t panics_on_oops = 0;
    std::int64_t randomizes_addresses = 2;
    std::int64_t allowed_system_requests = 438;             // sysrq
    std::int64_t restricts_log = 1;                         // dmesg_restrict
    std::int64_t restricts_pointers = 0;                    // kptr_restrict
    std::array<std::int64_t, 4> log_levels = {4, 4, 1, 7};  // printk
    // net
    std::int64_t longest_backlog = 4096;  // core/somaxconn
    std::int64_t default_receive_buffer = 212992;
    std::int64_t largest_receive_buffer = 212992;
    std::int64_t default_send_buffer = 212992;
    std::int64_t largest_send_buffer = 212992;
    std::array<std::int64_t, 2> ephemeral_ports = {32768, 60999};
    std::int64_t first_free_port = 1024;  // ip_unprivileged_port_start
    // vm
    std::int64_t most_mappings = 65530;  // max_map_count
    std::int64_t overcommit = 0;         // overcommit_memory: OVERCOMMIT_*
    // Without effect: nothing is swapped, and files are where memory is.
    std::int64_t swappiness = 60;
    std::int64_t overcommit_ratio = 50;
    std::int64_t dirty_ratio = 20;
    std::int64_t dirty_background_ratio = 10;
    std::int64_t cache_pressure = 100;
    std::int64_t panics_without_memory = 0;

    std::array<char, 128> core_pattern = {"core"};
    std::array<char, 256> module_helper = {"/sbin/modprobe"};
};

Settings& settings();

}  // namespace kernel
