#include "task/proc_text.hpp"

#include <linux/mman.h>
#include <linux/prctl.h>

#include <array>

#include "fs/file_system.hpp"
#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "lib/command_line.hpp"
#include "lib/faults.hpp"
#include "lib/system_name.hpp"
#include "mm/address_space.hpp"
#include "task/task.hpp"
#include "time/ticks.hpp"
#include "tty/tty.hpp"

namespace kernel {

namespace {

// Appends one piece after another; remembers the first failure.
class Text {
  public:
    explicit Text(String& out) : out_(out) {}
    Text& operator<<(std::string_view text) { return note(out_.append(text)); }
    Text& operator<<(std::uint64_t number) { return note(out_.append_decimal(number)); }
    Text& operator<<(__u64 number) { return note(out_.append_decimal(number)); }
    Text& operator<<(int number) { return note(out_.append_signed(number)); }
    Text& hex(std::uint64_t number, unsigned width) { return note(out_.append_hex(number, width)); }
    Text& decimal(std::uint64_t number, unsigned width, char pad = ' ') {
        return note(out_.append_decimal(number, width, pad));
    }
    // A word at the left of a column.
    Text& padded(std::string_view text, std::size_t width) {
        *this << text;
        for (std::size_t i = text.size(); i < width; ++i) {
            *this << " ";
        }
        return *this;
    }
    Result<void> result() { return result_.is_error() ? Result<void>(result_.error()) : Result<void>(); }
    Text& note(Result<void> step) {
        if (step.is_error() && !result_.is_error()) {
            new (&result_) Result<void>(step.error());
        }
        return *this;
    }

  private:
    String& out_;
    Result<void> result_;
};

// A stretch of a task's memory; what cannot be read is left out.
Result<void> append_memory(Task& task, std::uint64_t start, std::uint64_t end, String& out) {
    while (task.address_space && start < end) {
        std::array<char, 512> chunk{};
        const std::size_t want = end - start < chunk.size() ? end - start : chunk.size();
        const std::size_t count =
            task.address_space->read_remote(start, std::as_writable_bytes(std::span(chunk)).first(want));
        TRY(out.append({chunk.data(), count}));
        if (count < want) {
            break;
        }
        start += count;
    }
    return {};
}

struct LimitName {
    unsigned resource;
    std::string_view name;
    std::string_view unit;
};

constexpr std::array<LimitName, 16> kLimits = {{
    {RLIMIT_CPU, "Max cpu time", "seconds"},
    {RLIMIT_FSIZE, "Max file size", "bytes"},
    {RLIMIT_DATA, "Max data size", "bytes"},
    {RLIMIT_STACK, "Max stack size", "bytes"},
    {RLIMIT_CORE, "Max core file size", "bytes"},
    {RLIMIT_RSS, "Max resident set", "bytes"},
    {RLIMIT_NPROC, "Max processes", "processes"},
    {RLIMIT_NOFILE, "Max open files", "files"},
    {RLIMIT_MEMLOCK, "Max locked memory", "bytes"},
    {RLIMIT_AS, "Max address space", "bytes"},
    {RLIMIT_LOCKS, "Max file locks", "locks"},
    {RLIMIT_SIGPENDING, "Max pending signals", "signals"},
    {RLIMIT_MSGQUEUE, "Max msgqueue size", "bytes"},
    {RLIMIT_NICE, "Max nice priority", ""},
    {RLIMIT_RTPRIO, "Max realtime priority", ""},
    {RLIMIT_RTTIME, "Max realtime timeout", "us"},
}};

Result<String> limit_text(std::uint64_t limit) {
    String text;
    if (limit == RLIM64_INFINITY) {
        TRY(text.append("unlimited"));
    } else {
        TRY(text.append_decimal(limit));
    }
    return text;
}

char state_letter(const Task& task) {
    if (task.process->is_zombie || task.state == TaskState::Dead) {
        return 'Z';
    }
    switch (task.state) {
        case TaskState::Runnable:
            return 'R';
        case TaskState::Sleeping:
            return 'S';
        case TaskState::SleepingKill:
            return 'D';
        case TaskState::Stopped:
            return 'T';
        case TaskState::Traced:
            return 't';
        case TaskState::Dead:
            return 'Z';
    }
    return '?';
}

std::string_view state_name(char letter) {
    switch (letter) {
        case 'R':
            return "R (running)";
        case 'S':
            return "S (sleeping)";
        case 'D':
            return "D (disk sleep)";
        case 'T':
            return "T (stopped)";
        case 't':
            return "t (tracing stop)";
        default:
            return "Z (zombie)";
    }
}

struct HandledSignals {
    SignalSet ignored;
    SignalSet caught;
};

HandledSignals handled_signals(Task& task) {
    HandledSignals sets;
    for (int signal = 1; signal <= kSignalCount; ++signal) {
        const std::uint64_t handler = (*task.signal_handlers)[signal].handler;
        if (handler == reinterpret_cast<std::uint64_t>(SIG_IGN)) {
            sets.ignored.add(signal);
        } else if (handler != reinterpret_cast<std::uint64_t>(SIG_DFL)) {
            sets.caught.add(signal);
        }
    }
    return sets;
}

// Linux fs/proc/array.c, task_seccomp: what PR_GET_SPECULATION_CTRL says.
std::string_view store_bypass_state(const Task& task) {
    switch (task.store_bypass) {
        case PR_SPEC_ENABLE:
            return "thread vulnerable";
        case PR_SPEC_DISABLE:
            return "thread mitigated";
        case PR_SPEC_FORCE_DISABLE:
            return "thread force mitigated";
        default:
            return "unknown";
    }
}

int parent_of(const Task& task) {
    return task.process->parent == nullptr ? 0 : task.process->parent->id;
}

std::uint64_t ticks(std::int64_t nanoseconds) {
    return static_cast<std::uint64_t>(to_clock_ticks(nanoseconds));
}

}  // namespace

// Linux fs/proc/task_mmu.c, show_map_vma: a heap or a stack is known by where it lies.
std::string_view region_name(const Mapping& mapping) {
    const ProgramPositions& positions = mapping.space.layout.positions;
    switch (mapping.attributes.name) {
        case RegionName::Vvar:
            return "[vvar]";
        case RegionName::Vdso:
            return "[vdso]";
        default:
            break;
    }
    if (mapping.attributes.object) {
        return mapping.attributes.sharing == Sharing::Shared ? "/dev/zero (deleted)" : "";
    }
    if (mapping.start <= positions.brk && mapping.end >= positions.brk_start) {
        return "[heap]";
    }
    if (mapping.start <= positions.stack_start && mapping.end >= positions.stack_start) {
        return "[stack]";
    }
    return "";
}

Result<void> append_map_line(const Mapping& mapping, String& out) {
    const MappingAttributes& how = mapping.attributes;
    const std::size_t line_start = out.size();
    Text text(out);
    text.hex(mapping.start, 8) << "-";
    text.hex(mapping.end, 8) << " ";
    text << ((how.protection & PROT_READ) != 0 ? "r" : "-")
         << ((how.protection & PROT_WRITE) != 0 ? "w" : "-")
         << ((how.protection & PROT_EXEC) != 0 ? "x" : "-") << (how.sharing == Sharing::Shared ? "s" : "p")
         << " ";
    InodeAttributes attributes{};
    DeviceNumber device{};
    const File* file = file_of(how.file);
    if (file != nullptr) {
        attributes = file->attributes();
        device = file->inode().file_system().device();
    } else if (how.object && how.object->anonymous_inode() != 0) {
        attributes.number = how.object->anonymous_inode();
        device = {.major = 0, .minor = 1};  // Linux's internal tmpfs is the first file system it mounts
    }
    text.hex(how.object && !how.fixed_pages ? how.first_page << kPageShift : 0, 8) << " ";
    text.hex(device.major, 2) << ":";
    text.hex(device.minor, 2) << " " << attributes.number << " ";
    String name;
    if (file != nullptr) {
        text.note(file->append_path(name));
    } else {
        text.note(name.append(region_name(mapping)));
    }
    if (!name.is_empty()) {
        for (std::size_t column = out.size() - line_start; column < kMapsPathColumn; ++column) {
            text << " ";
        }
        text << name.view();
    }
    text << "\n";
    return text.result();
}

Result<void> append_maps(Task& task, String& out) {
    if (!task.address_space || FAULT(maps_empty)) {
        return {};
    }
    for (const Own<Mapping>& mapping : task.address_space->mappings()) {
        if (FAULT(maps_without_stack) && mapping->attributes.name == RegionName::Stack) {
            continue;
        }
        TRY(append_map_line(*mapping, out));
    }
    return {};
}

Result<void> append_auxv(Task& task, String& out) {
    if (!task.address_space) {
        return {};
    }
    const Vector<std::uint64_t>& vector = task.address_space->layout.auxiliary_vector;
    return out.append({reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(std::uint64_t)});
}

Result<void> append_cmdline(Task& task, String& out) {
    if (!task.address_space) {
        return {};
    }
    const ProgramPositions& positions = task.address_space->layout.positions;
    return append_memory(task, positions.arguments_start, positions.arguments_end, out);
}

Result<void> append_environ(Task& task, String& out) {
    if (!task.address_space) {
        return {};
    }
    const ProgramPositions& positions = task.address_space->layout.positions;
    return append_memory(task, positions.environment_start, positions.environment_end, out);
}

Result<void> append_limits(Task& task, String& out) {
    Text text(out);
    text << "Limit                     Soft Limit           Hard Limit           Units     \n";
    for (const LimitName& one : kLimits) {
        const rlimit64 limit = task.process->limit(one.resource);
        const String soft = TRY(limit_text(limit.rlim_cur));
        const String hard = TRY(limit_text(limit.rlim_max));
        text.padded(one.name, 26).padded(soft.view(), 21).padded(hard.view(), 21);
        if (!one.unit.empty()) {
            text.padded(one.unit, 10);
        }
        text << "\n";
    }
    return text.result();
}

namespace {

// tty_nr and tpgid: the controlling terminal, and its foreground group.
void append_terminal(const Process& process, Text& text) {
    if (const Ref<Tty> tty = process.controlling_terminal) {
        text << std::uint64_t{tty->number().encode()} << " " << tty->foreground_group();
    } else {
        text << "0 -1";
    }
}

// Fields in the order of man 5 proc, /proc/[pid]/stat. A thread's has its own usage, a process's that of all.
Result<void> append_stat_of(Task& task, const ResourceUsage& usage, const ResourceUsage& reaped,
                            String& out) {
    const Process& process = *task.process;
    const MemoryUsage memory = task.address_space ? task.address_space->usage() : MemoryUsage{};
    const ProgramPositions positions =
        task.address_space ? task.address_space->layout.positions : ProgramPositions{};
    const HandledSignals signals = handled_signals(task);
    const char letter = state_letter(task);
    Text text(out);
    const auto zeroes = [&](int count) {
        for (int i = 0; i < count; ++i) {
            text << " 0";
        }
    };
    text << task.id << " (" << task.name() << ") " << std::string_view(&letter, 1) << " " << parent_of(task)
         << " " << process.group << " " << process.session << " ";
    append_terminal(process, text);
    text << " 0 " << usage.minor_faults << " " << reaped.minor_faults << " 0 0 " << ticks(usage.times.user)
         << " " << ticks(usage.times.system) << " " << ticks(reaped.times.user) << " "
         << ticks(reaped.times.system) << " " << 20 + task.nice << " " << task.nice << " "
         << std::uint64_t{task.process->thread_count()} << " 0 " << ticks(task.started) << " "
         << memory.mapped_pages * kPageSize << " " << memory.resident_pages << " "
         << process.limit(RLIMIT_RSS).rlim_cur << " " << positions.code_start << " " << positions.code_end
         << " " << positions.stack_start;
    zeroes(2);  // kstkesp, kstkeip
    constexpr std::uint64_t kStandardSignals = 0x7fff'ffff;
    text << " " << (task.pending.set().bits() & kStandardSignals) << " "
         << (task.blocked.bits() & kStandardSignals) << " " << (signals.ignored.bits() & kStandardSignals)
         << " " << (signals.caught.bits() & kStandardSignals);
    zeroes(3);  // wchan, nswap, cnswap
    text << " " << process.exit_signal << " 0 " << task.realtime_priority << " " << task.policy;
    zeroes(3);  // delayacct_blkio_ticks, guest_time, cguest_time
    text << " " << positions.data_start << " " << positions.data_end << " " << positions.brk_start << " "
         << positions.arguments_start << " " << positions.arguments_end << " " << positions.environment_start
         << " " << positions.environment_end << " " << (process.is_zombie ? process.exit_status : 0) << "\n";
    return text.result();
}

}  // namespace

Result<void> append_stat(Task& task, String& out) {
    return append_stat_of(task, task.process->usage(), task.process->reaped_children, out);
}

Result<void> append_thread_stat(Task& task, String& out) {
    return append_stat_of(task, task_usage(task), {}, out);
}

Result<void> append_statm(Task& task, String& out) {
    const MemoryUsage memory = task.address_space ? task.address_space->usage() : MemoryUsage{};
    Text text(out);
    text << memory.mapped_pages << " " << memory.resident_pages << " 0 " << memory.code_pages << " 0 "
         << memory.data_pages + memory.stack_pages << " 0\n";
    return text.result();
}

Result<void> append_status(Task& task, String& out) {
    const Credentials& who = task.credentials;
    const HandledSignals signals = handled_signals(task);
    Text text(out);
    text << "Name:\t" << task.name() << "\nUmask:\t";
    if (task.fs) {
        const unsigned umask = task.fs->umask;
        text << std::uint64_t{0} << std::uint64_t{umask >> 6 & 7} << std::uint64_t{umask >> 3 & 7}
             << std::uint64_t{umask & 7};
    }
    text << "\nState:\t" << state_name(state_letter(task)) << "\nTgid:\t" << task.process_id()
         << "\nNgid:\t0\nPid:\t" << task.id << "\nPPid:\t" << parent_of(task) << "\nTracerPid:\t"
         << (task.tracing.tracer != nullptr ? task.tracing.tracer->process_id() : 0) << "\nUid:\t"
         << std::uint64_t{who.user} << "\t" << std::uint64_t{who.effective_user} << "\t"
         << std::uint64_t{who.saved_user} << "\t" << std::uint64_t{who.file_system_user} << "\nGid:\t"
         << std::uint64_t{who.group} << "\t" << std::uint64_t{who.effective_group} << "\t"
         << std::uint64_t{who.saved_group} << "\t" << std::uint64_t{who.file_system_group} << "\nFDSize:\t"
         << (task.files && task.files->size() > 64 ? std::uint64_t{task.files->size()} : std::uint64_t{64})
         << "\nGroups:\t";
    if (who.supplementary) {
        for (const std::uint32_t id : who.supplementary->ids) {
            text << std::uint64_t{id} << " ";
        }
    }
    text << " \nNStgid:\t" << task.process_id() << "\nNSpid:\t" << task.id << "\nNSpgid:\t"
         << task.process->group << "\nNSsid:\t" << task.process->session << "\n";
    if (task.address_space) {
        const MemoryUsage memory = task.address_space->usage();
        const auto line = [&](std::string_view name, std::uint64_t pages) {
            text << name << ":\t";
            text.decimal(pages * kPageSize / 1024, 8) << " kB\n";
        };
        line("VmPeak", memory.most_mapped_pages);
        line("VmSize", memory.mapped_pages);
        line("VmLck", memory.locked_pages);
        line("VmPin", 0);
        line("VmHWM", memory.most_resident_pages);
        line("VmRSS", memory.resident_pages);
        const ResidentKinds kinds = resident_kinds(*task.address_space);
        line("RssAnon", kinds.anonymous_pages);
        line("RssFile", 0);  // every file is in shared memory
        line("RssShmem", kinds.shared_pages);
        line("VmData", memory.data_pages);
        line("VmStk", memory.stack_pages);
        const ProgramPositions& positions = task.address_space->layout.positions;
        const std::uint64_t code =
            (page_ceiling(positions.code_end) - page_floor(positions.code_start)) >> kPageShift;
        line("VmExe", code);
        line("VmLib", memory.code_pages > code ? memory.code_pages - code : 0);
        line("VmSwap", 0);
        line("HugetlbPages", 0);
        text << "CoreDumping:\t0\nTHP_enabled:\t0\n";
    }
    text << "Threads:\t" << std::uint64_t{task.process->thread_count()} << "\nSigQ:\t"
         << task.pending.queued() + task.process->pending.queued() << "/"
         << task.process->limit(RLIMIT_SIGPENDING).rlim_cur << "\n";
    const auto mask = [&](std::string_view name, std::uint64_t bits) {
        text << name << ":\t";
        text.hex(bits, 16) << "\n";
    };
    mask("SigPnd", task.pending.set().bits());
    mask("ShdPnd", task.process->pending.set().bits());
    mask("SigBlk", task.blocked.bits());
    mask("SigIgn", signals.ignored.bits());
    mask("SigCgt", signals.caught.bits());
    mask("CapInh", who.inheritable);
    mask("CapPrm", who.permitted);
    mask("CapEff", who.effective);
    mask("CapBnd", who.bounding);
    mask("CapAmb", who.ambient);
    text << "NoNewPrivs:\t" << (task.no_new_privileges ? 1 : 0)
         << "\nSeccomp:\t0\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\t" << store_bypass_state(task)
         << "\nSpeculationIndirectBranch:\tunknown\nCpus_allowed:\t1\nCpus_allowed_list:\t0\nMems_allowed:"
            "\t0001\n"
            "Mems_allowed_list:\t0\nvoluntary_ctxt_switches:\t"
         << task.voluntary_switches << "\nnonvoluntary_ctxt_switches:\t" << task.involuntary_switches << "\n";
    return text.result();
}

}  // namespace kernel
