// The texts of /proc that tell what a task does and may do, and what programs write to them.
#include <linux/capability.h>

#include "fs/mount.hpp"
#include "fs/sysctl_inode.hpp"
#include "fs/text_buffer.hpp"
#include "mm/address_space.hpp"
#include "task/inspection.hpp"
#include "task/proc_text.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr int kLeastAdjustment = -1000;  // OOM_SCORE_ADJ_MIN
constexpr int kMostAdjustment = 1000;

// A number on its own, with white space around it (Linux kstrtoint after strstrip).
Result<std::int64_t> parse_number(std::string_view text) {
    constexpr std::string_view kSpaces = " \t\n\v\f\r";
    while (!text.empty() && kSpaces.contains(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (kSpaces.contains(text.back()) || text.back() == '\0')) {
        text.remove_suffix(1);
    }
    if (!text.empty() && text.front() == '+') {
        text.remove_prefix(1);
    }
    std::string_view digits = text;
    const Result<std::int64_t> taken = take_number(digits);
    const bool is_too_long = taken.is_error() && text.size() > 1 && text[1] >= '0' && text[1] <= '9';
    if (taken.is_error()) {
        return is_too_long ? Errno(ERANGE) : taken.error();
    }
    const std::int64_t number = taken.value();
    text = digits;
    return text.empty() ? Result<std::int64_t>(number) : Result<std::int64_t>(Errno(EINVAL));
}

// Linux fs/proc/base.c, __set_oom_adj: only the mighty go below what the process once was given.
Result<void> set_adjustment(Task& task, int adjustment) {
    Process& process = *task.process;
    const bool is_mighty = Task::current().credentials.has(CAP_SYS_RESOURCE);
    if (adjustment < process.least_oom_adjustment && !is_mighty) {
        return Errno(EACCES);
    }
    process.oom_adjustment = adjustment;
    if (is_mighty) {
        process.least_oom_adjustment = adjustment;
    }
    return {};
}

// Nanoseconds as "milliseconds.nanoseconds" (Linux kernel/sched/debug.c, SPLIT_NS).
void append_split(TextBuffer& out, std::string_view name, std::int64_t nanoseconds) {
    constexpr std::int64_t kPerMillisecond = 1'000'000;
    out.text(name);
    for (std::size_t column = name.size(); column < 45; ++column) {
        out.character(' ');
    }
    out.character(':').decimal(static_cast<std::uint64_t>(nanoseconds / kPerMillisecond), 14);
    out.character('.')
        .decimal(static_cast<std::uint64_t>(nanoseconds % kPerMillisecond), 6, '0')
        .character('\n');
}

void append_count(TextBuffer& out, std::string_view name, std::int64_t value) {
    out.text(name);
    for (std::size_t column = name.size(); column < 45; ++column) {
        out.character(' ');
    }
    TextBuffer digits;
    digits.signed_decimal(value);
    out.character(':');
    for (std::size_t column = digits.size(); column < 21; ++column) {
        out.character(' ');
    }
    out.text(digits.view()).character('\n');
}

// sched_prio: nice levels are 100 to 139, real-time priorities below.
int priority_of(const Task& task) {
    constexpr int kOfNiceZero = 120;
    return task.realtime_priority > 0 ? 99 - task.realtime_priority : kOfNiceZero + task.nice;
}

}  // namespace

Result<void> append_oom_score_adj(Task& task, String& out) {
    TRY(out.append_signed(task.process->oom_adjustment));
    return out.append("\n");
}

Result<void> store_oom_score_adj(Task& task, std::string_view text) {
    const std::int64_t wanted = TRY(parse_number(text));
    if (wanted < INT32_MIN || wanted > INT32_MAX) {
        return Errno(ERANGE);
    }
    if (wanted < kLeastAdjustment || wanted > kMostAdjustment) {
        return Errno(EINVAL);
    }
    return set_adjustment(task, static_cast<int>(wanted));
}

// The older scale, from -17 to 15 (Linux fs/proc/base.c, oom_adj_read and oom_adj_write).
Result<void> append_oom_adj(Task& task, String& out) {
    const int adjustment = task.process->oom_adjustment;
    TRY(out.append_signed(adjustment == kMostAdjustment ? 15 : adjustment * 17 / kMostAdjustment));
    return out.append("\n");
}

Result<void> store_oom_adj(Task& task, std::string_view text) {
    constexpr int kMost = 15;
    constexpr int kNever = -17;
    const std::int64_t wanted = TRY(parse_number(text));
    if (wanted < kNever || wanted > kMost) {
        return Errno(EINVAL);
    }
    return set_adjustment(
        task, wanted == kMost ? kMostAdjustment : static_cast<int>(wanted) * kMostAdjustment / -kNever);
}

Result<void> append_io(Task& task, String& out) {
    return append_io_counts(task.process->io_counts(), out);
}

Result<void> append_thread_io(Task& task, String& out) {
    return append_io_counts(task.io, out);
}

Result<void> append_io_counts(const IoCounts& io, String& out) {
    TextBuffer text;
    text.text("rchar: ").decimal(io.bytes_read).text("\nwchar: ").decimal(io.bytes_written);
    text.text("\nsyscr: ").decimal(io.reads).text("\nsyscw: ").decimal(io.writes);
    // Nothing comes from a disk or goes there.
    text.text("\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
    return text.append_to(out);
}

// Linux fs/proc/base.c, proc_pid_syscall: of a task that waits, and of the reader itself.
Result<void> append_syscall(Task& task, String& out) {
    TextBuffer text;
    if (task.has_ended()) {
        return out.append("-1 0x0 0x0\n");  // Linux lib/syscall.c, task_current_syscall: without a stack
    }
    if (task.state == TaskState::Runnable && &task != &Task::current()) {
        text.text("running\n");
        return text.append_to(out);
    }
    const Registers& registers = task.kernel_stack.registers();
    text.signed_decimal(registers.system_call);
    if (registers.system_call >= 0) {
        text.text(" 0x").hex(registers.original_x0);
        for (std::size_t i = 1; i < 6; ++i) {
            text.text(" 0x").hex(registers.x[i]);
        }
    }
    text.text(" 0x").hex(registers.sp).text(" 0x").hex(registers.pc).character('\n');
    return text.append_to(out);
}

// Where it waits: the kernel has no names of its functions. Linux says 0 then, too.
Result<void> append_wait_channel(Task&, String& out) {
    return out.append("0");
}

Result<void> append_sched(Task& task, String& out) {
    TextBuffer text;
    text.text(task.name()).text(" (").signed_decimal(task.id).text(", #threads: ");
    text.decimal(task.process->thread_count()).text(")\n");
    text.text("-------------------------------------------------------------------\n");
    const ResourceUsage usage = task_usage(task);
    append_split(text, "se.exec_start", task.last_accounted);
    append_split(text, "se.vruntime", task.virtual_runtime);
    append_split(text, "se.sum_exec_runtime", usage.times.user + usage.times.system);
    append_count(text, "se.nr_migrations", 0);
    const auto voluntary = static_cast<std::int64_t>(task.voluntary_switches);
    const auto involuntary = static_cast<std::int64_t>(task.involuntary_switches);
    append_count(text, "nr_switches", voluntary + involuntary);
    append_count(text, "nr_voluntary_switches", voluntary);
    append_count(text, "nr_involuntary_switches", involuntary);
    append_count(text, "policy", task.policy);
    append_count(text, "prio", priority_of(task));
    return text.append_to(out);
}

Result<void> append_core_filter(Task& task, String& out) {
    if (!task.address_space) {
        return {};
    }
    TRY(out.append_hex(task.address_space->layout.core_filter, 8));
    return out.append("\n");
}

Result<void> store_core_filter(Task& task, std::string_view text) {
    constexpr std::int64_t kKnown = 0x1ff;  // MMF_DUMP_FILTER_MASK
    const std::int64_t wanted = TRY(parse_number(text));
    if (wanted < 0 || wanted > UINT32_MAX) {
        return Errno(wanted < 0 ? EINVAL : ERANGE);
    }
    if (!task.address_space) {
        return Errno(ESRCH);
    }
    task.address_space->layout.core_filter = static_cast<unsigned>(wanted & kKnown);
    return {};
}

// Another's slack asks for CAP_SYS_NICE (Linux fs/proc/base.c, timerslack_ns_show).
Result<void> append_timer_slack(Task& task, String& out) {
    if (&task != &Task::current() && !Task::current().credentials.has(CAP_SYS_NICE)) {
        return Errno(EPERM);
    }
    TRY(out.append_decimal(task.timer_slack));
    return out.append("\n");
}

Result<void> store_timer_slack(Task& task, std::string_view text) {
    const std::int64_t wanted = TRY(parse_number(text));
    if (wanted < 0) {
        return Errno(EINVAL);
    }
    if (&task != &Task::current() && !Task::current().credentials.has(CAP_SYS_NICE)) {
        return Errno(EPERM);
    }
    task.timer_slack = wanted == 0 ? task.default_timer_slack : static_cast<std::uint64_t>(wanted);
    return {};
}

Result<void> append_login_user(Task& task, String& out) {
    return out.append_decimal(task.login_user);
}

Result<void> append_login_session(Task& task, String& out) {
    return out.append_decimal(task.login_session);
}

// Linux fs/proc/base.c, proc_loginuid_write, and kernel/audit.c, audit_set_loginuid: each user that is set
// begins another session.
Result<void> store_login_user(Task& task, std::string_view text) {
    static std::uint32_t sessions = 0;
    if (&task != &Task::current()) {
        return Errno(EPERM);
    }
    const std::int64_t user = TRY(parse_number(text));
    if (user < 0) {
        return Errno(EINVAL);
    }
    if (user > UINT32_MAX) {
        return Errno(ERANGE);
    }
    if (task.login_user != Task::kNobodyLoggedIn && !task.credentials.has(CAP_AUDIT_CONTROL)) {
        return Errno(EPERM);
    }
    task.login_user = static_cast<std::uint32_t>(user);
    task.login_session = task.login_user == Task::kNobodyLoggedIn ? Task::kNobodyLoggedIn : ++sessions;
    return {};
}

// Any write sets statistics to zero that this kernel does not keep (Linux kernel/sched/debug.c,
// proc_sched_set_task).
Result<void> store_sched(Task&, std::string_view) {
    return {};
}

// The only user namespace, in which every id is itself.
Result<void> append_id_map(Task&, String& out) {
    return out.append("         0          0 4294967295\n");
}

Result<void> store_id_map(Task&, std::string_view) {
    return Errno(EPERM);  // the first namespace has its map
}

Result<void> append_setgroups(Task&, String& out) {
    return out.append("allow\n");
}

Result<void> store_setgroups(Task&, std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    if (text == "deny") {
        return Errno(EPERM);  // gid_map is set
    }
    return text == "allow" ? Result<void>() : Result<void>(Errno(EINVAL));
}

Result<void> append_time_offsets(Task&, String& out) {
    return out.append("monotonic           0         0\nboottime            0         0\n");
}

// The only cpuset has every CPU.
Result<void> append_cpuset(Task&, String& out) {
    return out.append("/\n");
}

Result<void> append_children(Task& task, String& out) {
    for (const Process& child : task.process->children) {
        if (child.parent_thread == task.id) {
            TRY(out.append_signed(child.id));
            TRY(out.append(" "));
        }
    }
    return {};
}

}  // namespace kernel
