// sysinfo.
#include "fs/tmpfs.hpp"
#include "lib/faults.hpp"
#include "mm/page.hpp"
#include "syscalls/handlers.hpp"
#include "task/table.hpp"
#include "time/clock.hpp"

namespace kernel {

Result<long> sys_sysinfo(Task&, UserOut<struct sysinfo> info) {
    const MemoryCounts memory = memory_counts();
    struct sysinfo result{};
    if (FAULT(sysinfo_zero)) {
        TRY(info.write(result));
        return 0;
    }
    // A second that has begun counts (Linux kernel/sys.c, do_sysinfo).
    result.uptime = static_cast<long>((monotonic_now() + kNanosecondsPerSecond - 1) / kNanosecondsPerSecond);
    result.totalram = memory.total_pages * kPageSize;
    result.freeram = memory.free_pages * kPageSize;
    result.sharedram = tmpfs_pages() * kPageSize;
    result.procs = static_cast<std::uint16_t>(task_count());
    result.mem_unit = 1;
    TRY(info.write(result));
    return 0;
}

}  // namespace kernel
