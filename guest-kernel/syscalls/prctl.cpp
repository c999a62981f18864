// prctl.
#include <linux/prctl.h>
#include <linux/securebits.h>

#include "arch/include/machine.hpp"
#include "mm/address_space.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// The calls about capabilities follow Linux security/commoncap.c, cap_task_prctl.
Result<long> drop_from_bounding_set(Task& task, unsigned long capability) {
    if (!task.credentials.has(CAP_SETPCAP)) {
        return Errno(EPERM);
    }
    if (capability > CAP_LAST_CAP) {
        return Errno(EINVAL);
    }
    task.credentials.bounding &= ~(std::uint64_t{1} << capability);
    return 0;
}

Result<long> change_ambient(Task& task, unsigned long action, unsigned long capability) {
    Credentials& who = task.credentials;
    if (action == PR_CAP_AMBIENT_CLEAR_ALL) {
        if (capability != 0) {
            return Errno(EINVAL);
        }
        who.ambient = 0;
        return 0;
    }
    if (capability > CAP_LAST_CAP) {
        return Errno(EINVAL);
    }
    const std::uint64_t bit = std::uint64_t{1} << capability;
    switch (action) {
        case PR_CAP_AMBIENT_IS_SET:
            return (who.ambient & bit) != 0 ? 1 : 0;
        case PR_CAP_AMBIENT_RAISE:
            if ((who.permitted & who.inheritable & bit) == 0 ||
                who.has_secure_bit(SECURE_NO_CAP_AMBIENT_RAISE)) {
                return Errno(EPERM);
            }
            who.ambient |= bit;
            return 0;
        case PR_CAP_AMBIENT_LOWER:
            who.ambient &= ~bit;
            return 0;
        default:
            return Errno(EINVAL);
    }
}

Result<long> set_secure_bits(Task& task, unsigned long bits) {
    const unsigned long old = task.credentials.secure_bits;
    const unsigned long locks = old & SECURE_ALL_LOCKS;
    const bool changes_locked = (locks >> 1 & (old ^ bits)) != 0 || (locks & ~bits) != 0;
    const bool is_unknown = (bits & ~static_cast<unsigned long>(SECURE_ALL_LOCKS | SECURE_ALL_BITS)) != 0;
    if (changes_locked || is_unknown || !task.credentials.has(CAP_SETPCAP)) {
        return Errno(EPERM);
    }
    task.credentials.secure_bits = static_cast<unsigned>(bits);
    return 0;
}

Result<long> set_keep_capabilities(Task& task, unsigned long keeps) {
    if (keeps > 1) {
        return Errno(EINVAL);
    }
    if (task.credentials.has_secure_bit(SECURE_KEEP_CAPS_LOCKED)) {
        return Errno(EPERM);
    }
    constexpr unsigned kBit = SECBIT_KEEP_CAPS;
    task.credentials.secure_bits = (task.credentials.secure_bits & ~kBit) | (keeps == 1 ? kBit : 0);
    return 0;
}

Result<long> io_flusher(Task& task, bool is_set, unsigned long value, bool has_more) {
    if (!task.credentials.has(CAP_SYS_RESOURCE)) {
        return Errno(EPERM);
    }
    if (has_more || value > (is_set ? 1 : 0)) {
        return Errno(EINVAL);
    }
    if (!is_set) {
        return task.is_io_flusher ? 1 : 0;
    }
    task.is_io_flusher = value == 1;
    return 0;
}

// There are no memory failures here: only the setting shows.
Result<long> set_memory_failure(Task& task, unsigned long action, unsigned long policy) {
    if (action == PR_MCE_KILL_CLEAR && policy == 0) {
        task.memory_failure_policy = PR_MCE_KILL_DEFAULT;
    } else if (action == PR_MCE_KILL_SET && policy <= PR_MCE_KILL_DEFAULT) {
        task.memory_failure_policy = static_cast<int>(policy);
    } else {
        const bool is_late = action == PR_MCE_KILL_SET && task.memory_failure_policy == PR_MCE_KILL_DEFAULT;
        task.memory_failure_policy = is_late ? PR_MCE_KILL_LATE : task.memory_failure_policy;
        return Errno(EINVAL);  // Linux notes that there is a policy before it looks at that
    }
    return 0;
}

// Speculative store bypass, the one kind that arm64 lets programs control (Linux
// arch/arm64/kernel/proton-pack.c, ssbd_prctl_get and ssbd_prctl_set).
Result<long> speculation(const Task& task, unsigned long kind) {
    if (kind != PR_SPEC_STORE_BYPASS) {
        return Errno(ENODEV);
    }
    return static_cast<long>(PR_SPEC_PRCTL | task.store_bypass);
}

Result<long> set_speculation(Task& task, unsigned long kind, unsigned long control) {
    if (kind != PR_SPEC_STORE_BYPASS) {
        return Errno(ENODEV);
    }
    switch (control) {
        case PR_SPEC_ENABLE:
        case PR_SPEC_DISABLE_NOEXEC:
            if (task.store_bypass == PR_SPEC_FORCE_DISABLE) {
                return Errno(EPERM);
            }
            break;
        case PR_SPEC_DISABLE:
        case PR_SPEC_FORCE_DISABLE:
            break;
        default:
            return Errno(ERANGE);
    }
    if (task.store_bypass != PR_SPEC_FORCE_DISABLE) {
        task.store_bypass = control;
    }
    arch::set_store_bypass(task.kernel_stack.registers(), control == PR_SPEC_ENABLE);
    return 0;
}

Result<long> set_tagged_addresses(Task& task, unsigned long flags) {
    if ((flags & ~PR_TAGGED_ADDR_ENABLE) != 0) {
        return Errno(EINVAL);
    }
    task.takes_tagged_addresses = flags != 0;
    return 0;
}

}  // namespace

Result<long> sys_prctl(Task& task, int option, unsigned long arg2, unsigned long arg3, unsigned long arg4,
                       unsigned long arg5) {
    const bool has_more = arg3 != 0 || arg4 != 0 || arg5 != 0;
    switch (option) {
        case PR_SET_NAME: {
            char name[Task::kNameSize] = {};
            const std::size_t count = copy_from_user_partial(name, UserAddress(arg2), sizeof(name) - 1);
            if (count == 0 || (count < sizeof(name) - 1 &&
                               std::string_view(name, count).find('\0') == std::string_view::npos)) {
                return Errno(EFAULT);
            }
            task.set_name(name);
            return 0;
        }
        case PR_GET_NAME:
            TRY(copy_to_user(UserAddress(arg2), task.command_name.data(), Task::kNameSize));
            return 0;
        case PR_SET_PDEATHSIG:
            if (arg2 > static_cast<unsigned long>(kSignalCount)) {
                return Errno(EINVAL);
            }
            task.parent_death_signal = static_cast<int>(arg2);
            return 0;
        case PR_GET_PDEATHSIG:
            TRY(UserOut<int>(UserAddress(arg2)).write(task.parent_death_signal));
            return 0;
        case PR_GET_DUMPABLE:
            return task.address_space->layout.dumpable;
        case PR_SET_DUMPABLE:
            if (arg2 != kNotDumpable && arg2 != kDumpable) {
                return Errno(EINVAL);
            }
            task.address_space->layout.dumpable = static_cast<int>(arg2);
            return 0;
        case PR_SET_NO_NEW_PRIVS:
            if (arg2 != 1 || has_more) {
                return Errno(EINVAL);
            }
            task.no_new_privileges = true;
            return 0;
        case PR_GET_NO_NEW_PRIVS:
            return arg2 != 0 || has_more ? Result<long>(Errno(EINVAL))
                                         : Result<long>(task.no_new_privileges ? 1 : 0);
        case PR_SET_TIMERSLACK:
            task.timer_slack = arg2 == 0 ? task.default_timer_slack : arg2;
            return 0;
        case PR_GET_TIMERSLACK:
            return static_cast<long>(task.timer_slack);
        case PR_SET_CHILD_SUBREAPER:
            task.process->is_child_subreaper = arg2 != 0;
            return 0;
        case PR_GET_CHILD_SUBREAPER:
            TRY(UserOut<int>(UserAddress(arg2)).write(task.process->is_child_subreaper ? 1 : 0));
            return 0;
        case PR_CAPBSET_READ:
            if (arg2 > CAP_LAST_CAP) {
                return Errno(EINVAL);
            }
            return static_cast<long>(task.credentials.bounding >> arg2 & 1);
        case PR_CAPBSET_DROP:
            return drop_from_bounding_set(task, arg2);
        case PR_CAP_AMBIENT:
            return arg4 != 0 || arg5 != 0 ? Result<long>(Errno(EINVAL)) : change_ambient(task, arg2, arg3);
        case PR_GET_SECUREBITS:
            return static_cast<long>(task.credentials.secure_bits);
        case PR_SET_SECUREBITS:
            return set_secure_bits(task, arg2);
        case PR_GET_KEEPCAPS:
            return task.credentials.has_secure_bit(SECURE_KEEP_CAPS) ? 1 : 0;
        case PR_SET_KEEPCAPS:
            return set_keep_capabilities(task, arg2);
        case PR_GET_TIMING:
            return PR_TIMING_STATISTICAL;
        case PR_SET_TIMING:
            return arg2 == PR_TIMING_STATISTICAL ? Result<long>(0) : Result<long>(Errno(EINVAL));
        case PR_TASK_PERF_EVENTS_DISABLE:
        case PR_TASK_PERF_EVENTS_ENABLE:
            return 0;  // all of the task's, of which there are none
        case PR_GET_TID_ADDRESS:
            TRY(UserOut<std::uint64_t>(UserAddress(arg2)).write(task.clear_child_tid));
            return 0;
        case PR_SET_THP_DISABLE:
            if (has_more) {
                return Errno(EINVAL);
            }
            task.address_space->layout.has_no_transparent_huge_pages = arg2 != 0;
            return 0;
        case PR_GET_THP_DISABLE:
            return arg2 != 0 || has_more
                       ? Result<long>(Errno(EINVAL))
                       : Result<long>(task.address_space->layout.has_no_transparent_huge_pages ? 1 : 0);
        case PR_GET_SPECULATION_CTRL:
            return has_more ? Result<long>(Errno(EINVAL)) : speculation(task, arg2);
        case PR_SET_SPECULATION_CTRL:
            return arg4 != 0 || arg5 != 0 ? Result<long>(Errno(EINVAL)) : set_speculation(task, arg2, arg3);
        case PR_SET_IO_FLUSHER:
        case PR_GET_IO_FLUSHER:
            return io_flusher(task, option == PR_SET_IO_FLUSHER, arg2, has_more);
        case PR_MCE_KILL:
            return arg4 != 0 || arg5 != 0 ? Result<long>(Errno(EINVAL))
                                          : set_memory_failure(task, arg2, arg3);
        case PR_MCE_KILL_GET:
            return arg2 != 0 || has_more ? Result<long>(Errno(EINVAL))
                                         : Result<long>(task.memory_failure_policy);
        case PR_GET_SECCOMP:
            return 0;  // SECCOMP_MODE_DISABLED: there is no other
        case PR_SET_TAGGED_ADDR_CTRL:
            return arg3 != 0 || arg4 != 0 || arg5 != 0 ? Result<long>(Errno(EINVAL))
                                                       : set_tagged_addresses(task, arg2);
        case PR_GET_TAGGED_ADDR_CTRL:
            return arg2 != 0 || has_more ? Result<long>(Errno(EINVAL))
                                         : Result<long>(task.takes_tagged_addresses ? 1 : 0);
        default:
            return Errno(EINVAL);
    }
}

}  // namespace kernel
