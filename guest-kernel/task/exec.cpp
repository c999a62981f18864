#include "task/exec.hpp"
#include "signal/posix_timer.hpp"

#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>

#include <optional>

#include "arch/include/machine.hpp"
#include "fs/file_table.hpp"
#include "fs/path_walk.hpp"
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
constexpr std::size_t kAssuredStringBytes = std::size_t{128} << 10;  // ARG_MAX
// What is in use, and 128 KiB below it (Linux fs/exec.c, stack_expand).
constexpr std::uint64_t kInitialStackPages = 33;
constexpr std::uint64_t kMinimumGap = std::uint64_t{128} << 20;
constexpr std::uint64_t kMaximumGap = AddressSpace::kUserEnd / 6 * 5;
// Linux arch/arm64/include/asm/elf.h: STACK_RND_MASK and 18 bits of mmap randomisation, in pages.
constexpr std::uint64_t kRandomPages = std::uint64_t{1} << 18;
constexpr std::uint64_t kRandomHeapBytes = std::uint64_t{1} << 30;
constexpr int kMaximumScripts = 5;  // Linux fs/exec.c, exec_binprm

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

Result<ElfFile> read_interpreter(Task& task, std::string_view path) {
    Ref<File> file = TRY(open_for_execute(task, AT_FDCWD, path, AT_EMPTY_PATH));
    if (file->attributes().size < sizeof(Elf64_Ehdr)) {
        return Errno(EIO);
    }
    Result<ElfFile> elf = ElfFile::read(std::move(file));
    // Its header too is read for the program; the program's own was at hand (Linux fs/binfmt_elf.c).
    Task::current().io.add({.bytes_read = sizeof(Elf64_Ehdr), .reads = 1});
    return elf.is_error() && elf.error() == Errno(ENOEXEC) ? Result<ElfFile>(Errno(ELIBBAD)) : std::move(elf);
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
        interpreter = TRY(read_interpreter(task, interpreter_path.view()));
    }
    const LoadedElf program = TRY(map_or_die(task, *space, elf, role, random_page_offset(is_random)));
    std::uint64_t entry = program.entry;
    std::uint64_t interpreter_base = 0;
    choose_brk(*space, program, role, elf, is_random);
    if (interpreter.has_value()) {
        const LoadedElf loaded = TRY(map_or_die(task, *space, *interpreter, ElfRole::Interpreter, 0));
        entry = loaded.entry;
        interpreter_base = loaded.bias;
        interpreter->file->allow_write_access();  // only the program itself stays closed to writers
    }
    TRY(map_vdso(*space));
    ProgramPositions& positions = space->layout.positions;
    positions.code_start = program.code_start;
    positions.code_end = program.code_end;
    positions.data_start = program.data_start;
    positions.data_end = program.data_end;
    space->layout.executable = elf.file;
    space->layout.core_filter = Task::current().address_space
                                    ? Task::current().address_space->layout.core_filter
                                    : space->layout.core_filter;
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
    std::string_view interpreter;
    std::optional<std::string_view> argument;
};

using ScriptBuffer = std::array<char, 256>;  // BINPRM_BUF_SIZE: the start of the file, with NULs behind it

bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

// The first place from `from` on, up to and with `last`, that is no blank, or that ends a word, or that holds
// a byte; one beyond `last`: there is none.
template <typename Matches>
const char* find_in(const char* from, const char* last, Matches matches) {
    while (from <= last && !matches(*from)) {
        ++from;
    }
    return from;
}

const char* find_word(const char* from, const char* last) {
    return find_in(from, last, [](char byte) { return !is_blank(byte); });
}

const char* find_word_end(const char* from, const char* last) {
    return find_in(from, last, [](char byte) { return is_blank(byte) || byte == '\0'; });
}

// Linux fs/binfmt_script.c, load_script, byte by byte: what is behind a NUL or beyond the buffer shows.
// ENOEXEC: no interpreter, or its name may be cut.
Result<ScriptLine> parse_script_line(const ScriptBuffer& start) {
    const char* const last = start.data() + start.size() - 1;
    const char* end = find_in(start.data(), last, [](char byte) { return byte == '\n'; });
    if (end > last) {
        const char* name = find_word(start.data() + 2, last);
        if (name > last || find_word_end(name, last) > last) {
            return Errno(ENOEXEC);
        }
        end = last;
    }
    while (is_blank(end[-1])) {
        --end;
    }
    const char* name = find_word(start.data() + 2, end);
    if (name >= end) {
        return Errno(ENOEXEC);
    }
    const char* name_end = find_word_end(name, end);
    ScriptLine line{.interpreter = {name, std::min(name_end, end)}, .argument = std::nullopt};
    if (name_end <= end && *name_end != '\0') {
        const char* argument = find_word(name_end, end);
        if (argument <= end) {
            line.argument = std::string_view(
                argument, find_in(argument, end - 1, [](char byte) { return byte == '\0'; }));
        }
    }
    return line;
}

Result<void> prepend_argument(ExecRequest& request, std::string_view text) {
    if (text.size() + 1 > request.room) {
        return Errno(E2BIG);
    }
    request.room -= text.size() + 1;
    return request.arguments.prepend(text);
}

// Replaces argv[0] with the interpreter, its argument and the script's path.
Result<void> put_interpreter(ExecRequest& request, std::string_view script, const ScriptLine& line) {
    request.room += TRY(request.arguments.drop_first());
    TRY(prepend_argument(request, script));
    if (line.argument.has_value()) {
        TRY(prepend_argument(request, *line.argument));
    }
    return prepend_argument(request, line.interpreter);
}

// Replaces a script by its interpreter, until the file is no script.
Result<void> resolve_scripts(Task& task, ExecRequest& request) {
    String name = TRY(String::copy_of(request.path.view()));
    for (int depth = 0;; ++depth) {
        if (depth > kMaximumScripts) {
            return Errno(ELOOP);
        }
        ScriptBuffer start{};
        const std::size_t count = TRY(request.file->read_kernel(std::as_writable_bytes(std::span(start)), 0));
        task.io.add({.bytes_read = count, .reads = 1});
        if (!std::string_view(start.data(), start.size()).starts_with("#!")) {
            return {};
        }
        const ScriptLine line = TRY(parse_script_line(start));
        if (request.path_is_inaccessible) {
            return Errno(ENOENT);
        }
        TRY(put_interpreter(request, name.view(), line));
        name = TRY(String::copy_of(line.interpreter));
        // An empty name, which a NUL behind #! makes, is the working directory's.
        request.file = TRY(open_for_execute(task, AT_FDCWD, name.view(), AT_EMPTY_PATH));
    }
}

// Ends every other thread (Linux fs/exec.c, de_thread). The caller becomes the leader.
Result<void> become_only_thread(Task& task) {
    Process& process = *task.process;
    if (process.is_exiting) {
        return Errno(EAGAIN);
    }
    for (Task& other : process.threads) {
        if (&other != &task && !other.has_ended()) {
            other.pending.add_without_info(SIGKILL);
            scheduler::make_runnable(other);
        }
    }
    TRY(process.thread_ended.wait_killable([&] { return process.live_thread_count() == 1; }));
    Task* leader = process.leader();
    if (leader != &task) {
        task.started = leader->started;
        release_task(*leader);
        for (Process& child : process.children) {
            child.parent_thread = process.id;  // its other threads have ended: all children are the caller's
        }
    }
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

void reset_for_program(Task& task, const File& file, std::string_view name) {
    delete_posix_timers(*task.process);
    task.signal_handlers->reset_for_execve();
    task.files->close_on_exec();
    task.alternate_stack = AlternateStack{};
    task.takes_tagged_addresses = false;
    task.restart = RestartBlock{};
    task.rseq_address = 0;
    task.rseq_size = 0;
    task.fault_address = 0;
    task.fault_syndrome = 0;
    const Credentials next = credentials_of_program(task);
    const bool is_open = next.effective_user == next.user && next.effective_group == next.group &&
                         !check_permission(file.inode(), kMayRead, task.credentials).is_error();
    task.address_space->layout.dumpable = is_open ? kDumpable : static_cast<int>(settings().suid_dumpable);
    commit_credentials(task, next);
    task.personality &= ~static_cast<unsigned long>(READ_IMPLIES_EXEC);
    task.process->has_executed = true;
    task.process->exit_signal = task.process->parent == nullptr ? 0 : SIGCHLD;
    task.set_name(name);
}

}  // namespace

Result<void> StringList::append(std::string_view text) {
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
    TRY(longer.bytes.resize(position + bytes.size()));
    copy_bytes(longer.bytes.data() + position, bytes.data(), bytes.size());
    longer.count += count;
    *this = std::move(longer);
    return {};
}

Result<std::size_t> StringList::drop_first() {
    const std::size_t first = std::string_view(bytes.data()).size() + 1;
    move_bytes(bytes.data(), bytes.data() + first, bytes.size() - first);
    --count;
    TRY(bytes.resize(bytes.size() - first));
    return first;
}

Result<std::size_t> string_room(const Task& task, std::size_t pointers) {
    const std::size_t quarter_of_stack = task.process->limit(RLIMIT_STACK).rlim_cur / 4;
    const std::size_t limit = std::max(std::min(kMaximumStringBytes, quarter_of_stack), kAssuredStringBytes);
    const std::size_t used = pointers * sizeof(std::uint64_t);
    return limit > used ? Result<std::size_t>(limit - used) : Result<std::size_t>(Errno(E2BIG));
}

bool may_execute(Task& task) {
    if (task.has_too_many_tasks && is_over_task_limit(*task.process, task.credentials.user)) {
        return false;
    }
    task.has_too_many_tasks = false;
    return true;
}

Result<void> execute(Task& task, ExecRequest&& request) {
    TRY(resolve_scripts(task, request));
    const std::string_view called_as =
        request.has_no_name ? request.file->path().dentry->name() : base_name(request.path.view());
    const String name = TRY(String::copy_of(called_as));
    const ElfFile elf = TRY(ElfFile::read(request.file));
    const NewProgram program = TRY(load(task, request, elf));
    TRY(prepare_private_state(task));
    const int earlier_id = task.id;
    TRY(become_only_thread(task));
    if (task.address_space) {
        walk_robust_list(task);
        clear_child_tid(task);
    }
    RefPtr<AddressSpace> old = std::exchange(task.address_space, program.space);
    task.address_space->page_table().activate();
    if (old) {
        task.process->note_peak_memory(*old);
    }
    old = nullptr;
    reset_for_program(task, *elf.file, name.view());
    if (task.vfork_parent != nullptr) {
        task.vfork_parent->finish();
        task.vfork_parent = nullptr;
    }
    Registers& registers = task.kernel_stack.registers();
    arch::start_program(registers, program.entry, program.stack_pointer);
    task.store_bypass = task.store_bypass == PR_SPEC_DISABLE_NOEXEC ? PR_SPEC_ENABLE : task.store_bypass;
    arch::set_store_bypass(registers, task.store_bypass == PR_SPEC_ENABLE);
    stop_at_event(task, PTRACE_EVENT_EXEC, static_cast<unsigned long>(earlier_id));
    return {};
}

}  // namespace kernel
