#include "boot/init.hpp"

#include <linux/fcntl.h>
#include <linux/resource.h>

#include <array>

#include "arch/include/machine.hpp"
#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "fs/vfs.hpp"
#include "lib/command_line.hpp"
#include "lib/settings.hpp"
#include "log/print.hpp"
#include "mm/address_space.hpp"
#include "task/exec.hpp"
#include "task/scheduler.hpp"
#include "task/table.hpp"
#include "tty/tty_file.hpp"

namespace kernel {

namespace {

constexpr std::uint64_t kStackLimit = 8 << 20;
constexpr std::uint64_t kFileLimit = 1024;
constexpr std::uint64_t kFileHardLimit = 4096;
constexpr std::uint64_t kLockedMemoryLimit = 8 << 20;
constexpr std::uint64_t kMessageQueueLimit = 819200;

// Linux include/asm-generic/resource.h, INIT_RLIMITS; threads and pending signals as kernel/fork.c, fork_init
// has them.
void set_limits(Process& process) {
    for (rlimit64& limit : process.limits) {
        limit = {.rlim_cur = RLIM64_INFINITY, .rlim_max = RLIM64_INFINITY};
    }
    settings().most_tasks = static_cast<std::int64_t>(maximum_tasks());
    const std::uint64_t by_memory = maximum_tasks() / 2;
    process.limits[RLIMIT_STACK].rlim_cur = kStackLimit;
    process.limits[RLIMIT_CORE].rlim_cur = 0;
    process.limits[RLIMIT_NPROC] = {.rlim_cur = by_memory, .rlim_max = by_memory};
    process.limits[RLIMIT_NOFILE] = {.rlim_cur = kFileLimit, .rlim_max = kFileHardLimit};
    process.limits[RLIMIT_MEMLOCK] = {.rlim_cur = kLockedMemoryLimit, .rlim_max = kLockedMemoryLimit};
    process.limits[RLIMIT_SIGPENDING] = {.rlim_cur = by_memory, .rlim_max = by_memory};
    process.limits[RLIMIT_MSGQUEUE] = {.rlim_cur = kMessageQueueLimit, .rlim_max = kMessageQueueLimit};
    process.limits[RLIMIT_NICE] = {.rlim_cur = 0, .rlim_max = 0};
    process.limits[RLIMIT_RTPRIO] = {.rlim_cur = 0, .rlim_max = 0};
}

Result<Task*> make_init_task() {
    const int number = TRY(allocate_task_number());
    Ref<Process> process = TRY(make_ref<Process>(number));
    Ref<Task> task = TRY(make_ref<Task>(number));
    set_limits(*process);
    task->process = process;
    TRY(task->kernel_stack.allocate());
    task->address_space = TRY(AddressSpace::create());
    task->files = TRY(FileTable::create());
    task->fs = TRY(FsContext::create());
    task->signal_handlers = TRY(make_ref<SignalHandlers>());
    process->threads.push_back(*task);
    add_to_table(*task);
    add_to_table(*process);
    set_init_process(*process.leak());
    return task.leak();
}

// Linux knows many more. Those with a dot belong to modules, there or not.
bool is_own_parameter(std::string_view name) {
    constexpr std::array<std::string_view, 4> kNames = {"console", "fault", "panic", "rdinit"};
    for (const std::string_view own : kNames) {
        if (name == own) {
            return true;
        }
    }
    return name.contains('.');
}

// What stands on the command line and is not for the kernel is for init: NAME=VALUE for its environment, and
// what follows -- for its arguments (Linux init/main.c, unknown_bootoption and set_init_arg).
Result<void> read_command_line(ExecRequest& request) {
    std::string_view rest = command_line();
    bool is_argument = false;
    bool has_home = false;
    bool has_term = false;
    while (const auto word = take_word(rest)) {
        String text = TRY(String::copy_of(word->name));
        if (word->value) {
            TRY(text.append("="));
            TRY(text.append(*word->value));
        }
        if (is_argument) {
            TRY(request.arguments.append(text.view()));
        } else if (text == "--") {
            is_argument = true;
        } else if (word->value && !is_own_parameter(word->name)) {
            TRY(request.environment.append(text.view()));
            has_home = has_home || word->name == "HOME";
            has_term = has_term || word->name == "TERM";
        }
    }
    if (!has_term) {
        TRY(request.environment.prepend("TERM=linux"));
    }
    return has_home ? Result<void>() : request.environment.prepend("HOME=/");
}

// Runs as the task itself, on its own stack: reading files and mapping memory need a current task.
Result<void> become_init(Task& task) {
    const Ref<File> console = TRY(open_console());
    for (int fd = 0; fd <= 2; ++fd) {
        TRY(task.files->install(console, CloseOnExec::No));
    }
    const std::string_view requested = command_line_value("rdinit");
    const std::string_view path = requested.empty() ? "/init" : requested;
    ExecRequest request;
    request.file = TRY(open_for_execute(task, AT_FDCWD, path, 0));
    TRY(request.path.append(path));
    TRY(request.arguments.append(path));
    TRY(read_command_line(request));
    return execute(task, std::move(request));
}

}  // namespace

// The first step of task 1: called by begin_task in the place of a return from a system call.
void run_init(Task& task) {
    const Result<void> result = become_init(task);
    if (result.is_error()) {
        print("cannot start init: error ", result.error().value, "\n");
        panic("no init");
    }
}

void start_init() {
    Result<Task*> task = make_init_task();
    KERNEL_ASSERT(!task.is_error());
    Task& init = *task.value();
    arch::prepare_first_step(init.context, init.kernel_stack);
    init.first_step = run_init;
    scheduler::start(init);
}

}  // namespace kernel
