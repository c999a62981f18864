// membarrier.
#include <linux/membarrier.h>

#include "mm/address_space.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_membarrier(Task& task, unsigned command, unsigned flags, int) {
    constexpr long kSupported =
        MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED |
        MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
        MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE |
        MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ;
    const bool may_name_cpu = command == MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;
    if (flags != 0 && !(may_name_cpu && flags == MEMBARRIER_CMD_FLAG_CPU)) {
        return Errno(EINVAL);
    }
    std::uint32_t& registered = task.address_space->membarrier_registrations;
    switch (command) {
        case MEMBARRIER_CMD_QUERY:
            return kSupported;
        case MEMBARRIER_CMD_GLOBAL:
        case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
            return 0;
        case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
        case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
        case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
        case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ:
            registered |= command;
            return 0;
        // Each needs its registration, whose bit is the next higher one.
        case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
        case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
        case MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ:
            return (registered & command << 1) != 0 ? Result<long>(0) : Result<long>(Errno(EPERM));
        default:
            return Errno(EINVAL);
    }
}

}  // namespace kernel
