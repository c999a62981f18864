// The notes of a core file (Linux fs/binfmt_elf.c, fill_note_info).
#include <asm/ptrace.h>
#include <linux/elf.h>

#include "fs/file.hpp"
#include "lib/memory.hpp"
#include "mm/address_space.hpp"
#include "task/core_dump.hpp"
#include "task/proc_text.hpp"
#include "task/register_sets.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::size_t kNoteAlignment = 4;

struct TimeOfDay {
    std::int64_t seconds;
    std::int64_t microseconds;
};

// Linux's struct elf_prstatus: how a thread was. Its registers and a flag follow.
struct ThreadStatus {
    std::int32_t signal;
    std::int32_t code;
    std::int32_t error;
    std::int16_t current_signal;
    std::uint64_t pending;
    std::uint64_t blocked;
    std::int32_t id;
    std::int32_t parent;
    std::int32_t group;
    std::int32_t session;
    TimeOfDay user_time;
    TimeOfDay system_time;
    TimeOfDay children_user_time;
    TimeOfDay children_system_time;
    user_pt_regs registers;
    std::int32_t has_floating_point;
};
static_assert(sizeof(ThreadStatus) == 392);

// Linux's struct elf_prpsinfo: what ps would show of the process.
struct ProcessInfo {
    char state;
    char state_name;
    char is_zombie;
    char nice;
    std::uint64_t flags;
    std::uint32_t user;
    std::uint32_t group_of_user;
    std::int32_t id;
    std::int32_t parent;
    std::int32_t group;
    std::int32_t session;
    std::array<char, 16> name;
    std::array<char, 80> arguments;
};
static_assert(sizeof(ProcessInfo) == 136);

void pad(TextBuffer& out) {
    while (out.size() % kNoteAlignment != 0) {
        out.character('\0');
    }
}

void append_note(std::string_view owner, unsigned type, const void* data, std::size_t size, TextBuffer& out) {
    const elf64_note head{.n_namesz = static_cast<Elf64_Word>(owner.size() + 1),
                          .n_descsz = static_cast<Elf64_Word>(size),
                          .n_type = type};
    out.bytes(&head, sizeof(head)).text(owner).character('\0');
    pad(out);
    out.bytes(data, size);
    pad(out);
}

TimeOfDay time_of(std::int64_t nanoseconds) {
    return {.seconds = nanoseconds / kNanosecondsPerSecond,
            .microseconds = nanoseconds % kNanosecondsPerSecond / 1000};
}

void append_thread_status(Task& task, int signal, TextBuffer& out) {
    Process& process = *task.process;
    const CpuTimes times = task.is_leader() ? process.usage().times : task_usage(task).times;
    ThreadStatus status{};
    status.signal = signal;
    status.current_signal = static_cast<std::int16_t>(signal);
    status.pending = task.pending.set().bits();
    status.blocked = task.blocked.bits();
    status.id = task.id;
    status.parent = process.parent != nullptr ? process.parent->id : 0;
    status.group = process.group;
    status.session = process.session;
    status.user_time = time_of(times.user);
    status.system_time = time_of(times.system);
    status.children_user_time = time_of(process.reaped_children.times.user);
    status.children_system_time = time_of(process.reaped_children.times.system);
    register_sets().front().get(task, reinterpret_cast<std::byte*>(&status.registers));
    status.has_floating_point = 1;
    append_note("CORE", NT_PRSTATUS, &status, sizeof(status), out);
}

void append_process_info(Task& task, TextBuffer& out) {
    constexpr std::uint64_t kHasOnlyForked = 0x40;       // PF_FORKNOEXEC
    constexpr std::uint64_t kDumpsCore = 0x200;          // PF_DUMPCORE
    constexpr std::uint64_t kWasKilledBySignal = 0x400;  // PF_SIGNALED
    const Process& process = *task.process;
    ProcessInfo info{};
    info.state_name = 'R';
    info.nice = static_cast<char>(task.nice);
    info.flags = kDumpsCore | kWasKilledBySignal | (process.has_executed ? 0 : kHasOnlyForked);
    info.user = task.credentials.user;
    info.group_of_user = task.credentials.group;
    info.id = task.process_id();
    info.parent = process.parent != nullptr ? process.parent->id : 0;
    info.group = process.group;
    info.session = process.session;
    info.name = task.command_name;
    const ProgramPositions& places = task.address_space->layout.positions;
    const std::size_t size =
        std::min(places.arguments_end - places.arguments_start, info.arguments.size() - 1);
    const std::span<char> arguments(info.arguments.data(), size);
    (void)task.address_space->read_remote(places.arguments_start, std::as_writable_bytes(arguments));
    for (char& character : arguments) {
        character = character == '\0' ? ' ' : character;
    }
    append_note("CORE", NT_PRPSINFO, &info, sizeof(info), out);
}

// How many mapped files there are, the unit of their offsets, where each is mapped, and then their names
// (fill_files_note).
Result<void> append_mapped_files(AddressSpace& space, TextBuffer& out) {
    TextBuffer places;
    TextBuffer names;
    std::uint64_t count = 0;
    for (const Own<Mapping>& mapping : space.mappings()) {
        const MappingAttributes& how = mapping->attributes;
        // To Linux, memory that is shared is of files too.
        const bool is_shared_memory = !how.file && how.object && how.sharing == Sharing::Shared;
        if (!how.file && !is_shared_memory) {
            continue;
        }
        const std::array<std::uint64_t, 3> place{mapping->start, mapping->end, how.first_page};
        places.bytes(place.data(), sizeof(place));
        if (how.file) {
            file_of(how.file)->describe_name(names);
        } else {
            names.text(region_name(*mapping));
        }
        names.character('\0');
        count++;
    }
    if (count == 0) {
        return {};
    }
    const std::array<std::uint64_t, 2> head{count, kPageSize};
    TextBuffer note;
    note.bytes(head.data(), sizeof(head)).text(places.view()).text(names.view());
    TRY(places.finish());
    TRY(names.finish());
    TRY(note.finish());
    append_note("CORE", NT_FILE, note.view().data(), note.size(), out);
    return {};
}

void append_other_registers(const Task& task, TextBuffer& out) {
    for (const RegisterSet& set : register_sets().subspan(1)) {
        std::array<std::byte, kLargestRegisterSet> bytes{};
        set.get(task, bytes.data());
        append_note(set.type == NT_PRFPREG ? "CORE" : "LINUX", set.type, bytes.data(), set.size, out);
    }
}

// A thread that was in a call has been called out of it, and would call anew.
void leave_call(const Task& task) {
    Registers& registers = task.kernel_stack.registers();
    if (registers.system_call >= 0) {
        registers.x[0] = registers.original_x0;
        registers.pc -= 4;
        registers.system_call = -1;
    }
}

}  // namespace

// The thread that the signal ended comes first, and with it what is the process's.
Result<void> append_core_notes(Task& task, const siginfo_t& reason, TextBuffer& out) {
    save_running_state(task);
    append_thread_status(task, reason.si_signo, out);
    append_process_info(task, out);
    append_note("CORE", NT_SIGINFO, &reason, sizeof(reason), out);
    const Vector<std::uint64_t>& auxiliary = task.address_space->layout.auxiliary_vector;
    append_note("CORE", NT_AUXV, auxiliary.data(), auxiliary.size() * sizeof(std::uint64_t), out);
    TRY(append_mapped_files(*task.address_space, out));
    append_other_registers(task, out);
    for (Task& other : task.process->threads) {
        if (&other != &task && !other.has_ended()) {
            leave_call(other);
            append_thread_status(other, reason.si_signo, out);
            append_other_registers(other, out);
        }
    }
    return out.finish();
}

}  // namespace kernel
