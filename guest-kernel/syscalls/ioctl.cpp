// ioctl.
#include <asm/ioctls.h>
#include <linux/fcntl.h>

#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

// The commands that every file answers are here (Linux fs/ioctl.c, do_vfs_ioctl); the rest is the file's own.
Result<long> sys_ioctl(Task& task, Fd fd, int request, unsigned long argument) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    auto command = static_cast<unsigned>(request);
    switch (command) {
        case FIOCLEX:
            TRY(task.files->set_close_on_exec(fd, CloseOnExec::Yes));
            return 0;
        case FIONCLEX:
            TRY(task.files->set_close_on_exec(fd, CloseOnExec::No));
            return 0;
        case FIONBIO: {
            const int on = TRY(UserIn<int>(UserAddress(argument)).read());
            const unsigned flags = file->flags() & ~static_cast<unsigned>(O_NONBLOCK);
            file->set_flags(on != 0 ? flags | O_NONBLOCK : flags);
            return 0;
        }
        case FIONREAD:
            if (file->inode().is_regular()) {
                auto left = static_cast<std::int64_t>(file->attributes().size) - file->position;
                TRY(UserOut<int>(UserAddress(argument)).write(static_cast<int>(left)));
                return 0;
            }
            break;
        default:
            break;
    }
    return file->ioctl(task, command, argument);
}

}  // namespace kernel
