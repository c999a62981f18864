// signalfd4.
#include <linux/signalfd.h>

#include "fs/file_table.hpp"
#include "fs/signal_fd.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

Result<long> sys_signalfd4(Task& task, Fd fd, UserIn<kernel_sigset_t> mask, std::size_t size,
                           unsigned flags) {
    if (size != sizeof(kernel_sigset_t)) {
        return Errno(EINVAL);
    }
    const SignalSet wanted = SignalSet(TRY(UserIn<std::uint64_t>(mask.address()).read())) & ~kUnblockable;
    if ((flags & ~static_cast<unsigned>(SFD_CLOEXEC | SFD_NONBLOCK)) != 0) {
        return Errno(EINVAL);
    }
    if (fd.number == -1) {
        Ref<File> file =
            TRY(make_ref<SignalFile>(TRY(anonymous_path("[signalfd]")), flags & O_NONBLOCK, wanted));
        return TRY(task.files->install(std::move(file), close_on_exec_of(flags)));
    }
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    SignalFile* signals = file->as_signal_file();
    if (signals == nullptr) {
        return Errno(EINVAL);
    }
    signals->set_wanted(wanted);
    return fd.number;
}

}  // namespace kernel
