// semget, semctl, semop, semtimedop.
#include <linux/sem.h>
#include <linux/time_types.h>

#include "ipc/semaphore_set.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/poll_wait.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMaximumSets = SEMMNI;
constexpr int kMaximumSemaphores = SEMMSL;
constexpr std::size_t kMaximumOperations = SEMOPM;

Result<void> prepare_undo(Task& task) {
    if (!task.semaphore_undo) {
        task.semaphore_undo = TRY(make_ref<SharedUntilExit>());
    }
    if (!task.semaphore_undo->action) {
        task.semaphore_undo->action = TRY(make_ref<SemaphoreUndo>());
    }
    return {};
}

Result<long> operate(Task& task, int id, UserIn<sembuf> operations, std::size_t count,
                     UserIn<__kernel_timespec> timeout) {
    if (count < 1 || id < 0) {
        return Errno(EINVAL);
    }
    if (count > kMaximumOperations) {
        return Errno(E2BIG);
    }
    Vector<sembuf> wanted;
    TRY(wanted.resize(count));
    TRY(operations.read_all(wanted.span()));
    const Deadline deadline = TRY(deadline_of(timeout));
    const Ref<SemaphoreSet> set = TRY(semaphore_sets().get(id));
    bool alters = false;
    bool undoes = false;
    for (const sembuf& operation : wanted.span()) {
        if (operation.sem_num >= set->semaphores.size()) {
            return Errno(EFBIG);
        }
        alters = alters || operation.sem_op != 0;
        undoes = undoes || (operation.sem_flg & SEM_UNDO) != 0;
    }
    TRY(set->check_access(task, alters ? IpcObject::kWritable : IpcObject::kReadable));
    if (undoes) {
        TRY(prepare_undo(task));
    }
    TRY(set->operate(task, wanted.span(), deadline));
    return 0;
}

// An adjustment for what has been set anew would make no sense.
void forget_undo(SemaphoreSet& set, int number) {
    for (const Task& task : all_tasks()) {
        if (task.semaphore_undo && task.semaphore_undo->action) {
            static_cast<SemaphoreUndo&>(*task.semaphore_undo->action).forget(set, number);
        }
    }
}

Result<void> read_status(SemaphoreSet& set, UserAddress buffer) {
    semid64_ds status{};
    status.sem_perm = set.permissions();
    status.sem_otime = set.operated;
    status.sem_ctime = set.changed;
    status.sem_nsems = set.semaphores.size();
    return UserOut<semid64_ds>(buffer).write(status);
}

Result<long> read_set_limits(int command, UserAddress buffer) {
    seminfo info{.semmap = SEMMAP,
                 .semmni = SEMMNI,
                 .semmns = SEMMNS,
                 .semmnu = SEMMNU,
                 .semmsl = SEMMSL,
                 .semopm = SEMOPM,
                 .semume = SEMUME,
                 .semusz = SEMUSZ,
                 .semvmx = SEMVMX,
                 .semaem = SEMAEM};
    IpcTable<SemaphoreSet>& sets = semaphore_sets();
    if (command == SEM_INFO) {
        info.semusz = static_cast<int>(sets.count());
        info.semaem = 0;
        for (std::size_t i = 0; i < sets.end(); ++i) {
            const auto* set = static_cast<SemaphoreSet*>(sets.at(i));
            info.semaem += set == nullptr ? 0 : static_cast<int>(set->semaphores.size());
        }
    }
    TRY(UserOut<seminfo>(buffer).write(info));
    return sets.end() == 0 ? 0 : static_cast<long>(sets.end()) - 1;
}

// What concerns all values, or one.
Result<long> read_values(Task& task, SemaphoreSet& set, UserAddress buffer) {
    TRY(set.check_access(task, IpcObject::kReadable));
    for (std::size_t i = 0; i < set.semaphores.size(); ++i) {
        TRY(UserOut<std::uint16_t>(buffer).write_at(i, static_cast<std::uint16_t>(set.semaphores[i].value)));
    }
    return 0;
}

Result<long> write_values(Task& task, SemaphoreSet& set, UserAddress buffer) {
    TRY(set.check_access(task, IpcObject::kWritable));
    Vector<std::uint16_t> values;
    TRY(values.resize(set.semaphores.size()));
    TRY(UserIn<std::uint16_t>(buffer).read_all(values.span()));
    for (const std::uint16_t value : values.span()) {
        if (value > kMaximumSemaphoreValue) {
            return Errno(ERANGE);
        }
    }
    forget_undo(set, -1);
    set.set_values(values.span());
    return 0;
}

Result<long> write_value(Task& task, int id, int number, int value) {
    if (value < 0 || value > kMaximumSemaphoreValue) {
        return Errno(ERANGE);
    }
    const Ref<SemaphoreSet> set = TRY(semaphore_sets().get(id));
    if (number < 0 || static_cast<std::size_t>(number) >= set->semaphores.size()) {
        return Errno(EINVAL);
    }
    TRY(set->check_access(task, IpcObject::kWritable));
    forget_undo(*set, number);
    set->set_value(number, value);
    return 0;
}

Result<long> read_value(Task& task, SemaphoreSet& set, int number, int command) {
    TRY(set.check_access(task, IpcObject::kReadable));
    if (number < 0 || static_cast<std::size_t>(number) >= set.semaphores.size()) {
        return Errno(EINVAL);
    }
    const SemaphoreSet::Semaphore& semaphore = set.semaphores[static_cast<std::size_t>(number)];
    switch (command) {
        case GETVAL:
            return semaphore.value;
        case GETPID:
            return semaphore.last_process;
        default:
            return set.count_waiting(number, command == GETZCNT);
    }
}

Result<long> change_set(Task& task, SemaphoreSet& set, int command, const semid64_ds& wanted) {
    TRY(set.check_owner(task));
    if (command == IPC_SET) {
        set.set_permissions(wanted.sem_perm);
        set.changed = current_time().seconds;
    } else {
        semaphore_sets().remove(set);
        set.removed();
    }
    return 0;
}

}  // namespace

Result<long> sys_semget(Task& task, int key, int count, unsigned flags) {
    if (count < 0 || count > kMaximumSemaphores) {
        return Errno(EINVAL);
    }
    const auto size = static_cast<std::size_t>(count);
    return get_ipc_object(
        semaphore_sets(), task, key, flags, kMaximumSets,
        [&](const SemaphoreSet& set) {
            return size > set.semaphores.size() ? Result<void>(Errno(EINVAL)) : Result<void>();
        },
        [&]() -> Result<Ref<SemaphoreSet>> {
            if (size == 0) {
                return Errno(EINVAL);
            }
            return SemaphoreSet::make(key, flags, size);
        });
}

Result<long> sys_semop(Task& task, int id, UserIn<sembuf> operations, std::size_t count) {
    return operate(task, id, operations, count, UserIn<__kernel_timespec>());
}

Result<long> sys_semtimedop(Task& task, int id, UserIn<sembuf> operations, std::size_t count,
                            UserIn<__kernel_timespec> timeout) {
    return operate(task, id, operations, count, timeout);
}

Result<long> sys_semctl(Task& task, int id, int number, int command, unsigned long argument) {
    if (id < 0) {
        return Errno(EINVAL);
    }
    const UserAddress buffer(argument);
    switch (command) {
        case IPC_INFO:
        case SEM_INFO:
            return read_set_limits(command, buffer);
        case IPC_STAT:
        case SEM_STAT:
        case SEM_STAT_ANY: {
            const Ref<SemaphoreSet> set =
                TRY(command == IPC_STAT ? semaphore_sets().get(id) : semaphore_sets().get_at(id));
            if (command != SEM_STAT_ANY) {
                TRY(set->check_access(task, IpcObject::kReadable));
            }
            TRY(read_status(*set, buffer));
            return command == IPC_STAT ? 0 : set->id;
        }
        case GETALL:
            return read_values(task, *TRY(semaphore_sets().get(id)), buffer);
        case SETALL:
            return write_values(task, *TRY(semaphore_sets().get(id)), buffer);
        case GETVAL:
        case GETPID:
        case GETNCNT:
        case GETZCNT:
            return read_value(task, *TRY(semaphore_sets().get(id)), number, command);
        case SETVAL:
            return write_value(task, id, number, static_cast<int>(argument));
        case IPC_SET: {
            const semid64_ds wanted = TRY(UserIn<semid64_ds>(buffer).read());
            return change_set(task, *TRY(semaphore_sets().get(id)), command, wanted);
        }
        case IPC_RMID:
            return change_set(task, *TRY(semaphore_sets().get(id)), command, {});
        default:
            return Errno(EINVAL);
    }
}

}  // namespace kernel
