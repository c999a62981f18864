#include "task/scheduler.hpp"

#include "arch/include/interrupts.hpp"
#include "arch/include/machine.hpp"
#include "arch/include/setup.hpp"
#include "lib/faults.hpp"
#include "log/print.hpp"
#include "mm/address_space.hpp"
#include "mm/user_memory.hpp"
#include "signal/signals.hpp"
#include "task/cpu_timer.hpp"
#include "task/rseq.hpp"
#include "task/task.hpp"
#include "task/wait_queue.hpp"
#include "time/clock.hpp"
#include "time/timer_queue.hpp"

namespace kernel {

namespace scheduler {

namespace {

constinit Task* current = nullptr;
// A task that has ended, and is still on its stack until the next task has taken over.
constinit Task* ended = nullptr;
// Nothing can run: the last task has left the CPU, and its time no longer runs.
constinit bool is_idle = false;
constinit std::int64_t programmed_expiry = INT64_MAX;

// Linux's values for one CPU: sysctl_sched_latency and sysctl_sched_wakeup_granularity.
constexpr std::int64_t kPeriod = 6'000'000;
constexpr std::int64_t kWakeUpGranularity = 1'000'000;

// The least virtual run time of all that could run; never goes back.
constinit std::int64_t least_runtime = 0;
constinit std::int64_t queued = 0;

List<Task, TaskInRunQueue>& run_queue() {
    static List<Task, TaskInRunQueue> queue;
    return queue;
}

// In order of virtual run time, behind equals.
void enqueue(Task& task) {
    ++queued;
    for (Task& later : run_queue()) {
        if (later.virtual_runtime > task.virtual_runtime) {
            List<Task, TaskInRunQueue>::insert_before(later, task);
            return;
        }
    }
    run_queue().push_back(task);
}

Task* dequeue() {
    Task* task = run_queue().pop_front();
    if (task != nullptr) {
        --queued;
    }
    return task;
}

void charge(Task& task, std::int64_t& account, std::int64_t now) {
    const std::int64_t used = now - task.last_accounted;
    account += used;
    task.virtual_runtime += used;
    task.last_accounted = now;
}

void charge_current() {
    if (!is_idle) {
        charge(*current, current->system_time, monotonic_now());
    }
}

void update_least_runtime() {
    std::int64_t least = current->state == TaskState::Runnable ? current->virtual_runtime : INT64_MAX;
    if (!run_queue().is_empty() && run_queue().front().virtual_runtime < least) {
        least = run_queue().front().virtual_runtime;
    }
    if (least != INT64_MAX && least > least_runtime) {
        least_runtime = least;
    }
}

void preempt_for(const Task& woken) {
    if (current->state == TaskState::Runnable &&
        current->virtual_runtime - woken.virtual_runtime > kWakeUpGranularity) {
        current->needs_reschedule = true;
    }
}

void program_timer(std::int64_t expiry) {
    if (expiry != programmed_expiry) {
        programmed_expiry = expiry;
        arch::set_timer(counter_at(expiry));
    }
}

// For the next timer, or the end of the current task's turn.
void program_timer_while_running() {
    std::int64_t expiry = std::min(timer_queue().next_expiry(), next_cpu_expiry(*current));
    if (!run_queue().is_empty()) {
        expiry = std::min(expiry, current->slice_start + kSlice);
    }
    program_timer(expiry);
}

// The next task to run. While there is none, sleeps and takes interrupts: this is the only place besides a
// program where they are taken.
Task& wait_for_runnable() {
    for (;;) {
        Task* next = dequeue();
        if (next != nullptr) {
            is_idle = false;
            return *next;
        }
        is_idle = true;
        program_timer(timer_queue().next_expiry());
        arch::wait_for_interrupt();
        arch::handle_pending_interrupts();
    }
}

void activate(Task& task) {
    const std::int64_t now = monotonic_now();
    task.slice_start = now;
    task.last_accounted = now;
    if (task.address_space) {
        task.address_space->page_table().activate();
    }
}

void drop_ended() {
    if (ended != nullptr) {
        // An ended leader stays until it is reaped, its stack does not.
        const Ref<Task> task = Ref<Task>::adopt(std::exchange(ended, nullptr));
        task->kernel_stack.release();
    }
}

}  // namespace

void make_runnable(Task& task) {
    if (task.state == TaskState::Runnable || task.state == TaskState::Dead) {
        return;
    }
    task.state = TaskState::Runnable;
    charge_current();
    update_least_runtime();
    const std::int64_t earliest = least_runtime - kPeriod / 2;
    task.virtual_runtime = task.virtual_runtime < earliest ? earliest : task.virtual_runtime;
    enqueue(task);
    preempt_for(task);
}

void make_first_runnable(Task& task) {
    task.state = TaskState::Runnable;
    charge_current();
    update_least_runtime();
    const std::int64_t start = least_runtime + kPeriod / (queued + 2);
    task.virtual_runtime = current->virtual_runtime > start ? current->virtual_runtime : start;
    enqueue(task);
}

void schedule() {
    Task& previous = *current;
    charge(previous, previous.system_time, monotonic_now());
    const bool is_preempted = previous.state == TaskState::Runnable;
    if (is_preempted) {
        enqueue(previous);
    }
    Task& next = wait_for_runnable();
    if (&next != &previous) {
        ++(is_preempted ? previous.involuntary_switches : previous.voluntary_switches);
        current = &next;
        activate(next);
        if (FAULT(switch_loses_v8)) {
            next.context.floating_point.v[8] = {};
        }
        arch::switch_context(&previous.context, &next.context);
        drop_ended();
    } else {
        next.slice_start = next.last_accounted = monotonic_now();
    }
    current->rseq_needs_update = true;
}

void yield() {
    // Behind the next task, however little time this one has had.
    if (!run_queue().is_empty() && current->virtual_runtime < run_queue().front().virtual_runtime) {
        current->virtual_runtime = run_queue().front().virtual_runtime;
    }
    schedule();
}

void start(Task& first) {
    static Context boot_context;
    current = &first;
    activate(first);
    arch::switch_context(&boot_context, &first.context);
    panic("the boot context was resumed");
}

void end_current() {
    current->state = TaskState::Dead;
    ended = current;
    // The next task finds `ended` set, wherever it continues after its own switch.
    schedule();
    panic("an ended task was resumed");
}

void enter_kernel(Task& task) {
    charge(task, task.user_time, monotonic_now());
}

void leave_kernel(Task& task, Registers& registers) {
    expire_cpu_timers(task);
    for (;;) {
        if (task.needs_reschedule) {
            task.needs_reschedule = false;
            schedule();
        } else if (needs_signal_work(task, registers)) {
            deliver_signals(task, registers);
        } else if (task.rseq_needs_update) {
            update_rseq(task, registers);
        } else {
            break;
        }
    }
    program_timer_while_running();
    charge(task, task.system_time, monotonic_now());
}

void reschedule_if_due() {
    arch::handle_pending_interrupts();
    if (std::exchange(current->needs_reschedule, false)) {
        schedule();
    }
    program_timer_while_running();
}

void handle_timer() {
    // The comparator stays asserted until it is moved.
    programmed_expiry = INT64_MAX;
    arch::set_timer(UINT64_MAX);
    const std::int64_t now = monotonic_now();
    timer_queue().expire(now);
    if (current != nullptr && !run_queue().is_empty() && now >= current->slice_start + kSlice) {
        current->needs_reschedule = true;
    }
}

extern "C" void begin_task() {
    drop_ended();
    Task& task = *current;
    if (task.first_step != nullptr) {
        std::exchange(task.first_step, nullptr)(task);
    }
    task.rseq_needs_update = true;
    if (task.set_child_tid != 0) {
        (void)UserOut<int>(UserAddress(task.set_child_tid)).write(task.id);
    }
    leave_kernel(task, task.kernel_stack.registers());
}

}  // namespace scheduler

Task& Task::current() {
    return *scheduler::current;
}

namespace {

class WakeTimer final : public Timer {
  public:
    explicit WakeTimer(Task& task) : task_(task) {}

  protected:
    void expire() override { scheduler::make_runnable(task_); }

  private:
    Task& task_;
};

}  // namespace

Result<void> sleep_until(Deadline deadline, Interruptible interruptible) {
    Task& task = Task::current();
    const auto is_interrupted = [&] {
        return interruptible == Interruptible::Signals ? task.has_pending_signal() : task.has_pending_kill();
    };
    if (is_interrupted()) {
        return Errno(ERESTARTSYS);
    }
    if (deadline.is_over()) {
        return Errno(ETIMEDOUT);
    }
    WakeTimer timer(task);
    if (!deadline.is_never()) {
        timer.start(deadline.monotonic());
    }
    task.state = interruptible == Interruptible::Signals ? TaskState::Sleeping : TaskState::SleepingKill;
    scheduler::schedule();
    if (is_interrupted()) {
        return Errno(ERESTARTSYS);
    }
    if (deadline.is_over()) {
        return Errno(ETIMEDOUT);
    }
    return {};
}

TaskWaiter::TaskWaiter() : task_(Task::current()) {}

bool TaskWaiter::wake(std::uint32_t) {
    const bool was_asleep = task_.state != TaskState::Runnable;
    scheduler::make_runnable(task_);
    return was_asleep;
}

bool LeavingTaskWaiter::wake(std::uint32_t events) {
    if (!TaskWaiter::wake(events)) {
        return false;
    }
    unlink();
    return true;
}

void WaitQueue::add(Waiter& waiter, Share share) {
    waiter.is_exclusive_ = share == Share::OneByOne;
    if (waiter.is_exclusive_) {
        waiters_.push_back(waiter);
    } else {
        waiters_.push_front(waiter);
    }
}

void WaitQueue::add_first_exclusive(Waiter& waiter) {
    waiter.is_exclusive_ = true;
    waiters_.push_front(waiter);
}

void WaitQueue::wake(std::uint32_t events) {
    Waiter* waiter = waiters_.first();
    while (waiter != nullptr) {
        Waiter* next = waiters_.next(*waiter);
        const bool is_exclusive = waiter->is_exclusive_;
        if (waiter->wake(events) && is_exclusive) {
            return;
        }
        waiter = next;
    }
}

void WaitQueue::wake_all(std::uint32_t events) {
    Waiter* waiter = waiters_.first();
    while (waiter != nullptr) {
        Waiter* next = waiters_.next(*waiter);
        waiter->wake(events);
        waiter = next;
    }
}

}  // namespace kernel
