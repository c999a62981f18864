// The texts of /proc that come from tasks, memory and the machine (man 5 proc). Each appends a whole file.
#pragma once

#include <span>

#include "lib/result.hpp"
#include "lib/string.hpp"

namespace kernel {

class AddressSpace;
class Mapping;
class Task;
struct IoCounts;

// What maps calls a region that is no file's; empty: nothing.
std::string_view region_name(const Mapping& mapping);
// Where maps writes names.
inline constexpr std::size_t kMapsPathColumn = 73;
Result<void> append_map_line(const Mapping& mapping, String& out);

Result<void> append_maps(Task& task, String& out);
Result<void> append_auxv(Task& task, String& out);
Result<void> append_cmdline(Task& task, String& out);
Result<void> append_environ(Task& task, String& out);
Result<void> append_limits(Task& task, String& out);
Result<void> append_stat(Task& task, String& out);
Result<void> append_thread_stat(Task& task, String& out);
Result<void> append_statm(Task& task, String& out);
Result<void> append_status(Task& task, String& out);

// Page by page (proc_text_memory.cpp).
Result<void> append_smaps(Task& task, String& out);
Result<void> append_smaps_rollup(Task& task, String& out);
Result<void> append_oom_score(Task& task, String& out);
// What is present of a program's own memory, and of files and shared memory.
struct ResidentKinds {
    std::uint64_t anonymous_pages;
    std::uint64_t shared_pages;
};
ResidentKinds resident_kinds(AddressSpace& space);
// The words of /proc/<pid>/pagemap from a page on; with numbers of frames for those who may know them.
void describe_pages(AddressSpace& space, std::uint64_t first_page, bool shows_frames,
                    std::span<std::uint64_t> words);

// What a task does and may do (proc_text_state.cpp).
Result<void> append_oom_score_adj(Task& task, String& out);
Result<void> store_oom_score_adj(Task& task, std::string_view text);
Result<void> append_oom_adj(Task& task, String& out);
Result<void> store_oom_adj(Task& task, std::string_view text);
Result<void> append_io(Task& task, String& out);
Result<void> append_thread_io(Task& task, String& out);
Result<void> append_io_counts(const IoCounts& io, String& out);
Result<void> append_syscall(Task& task, String& out);
Result<void> append_wait_channel(Task& task, String& out);
Result<void> append_sched(Task& task, String& out);
Result<void> append_core_filter(Task& task, String& out);
Result<void> store_core_filter(Task& task, std::string_view text);
Result<void> append_timer_slack(Task& task, String& out);
Result<void> store_timer_slack(Task& task, std::string_view text);
Result<void> append_login_user(Task& task, String& out);
Result<void> store_login_user(Task& task, std::string_view text);
Result<void> append_login_session(Task& task, String& out);
Result<void> store_sched(Task& task, std::string_view text);
Result<void> append_id_map(Task& task, String& out);
Result<void> store_id_map(Task& task, std::string_view text);
Result<void> append_setgroups(Task& task, String& out);
Result<void> store_setgroups(Task& task, std::string_view text);
Result<void> append_time_offsets(Task& task, String& out);
Result<void> append_cpuset(Task& task, String& out);
Result<void> append_children(Task& task, String& out);

Result<void> append_kernel_command_line(String& out);
Result<void> append_cpuinfo(String& out);
Result<void> append_loadavg(String& out);
Result<void> append_meminfo(String& out);
Result<void> append_proc_stat(String& out);
Result<void> append_event_counts(String& out);
Result<void> append_interrupts(String& out);
Result<void> append_vmstat(String& out);
Result<void> append_uptime(String& out);
Result<void> append_version(String& out);
Result<void> append_hostname(String& out);
Result<void> append_osrelease(String& out);
Result<void> append_ostype(String& out);

}  // namespace kernel
