#include "task/task.hpp"

#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "lib/settings.hpp"
#include "mm/address_space.hpp"
#include "mm/limits.hpp"
#include "mm/page.hpp"
#include "task/table.hpp"
#include "tty/tty.hpp"

namespace kernel {

namespace {

constexpr int kReservedNumbers = 300;  // RESERVED_PIDS in Linux kernel/pid.c
constinit int last_number = 0;
constinit Process* init = nullptr;
constinit std::size_t tasks = 0;

bool is_number_in_use(int number) {
    for (Task& task : all_tasks()) {
        if (task.id == number) {
            return true;
        }
    }
    for (Process& process : all_processes()) {
        if (process.id == number || process.group == number || process.session == number) {
            return true;
        }
    }
    return false;
}

}  // namespace

Task::Task(int number)
    : serial([] {
          static constinit std::uint64_t last = 0;
          return ++last;
      }()),
      id(number) {}
Task::~Task() = default;

bool Task::has_pending_signal() const {
    const SignalSet wanted = ~blocked | awaited;
    return process->is_exiting || !((pending.set() | process->pending.set()) & wanted).is_empty() ||
           (process->stop_signal != 0 && !tracing.has_joined_stop) || tracing.owes_anything();
}

bool Task::has_pending_kill() const {
    return process->is_exiting || pending.set().contains(SIGKILL);
}

void Task::set_name(std::string_view name) {
    command_name.fill('\0');
    for (std::size_t i = 0; i < name.size() && i + 1 < kNameSize; ++i) {
        command_name[i] = name[i];
    }
}

std::string_view Task::name() const {
    return {command_name.data()};
}

bool Credentials::is_in_group(std::uint32_t id) const {
    if (id == file_system_group) {
        return true;
    }
    if (supplementary) {
        for (const std::uint32_t member : supplementary->ids) {
            if (member == id) {
                return true;
            }
        }
    }
    return false;
}

Process::Process(int number)
    : id(number),
      real_timer(*this),
      virtual_timer(*this, CpuClock::User, SIGVTALRM),
      profile_timer(*this, CpuClock::UserAndSystem, SIGPROF) {}
Process::~Process() = default;

void ResourceUsage::add(const ResourceUsage& other) {
    times.user += other.times.user;
    times.system += other.times.system;
    minor_faults += other.minor_faults;
    voluntary_switches += other.voluntary_switches;
    involuntary_switches += other.involuntary_switches;
    maximum_resident_pages = std::max(maximum_resident_pages, other.maximum_resident_pages);
}

ResourceUsage task_usage(const Task& task) {
    return {.times = {.user = task.user_time, .system = task.system_time},
            .minor_faults = task.minor_faults,
            .voluntary_switches = task.voluntary_switches,
            .involuntary_switches = task.involuntary_switches,
            .maximum_resident_pages =
                task.address_space ? task.address_space->page_table().most_present_pages() : 0};
}

ResourceUsage Process::usage() {
    ResourceUsage total = past;
    for (Task& task : threads) {
        total.add(task_usage(task));
    }
    return total;
}

IoCounts Process::io_counts() {
    IoCounts total = past_io;
    for (const Task& task : threads) {
        total.add(task.io);
    }
    return total;
}

void Process::note_peak_memory(AddressSpace& space) {
    past.maximum_resident_pages =
        std::max(past.maximum_resident_pages, space.page_table().most_present_pages());
}

Task* Process::leader() {
    for (Task& task : threads) {
        if (task.id == id) {
            return &task;
        }
    }
    return threads.first();
}

unsigned Process::thread_count() {
    unsigned count = 0;
    for ([[maybe_unused]] Task& task : threads) {
        ++count;
    }
    return count;
}

unsigned Process::live_thread_count() {
    unsigned count = 0;
    for (const Task& task : threads) {
        count += task.has_ended() ? 0U : 1U;
    }
    return count;
}

Task* Process::live_thread() {
    for (Task& task : threads) {
        if (!task.has_ended()) {
            return &task;
        }
    }
    return nullptr;
}

void IntervalTimer::expire() {
    (void)send_signal(process_, kernel_siginfo(SIGALRM));
}

void IntervalTimer::signal_taken() {
    if (interval > 0 && !is_running()) {
        start(expiry() + (1 + (monotonic_now() - expiry()) / interval) * interval);
    }
}

List<Task, TaskInTable>& all_tasks() {
    static List<Task, TaskInTable> list;
    return list;
}

List<Process, ProcessInTable>& all_processes() {
    static List<Process, ProcessInTable> list;
    return list;
}

Result<int> allocate_task_number() {
    const auto limit = static_cast<int>(settings().largest_pid);
    for (int tries = 0; tries < limit; ++tries) {
        // Linux starts again at RESERVED_PIDS, and its kernel threads have taken the first numbers: what
        // comes after process 1 begins there, so that numbers are as long as on Linux.
        const int next = last_number + 1;
        const bool reserved = next > 1 && next < kReservedNumbers;
        last_number = reserved || next >= limit ? kReservedNumbers : next;
        if (!is_number_in_use(last_number)) {
            return last_number;
        }
    }
    return Errno(EAGAIN);
}

void add_to_table(Task& task) {
    task.add_reference();
    all_tasks().push_back(task);
    ++tasks;
}

void add_to_table(Process& process) {
    for (Process& other : all_processes()) {
        if (other.id > process.id) {
            return List<Process, ProcessInTable>::insert_before(other, process);
        }
    }
    all_processes().push_back(process);
}

void remove_from_table(Task& task) {
    List<Task, TaskInTable>::remove(task);
    --tasks;
    task.drop_reference();
}

void remove_from_table(Process& process) {
    List<Process, ProcessInTable>::remove(process);
}

std::size_t task_count() {
    return tasks;
}

std::size_t task_count_of_user(std::uint32_t real_user) {
    std::size_t count = 0;
    for (const Task& task : all_tasks()) {
        count += task.credentials.user == real_user ? 1 : 0;
    }
    return count;
}

std::uint64_t current_stack_limit() {
    return Task::current().process->limit(RLIMIT_STACK).rlim_cur;
}

bool current_takes_tagged_addresses() {
    return Task::current().takes_tagged_addresses;
}

bool is_over_task_limit(const Process& process, std::uint32_t real_user) {
    return real_user != 0 && task_count_of_user(real_user) > process.limit(RLIMIT_NPROC).rlim_cur;
}

std::size_t maximum_tasks() {
    constexpr std::uint64_t kLeast = 20;         // MIN_THREADS
    constexpr std::uint64_t kMost = 0x3fffffff;  // FUTEX_TID_MASK
    return std::min(std::max(memory_counts().total_pages * kPageSize / (8 * KernelStack::kSize), kLeast),
                    kMost);
}

int last_task_number() {
    return last_number;
}

Process& init_process() {
    return *init;
}
void set_init_process(Process& process) {
    init = &process;
}

Result<Ref<Process>> find_process(int id) {
    for (Process& process : all_processes()) {
        if (process.id == id) {
            return Ref<Process>(&process);
        }
    }
    return Errno(ESRCH);
}

Result<Ref<Process>> find_process_of_thread(int id) {
    return TRY(find_task(id))->process;
}

Result<Ref<Task>> find_task(int id) {
    for (Task& task : all_tasks()) {
        if (task.id == id) {
            return Ref<Task>(&task);
        }
    }
    return Errno(ESRCH);
}

bool group_exists(int group, int session) {
    for (Process& process : all_processes()) {
        if (process.group == group && process.session == session) {
            return true;
        }
    }
    return false;
}

}  // namespace kernel
