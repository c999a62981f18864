#include "task/exec.hpp"

#include <linux/mman.h>
#include <linux/personality.h>

#include "arch/include/machine.hpp"
#include "fs/file_table.hpp"
#include "fs/vfs.hpp"
#include "lib/memory.hpp"
#include "lib/random.hpp"
#include "mm/address_space.hpp"
#include "mm/limits.hpp"
#include "mm/user_memory.hpp"
#include "mm/vdso.hpp"
#include "task/elf.hpp"
#include "task/exit.hpp"
#include "task/futex.hpp"
#include "task/initial_stack.hpp"
#include "task/scheduler.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "task/vfork.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMaximumStringBytes = 6 << 20;  // argv and envp together: Linux's 3/4 of _STK_LIM
// What is in use, and 128 KiB below it (Linux fs/exec.c, stack_expand).
constexpr std::uint64_t kInitialStackPages = 33;
constexpr std::uint64_t kMinimumGap = std::uint64_t{128} << 20;
constexpr std::uint64_t kMaximumGap = AddressSpace::kUserEnd / 6 * 5;
// Linux arch/arm64/include/asm/elf.h: STACK_RND_MASK and 18 bits of mmap randomisation, in pages.
constexpr std::uint64_t kRandomPages = std::uint64_t{1} << 18;
constexpr std::uint64_t kRandomHeapBytes = std::uint64_t{1} << 30;
constexpr int kMaximumScripts = 4;

std::uint64_t random_page_offset(bool is_random) {
    return is_random ? (random_number() & (kRandomPages - 1)) << kPageShift : 0;
}

// Linux arch/arm64/mm/mmap.c and mm/util.c, arch_pick_mmap_layout.
void choose_mmap_top(AddressSpace& space, const Task& task, bool is_random) {
    ProgramPositions& positions = space.layout.positions;
    const std::uint64_t limit = task.process->limit(RLIMIT_STACK).rlim_cur;
    positions.is_bottom_up = (task.personality & ADDR_COMPAT_LAYOUT) != 0 || limit == RLIM_INFINITY;
    std::uint64_t gap = limit;
    const std::uint64_t pad = kStackGuardGap + (is_random ? kRandomPages << kPageShift : 0);
    gap = gap + pad > gap ? gap + pad : gap;
    gap = gap < kMinimumGap ? kMinimumGap : gap;
    gap = gap > kMaximumGap ? kMaximumGap : gap;
    positions.mmap_top = page_ceiling(AddressSpace::kUserEnd - gap - random_page_offset(is_random));
}

Result<std::uint64_t> map_stack(AddressSpace& space, const ElfFile& elf, const ExecRequest& request,
                                bool is_random) {
    const std::uint64_t top = AddressSpace::kUserEnd - random_page_offset(is_random);
    MappingAttributes attributes;
    attributes.protection = PROT_READ | PROT_WRITE | (elf.wants_executable_stack() ? PROT_EXEC : 0);
    attributes.grows_down = true;
    attributes.name = RegionName::Stack;
    const std::uint64_t strings = request.arguments.bytes.size() + request.environment.bytes.size() +
                                  request.path.size() + 1 + sizeof(std::uint64_t);
    const std::uint64_t in_use = page_ceiling(strings);
    const std::uint64_t size = in_use + (kInitialStackPages - 1) * kPageSize;
    TRY(space.map(top - size, size, Placement::Fixed, attributes));
    return top;
}

void choose_brk(AddressSpace& space, const LoadedElf& program, ElfRole role, const ElfFile& elf,
                bool is_random) {
    ProgramPositions& positions = space.layout.positions;
    positions.brk_start = page_ceiling(program.end);
    // A static PIE lies among the mappings: its heap goes to where PIEs otherwise begin.
    if (elf.header.e_type == ET_DYN && role == ElfRole::Program) {
        positions.brk_start = page_ceiling(kDynamicBase);
    }
    if (is_random) {
        positions.brk_start += page_floor(random_number() % kRandomHeapBytes);
    }
    positions.brk = positions.brk_start;
}

struct NewProgram {
    Ref<AddressSpace> space;
    std::uint64_t entry;
    std::uint64_t stack_pointer;
};

// At this point Linux has given up the old program, and an error ends the process (fs/exec.c, bprm_execve).
// Here the old program is still present, but the signal keeps it from running.
Result<LoadedElf> map_or_die(Task& task, AddressSpace& space, const ElfFile& elf, ElfRole role,
                             std::uint64_t randomization) {
    Result<LoadedElf> loaded = map_elf(space, elf, role, randomization);
    if (loaded.is_error()) {
        (*task.signal_handlers)[SIGSEGV].handler = reinterpret_cast<std::uint64_t>(SIG_DFL);
        force_signal(task, kernel_siginfo(SIGSEGV));
    }
    return loaded;
}

Result<NewProgram> load(Task& task, const ExecRequest& request, const ElfFile& elf) {
    const String interpreter_path = TRY(elf.interpreter());
    const bool is_random = (task.personality & ADDR_NO_RANDOMIZE) == 0;
    Ref<AddressSpace> space = TRY(AddressSpace::create());
    choose_mmap_top(*space, task, is_random);
    const std::uint64_t stack_top = TRY(map_stack(*space, elf, request, is_random));
    const ElfRole role = interpreter_path.is_empty() ? ElfRole::Program : ElfRole::ProgramWithInterpreter;
    std::optional<ElfFile> interpreter;
    if (role == ElfRole::ProgramWithInterpreter) {
        interpreter = TRY(ElfFile::read(TRY(open_for_execute(task, AT_FDCWD, interpreter_path.view(), 0))));
    }
    const LoadedElf program = TRY(map_or_die(task, *space, elf, role, random_page_offset(is_random)));
    std::uint64_t entry = program.entry;
    std::uint64_t interpreter_base = 0;
    choose_brk(*space, program, role, elf, is_random);
    if (interpreter.has_value()) {
        const LoadedElf loaded = TRY(map_or_die(task, *space, *interpreter, ElfRole::Interpreter, 0));
        entry = loaded.entry;
        interpreter_base = loaded.start;
    }
    TRY(map_vdso(*space));
    ProgramPositions& positions = space->layout.positions;
    positions.code_start = program.code_start;
    positions.code_end = program.code_end;
    positions.data_start = program.data_start;
    positions.data_end = program.data_end;
    space->layout.executable = elf.file;
    const std::uint64_t stack_pointer = TRY(build_initial_stack(*space, {.request = request,
                                                                         .task = task,
                                                                         .program = program,
                                                                         .elf = elf,
                                                                         .interpreter_base = interpreter_base,
                                                                         .strings_top = stack_top,
                                                                         .is_random = is_random}));
    return NewProgram{.space = std::move(space), .entry = entry, .stack_pointer = stack_pointer};
}

// man 2 execve, "Interpreter scripts".
struct ScriptLine {
    String interpreter;
    String argument;
};

Result<std::optional<ScriptLine>> read_script_line(File& file) {
    std::array<char, 256> start{};  // BINPRM_BUF_SIZE
    const std::size_t size = TRY(file.read_kernel(std::as_writable_bytes(std::span(start)), 0));
    std::string_view line(start.data(), size);
    if (!line.starts_with("#!")) {
        return std::optional<ScriptLine>();
    }
    line.remove_prefix(2);
    const std::size_t end = line.find('\n');
    const bool is_cut = end == std::string_view::npos && size == start.size();
    line = line.substr(0, end);
    const auto trim = [](std::string_view text) {
        while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
            text.remove_prefix(1);
        }
        while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
            text.remove_suffix(1);
        }
        return text;
    };
    line = trim(line);
    const std::size_t blank = line.find_first_of(" \t");
    if (line.empty() || (is_cut && blank == std::string_view::npos)) {
        return Errno(ENOEXEC);
    }
    ScriptLine script;
    TRY(script.interpreter.append(line.substr(0, blank)));
    if (blank != std::string_view::npos) {
        TRY(script.argument.append(trim(line.substr(blank))));
    }
    return std::optional<ScriptLine>(std::move(script));
}

// Replaces a script by its interpreter, until the file is no script.
Result<void> resolve_scripts(Task& task, ExecRequest& request) {
    for (int depth = 0;; ++depth) {
        std::optional<ScriptLine> script = TRY(read_script_line(*request.file));
        if (!script.has_value()) {
            return {};
        }
        if (depth == kMaximumScripts) {
            return Errno(ELOOP);
        }
        // Replaces argv[0] with the interpreter, its argument and the script's path.
        TRY(request.arguments.drop_first());
        TRY(request.arguments.prepend(request.path.view()));
        if (!script->argument.is_empty()) {
            TRY(request.arguments.prepend(script->argument.view()));
        }
        TRY(request.arguments.prepend(script->interpreter.view()));
        request.file = TRY(open_for_execute(task, AT_FDCWD, script->interpreter.view(), 0));
        request.path = std::move(script->interpreter);
    }
}

// Ends every other thread (Linux fs/exec.c, de_thread). The caller becomes the leader.
Result<void> become_only_thread(Task& task) {
    Process& process = *task.process;
    if (process.is_exiting) {
        return Errno(EAGAIN);
    }
    for (Task& other : process.threads) {
        if (&other != &task) {
            other.pending.add_without_info(SIGKILL);
            scheduler::make_runnable(other);
        }
    }
    TRY(process.thread_ended.wait_killable([&] { return process.thread_count() == 1; }));
    task.id = process.id;
    return {};
}

std::string_view base_name(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Result<void> prepare_private_state(Task& task) {
    if (task.signal_handlers->reference_count() > 1) {
        task.signal_handlers = TRY(task.signal_handlers->clone());
    }
    if (task.files->reference_count() > 1) {
        task.files = TRY(task.files->clone());
    }
    return {};
}

void reset_for_program(Task& task, std::string_view path) {
    task.signal_handlers->reset_for_execve();
    task.files->close_on_exec();
    task.alternate_stack = AlternateStack{};
    task.restart = RestartBlock{};
    task.robust_list = 0;
    task.clear_child_tid = 0;
    task.rseq_address = 0;
    task.rseq_size = 0;
    task.fault_address = 0;
    task.fault_syndrome = 0;
    task.dumpable = true;
    task.personality &= ~static_cast<unsigned long>(PER_MASK);
    task.process->has_executed = true;
    task.process->exit_signal = task.process->parent == nullptr ? 0 : SIGCHLD;
    task.set_name(base_name(path));
}

}  // namespace

Result<void> StringList::append(std::string_view text) {
    if (bytes.size() + text.size() + 1 > kMaximumStringBytes) {
        return Errno(E2BIG);
    }
    const std::size_t position = bytes.size();
    TRY(bytes.resize(position + text.size() + 1));
    copy_bytes(bytes.data() + position, text.data(), text.size());
    ++count;
    return {};
}

Result<void> StringList::prepend(std::string_view text) {
    StringList longer;
    TRY(longer.append(text));
    const std::size_t position = longer.bytes.size();
    if (position + bytes.size() > kMaximumStringBytes) {
        return Errno(E2BIG);
    }
    TRY(longer.bytes.resize(position + bytes.size()));
    copy_bytes(longer.bytes.data() + position, bytes.data(), bytes.size());
    longer.count += count;
    *this = std::move(longer);
    return {};
}

Result<void> StringList::drop_first() {
    const std::size_t first = std::string_view(bytes.data()).size() + 1;
    move_bytes(bytes.data(), bytes.data() + first, bytes.size() - first);
    --count;
    return bytes.resize(bytes.size() - first);
}

Result<void> execute(Task& task, ExecRequest&& request) {
    if (task.has_too_many_tasks && is_over_task_limit(*task.process, task.credentials.user)) {
        return Errno(EAGAIN);
    }
    task.has_too_many_tasks = false;
    const std::string_view called_as = base_name(request.path.view());
    const String name = TRY(String::copy_of(called_as));
    TRY(resolve_scripts(task, request));
    const ElfFile elf = TRY(ElfFile::read(request.file));
    const NewProgram program = TRY(load(task, request, elf));
    TRY(prepare_private_state(task));
    TRY(become_only_thread(task));
    if (task.address_space) {
        clear_child_tid(task);
    }
    RefPtr<AddressSpace> old = std::exchange(task.address_space, program.space);
    task.address_space->page_table().activate();
    if (old) {
        task.process->note_peak_memory(*old);
    }
    old = nullptr;
    reset_for_program(task, name.view());
    if (task.vfork_parent != nullptr) {
        task.vfork_parent->finish();
        task.vfork_parent = nullptr;
    }
    arch::start_program(task.kernel_stack.registers(), program.entry, program.stack_pointer);
    return {};
}

}  // namespace kernel
