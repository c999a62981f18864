// rseq.
#include <linux/rseq.h>

#include "syscalls/handlers.hpp"
#include "task/rseq.hpp"

namespace kernel {

Result<long> sys_rseq(Task& task, UserIn<rseq> area, unsigned length, unsigned flags, unsigned signature) {
    if ((flags & ~static_cast<unsigned>(RSEQ_FLAG_UNREGISTER)) != 0) {
        return Errno(EINVAL);
    }
    if ((flags & RSEQ_FLAG_UNREGISTER) != 0) {
        TRY(unregister_rseq(task, area.address(), length, signature));
    } else {
        TRY(register_rseq(task, area.address(), length, signature));
    }
    return 0;
}

}  // namespace kernel
