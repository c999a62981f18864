// vhangup.
#include <linux/capability.h>

#include "syscalls/handlers.hpp"
#include "task/task.hpp"
#include "tty/tty.hpp"

namespace kernel {

Result<long> sys_vhangup(Task& task) {
    if (!task.credentials.has(CAP_SYS_TTY_CONFIG)) {
        return Errno(EPERM);
    }
    if (const Ref<Tty> tty = task.process->controlling_terminal) {
        tty->hang_up();
    }
    return 0;
}

}  // namespace kernel
