// reboot.
#include <linux/reboot.h>

#include "arch/include/machine.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_reboot(Task& task, int magic1, int magic2, unsigned command, unsigned long) {
    if (!task.credentials.has(CAP_SYS_BOOT)) {
        return Errno(EPERM);
    }
    if (static_cast<unsigned>(magic1) != LINUX_REBOOT_MAGIC1 ||
        (magic2 != LINUX_REBOOT_MAGIC2 && magic2 != LINUX_REBOOT_MAGIC2A && magic2 != LINUX_REBOOT_MAGIC2B &&
         magic2 != LINUX_REBOOT_MAGIC2C)) {
        return Errno(EINVAL);
    }
    switch (command) {
        case LINUX_REBOOT_CMD_CAD_ON:
        case LINUX_REBOOT_CMD_CAD_OFF:
            return 0;
        case LINUX_REBOOT_CMD_POWER_OFF:
        case LINUX_REBOOT_CMD_HALT:
            arch::power(arch::PowerAction::Off);
        case LINUX_REBOOT_CMD_RESTART:
            arch::power(arch::PowerAction::Reset);
        default:
            return Errno(EINVAL);
    }
}

}  // namespace kernel
