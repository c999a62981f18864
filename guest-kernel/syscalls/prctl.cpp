// prctl.
#include <linux/prctl.h>

#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

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
            return task.dumpable ? 1 : 0;
        case PR_SET_DUMPABLE:
            if (arg2 > 1) {
                return Errno(EINVAL);
            }
            task.dumpable = arg2 == 1;
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
        case PR_SET_TIMERSLACK: {
            constexpr unsigned long kDefaultSlack = 50'000;
            task.timer_slack = arg2 == 0 ? kDefaultSlack : arg2;
            return 0;
        }
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
        case PR_GET_KEEPCAPS:
            return task.credentials.keeps_capabilities ? 1 : 0;
        case PR_SET_KEEPCAPS:
            if (arg2 > 1) {
                return Errno(EINVAL);
            }
            task.credentials.keeps_capabilities = arg2 == 1;
            return 0;
        default:
            return Errno(EINVAL);
    }
}

}  // namespace kernel
