// pipe2.
#include <linux/fcntl.h>

#include "fs/file_table.hpp"
#include "fs/pipe.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_pipe2(Task& task, UserOut<int> pipefd, unsigned flags) {
    // O_NOTIFICATION_PIPE is not supported: EINVAL, as on a Linux without it.
    if ((flags & ~static_cast<unsigned>(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) != 0) {
        return Errno(EINVAL);
    }
    TRY(task.files->check_room(2));
    PipeEnds ends = TRY(make_pipe(flags & (O_NONBLOCK | O_DIRECT)));
    int descriptors[2] = {TRY(task.files->install(std::move(ends.read_end), close_on_exec_of(flags))), -1};
    Result<int> second = task.files->install(std::move(ends.write_end), close_on_exec_of(flags));
    Result<void> written = second.is_error() ? Result<void>(second.error()) : Result<void>();
    if (!second.is_error()) {
        descriptors[1] = second.value();
        written = pipefd.write_all(descriptors);
    }
    if (written.is_error()) {
        TRY(task.files->close(Fd{descriptors[0]}));
        if (!second.is_error()) {
            TRY(task.files->close(Fd{descriptors[1]}));
        }
        return written.error();
    }
    return 0;
}

}  // namespace kernel
