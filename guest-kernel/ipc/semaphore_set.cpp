#include "ipc/semaphore_set.hpp"

#include "task/scheduler.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr int kMaximumAdjustment = kMaximumSemaphoreValue;  // SEMAEM

}  // namespace

IpcTable<SemaphoreSet>& semaphore_sets() {
    static IpcTable<SemaphoreSet> table;
    return table;
}

Result<Vector<short>*> SemaphoreUndo::of(SemaphoreSet& set) {
    for (Own<Entry>& entry : entries_) {
        if (entry->set.get() == &set) {
            return &entry->adjustments;
        }
    }
    Own<Entry> entry = TRY(make_own<Entry>());
    entry->set = Ref<SemaphoreSet>(&set);
    TRY(entry->adjustments.resize(set.semaphores.size()));
    Vector<short>* adjustments = &entry->adjustments;
    TRY(entries_.push_back(std::move(entry)));
    return adjustments;
}

void SemaphoreUndo::forget(const SemaphoreSet& set, int number) {
    for (Own<Entry>& entry : entries_) {
        if (entry->set.get() == &set) {
            for (std::size_t i = 0; i < entry->adjustments.size(); ++i) {
                if (number < 0 || i == static_cast<std::size_t>(number)) {
                    entry->adjustments[i] = 0;
                }
            }
        }
    }
}

void SemaphoreUndo::last_reference_dropped() {
    for (Own<Entry>& entry : entries_) {
        if (!entry->set->is_removed) {
            entry->set->adjust(entry->adjustments.span());
        }
    }
    delete this;
}

SemaphoreSet::SemaphoreSet(std::int32_t its_key, unsigned its_mode)
    : IpcObject(its_key, its_mode), changed(current_time().seconds) {}

Result<Ref<SemaphoreSet>> SemaphoreSet::make(std::int32_t its_key, unsigned its_mode, std::size_t count) {
    Ref<SemaphoreSet> set = TRY(make_ref<SemaphoreSet>(its_key, its_mode));
    TRY(set->semaphores.resize(count));
    return set;
}

// Linux perform_atomic_semop_slow.
Result<SemaphoreSet::Attempt> SemaphoreSet::attempt(Task& task, std::span<const sembuf> operations,
                                                    const sembuf*& blocked_by) {
    Vector<short>* undo = nullptr;
    for (const sembuf& operation : operations) {
        if ((operation.sem_flg & SEM_UNDO) != 0 && undo == nullptr) {
            undo = TRY(static_cast<SemaphoreUndo&>(*task.semaphore_undo->action).of(*this));
        }
    }
    std::size_t done = 0;
    int error = 0;
    blocked_by = nullptr;
    for (const sembuf& operation : operations) {
        Semaphore& semaphore = semaphores[operation.sem_num];
        const int result = semaphore.value + operation.sem_op;
        if ((operation.sem_op == 0 && semaphore.value != 0) || result < 0) {
            blocked_by = &operation;
            break;
        }
        if (result > kMaximumSemaphoreValue) {
            error = ERANGE;
            break;
        }
        if ((operation.sem_flg & SEM_UNDO) != 0) {
            const int adjustment = (*undo)[operation.sem_num] - operation.sem_op;
            if (adjustment < -kMaximumAdjustment - 1 || adjustment > kMaximumAdjustment) {
                error = ERANGE;
                break;
            }
            (*undo)[operation.sem_num] = static_cast<short>(adjustment);
        }
        semaphore.value = result;
        ++done;
    }
    if (done == operations.size()) {
        for (const sembuf& operation : operations) {
            semaphores[operation.sem_num].last_process = task.process_id();
        }
        operated = current_time().seconds;
        return Attempt::Done;
    }
    while (done-- > 0) {
        const sembuf& operation = operations[done];
        semaphores[operation.sem_num].value -= operation.sem_op;
        if ((operation.sem_flg & SEM_UNDO) != 0) {
            (*undo)[operation.sem_num] = static_cast<short>((*undo)[operation.sem_num] + operation.sem_op);
        }
    }
    if (error != 0) {
        return Errno(error);
    }
    if ((blocked_by->sem_flg & IPC_NOWAIT) != 0) {
        return Errno(EAGAIN);
    }
    return Attempt::Blocked;
}

void SemaphoreSet::wake_ready() {
    Sleeper* sleeper = sleepers_.first();
    while (sleeper != nullptr) {
        Sleeper* next = sleepers_.next(*sleeper);
        const Result<Attempt> tried = attempt(sleeper->task, sleeper->operations, sleeper->blocked_by);
        if (tried.is_error() || tried.value() == Attempt::Done) {
            sleeper->unlink();
            sleeper->is_done = true;
            if (tried.is_error()) {
                sleeper->outcome = tried.error();
            }
            scheduler::make_runnable(sleeper->task);
            next = sleepers_.first();  // what it did may let an earlier one go on
        }
        sleeper = next;
    }
}

Result<void> SemaphoreSet::operate(Task& task, std::span<const sembuf> operations, Deadline deadline) {
    Sleeper sleeper(task, operations);
    const Attempt first = TRY(attempt(task, operations, sleeper.blocked_by));
    if (first == Attempt::Done) {
        wake_ready();
        return {};
    }
    const Ref<SemaphoreSet> keep(this);
    sleepers_.push_back(sleeper);
    for (;;) {
        const Result<void> slept = sleep_until(deadline);
        if (sleeper.is_done) {
            return sleeper.outcome.is_error() ? Result<void>(sleeper.outcome.error()) : Result<void>();
        }
        if (slept.is_error()) {
            return Errno(slept.error() == Errno(ETIMEDOUT) ? EAGAIN : EINTR);
        }
    }
}

void SemaphoreSet::set_value(int number, int value) {
    Semaphore& semaphore = semaphores[static_cast<std::size_t>(number)];
    semaphore.value = value;
    semaphore.last_process = Task::current().process_id();
    changed = current_time().seconds;
    wake_ready();
}

void SemaphoreSet::set_values(std::span<const std::uint16_t> values) {
    for (std::size_t i = 0; i < semaphores.size(); ++i) {
        semaphores[i] = {.value = values[i], .last_process = Task::current().process_id()};
    }
    changed = current_time().seconds;
    wake_ready();
}

int SemaphoreSet::count_waiting(int number, bool is_zero) {
    int count = 0;
    for (const Sleeper& sleeper : sleepers_) {
        const sembuf& operation = *sleeper.blocked_by;
        if (operation.sem_num == number && (is_zero ? operation.sem_op == 0 : operation.sem_op < 0)) {
            ++count;
        }
    }
    return count;
}

void SemaphoreSet::removed() {
    while (Sleeper* sleeper = sleepers_.pop_front()) {
        sleeper->is_done = true;
        sleeper->outcome = Errno(EIDRM);
        scheduler::make_runnable(sleeper->task);
    }
}

// Linux exit_sem.
void SemaphoreSet::adjust(std::span<const short> adjustments) {
    for (std::size_t i = 0; i < semaphores.size(); ++i) {
        if (adjustments[i] == 0) {
            continue;
        }
        const int value = semaphores[i].value + adjustments[i];
        semaphores[i].value = value < 0 ? 0 : value > kMaximumSemaphoreValue ? kMaximumSemaphoreValue : value;
        semaphores[i].last_process = Task::current().process_id();
    }
    wake_ready();
}

}  // namespace kernel
