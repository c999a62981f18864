// getrandom.
#include <linux/random.h>

#include "lib/faults.hpp"
#include "lib/random.hpp"
#include "mm/page.hpp"
#include "syscalls/handlers.hpp"
#include "task/scheduler.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_getrandom(Task& task, UserBuffer buffer, std::size_t count, unsigned flags) {
    constexpr unsigned kKnown = GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE;
    if ((flags & ~kKnown) != 0 || (flags & (GRND_INSECURE | GRND_RANDOM)) == (GRND_INSECURE | GRND_RANDOM)) {
        return Errno(EINVAL);
    }
    constexpr std::size_t kMaximum = INT32_MAX;
    count = count < kMaximum ? count : kMaximum;
    if (FAULT(getrandom_short)) {
        count /= 2;
    }
    std::size_t done = 0;
    std::byte chunk[kRandomBlock];
    while (done < count) {
        const std::size_t size = count - done < sizeof(chunk) ? count - done : sizeof(chunk);
        fill_random({chunk, size});
        const std::size_t written = buffer.write({chunk, size}, done);
        done += reported_copy(size, written, CopyStart::InTheMiddle);
        if (written < size) {
            break;
        }
        // Linux gives way to signals after each page.
        if (done % kPageSize == 0) {
            scheduler::reschedule_if_due();
            if (task.has_pending_signal()) {
                break;
            }
        }
    }
    return done == 0 && count != 0 ? Result<long>(Errno(EFAULT)) : Result<long>(static_cast<long>(done));
}

}  // namespace kernel
