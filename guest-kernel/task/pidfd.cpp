#include "task/pidfd.hpp"

#include <linux/fcntl.h>
#include <linux/poll.h>

#include "fs/anonymous.hpp"
#include "fs/file_table.hpp"
#include "fs/text_buffer.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

class PidFile final : public AnonymousFile {
  public:
    PidFile(Path path, unsigned flags, Ref<Process> process)
        : AnonymousFile(std::move(path), O_RDWR | flags), process_(std::move(process)) {}

    std::uint32_t poll(PollRegistrar* registrar) override {
        if (registrar != nullptr) {
            registrar->watch(process_->exited);
        }
        return process_->is_zombie ? kPollReadable : 0;
    }
    Process* as_process() override { return process_.get(); }

  private:
    Ref<Process> process_;
};

}  // namespace

Result<int> open_pidfd(Task& task, Process& process, unsigned flags) {
    Ref<File> file = TRY(make_ref<PidFile>(TRY(anonymous_path("[pidfd]")), flags, Ref<Process>(&process)));
    return task.files->install(std::move(file), CloseOnExec::Yes);
}

Result<Ref<Process>> process_of_pidfd(Task& task, Fd fd) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    Process* process = file->as_process();
    return process == nullptr ? Result<Ref<Process>>(Errno(EBADF))
                              : Result<Ref<Process>>(Ref<Process>(process));
}

Result<long> sys_pidfd_open(Task& task, int pid, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(O_NONBLOCK)) != 0 || pid <= 0) {
        return Errno(EINVAL);
    }
    const Result<Ref<Process>> process = find_process(pid);
    if (process.is_error()) {
        // A thread that is no process is EINVAL (Linux pidfd_create).
        return find_task(pid).is_error() ? process.error() : Errno(EINVAL);
    }
    return TRY(open_pidfd(task, *process.value(), flags));
}

Result<long> sys_pidfd_send_signal(Task& task, Fd fd, int signal, UserIn<siginfo_t> info, unsigned flags) {
    if (flags != 0) {
        return Errno(EINVAL);
    }
    const Ref<Process> process = TRY(process_of_pidfd(task, fd));
    siginfo_t what = user_siginfo(signal, SI_USER);
    if (!info.is_null()) {
        what = TRY(info.read());
        if (what.si_signo != signal) {
            return Errno(EINVAL);
        }
        if (process != task.process && (what.si_code >= 0 || what.si_code == SI_TKILL)) {
            return Errno(EPERM);
        }
    }
    if (signal < 0 || signal > kSignalCount) {
        return Errno(EINVAL);
    }
    if (process->threads.is_empty() && process->parent == nullptr) {
        return Errno(ESRCH);
    }
    if (signal != 0) {
        TRY(send_signal(*process, what));
    }
    return 0;
}

}  // namespace kernel
