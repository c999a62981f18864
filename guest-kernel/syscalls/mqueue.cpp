// mq_open, mq_unlink, mq_timedsend, mq_timedreceive, mq_notify, mq_getsetattr.
#include <linux/fcntl.h>
#include <linux/mqueue.h>

#include "fs/file_table.hpp"
#include "ipc/posix_queue.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"
#include "time/clock_setup.hpp"

namespace kernel {

namespace {

// A point of CLOCK_REALTIME. EINVAL, EFAULT.
Result<Deadline> wall_clock_deadline(UserIn<__kernel_timespec> timeout) {
    if (timeout.is_null()) {
        return Deadline::never();
    }
    const Timespec time = Timespec::from_user(TRY(timeout.read()));
    if (!time.is_valid()) {
        return Errno(EINVAL);
    }
    return Deadline::at(realtime_to_monotonic(time.to_nanoseconds()));
}

}  // namespace

Result<long> sys_mq_open(Task& task, UserString name, unsigned flags, unsigned mode,
                         UserIn<mq_attr> attributes) {
    mq_attr wanted{};
    if (!attributes.is_null()) {
        wanted = TRY(attributes.read());
    }
    const String text = TRY(name.read_path());
    TRY(task.files->check_room(1));
    Ref<File> file =
        TRY(open_posix_queue(task, text.view(), flags, mode, attributes.is_null() ? nullptr : &wanted));
    return TRY(task.files->install(std::move(file), CloseOnExec::Yes));
}

Result<long> sys_mq_unlink(Task& task, UserString name) {
    TRY(unlink_posix_queue(task, TRY(name.read_path()).view()));
    return 0;
}

Result<long> sys_mq_timedsend(Task& task, Fd fd, UserBuffer message, std::size_t length, unsigned priority,
                              UserIn<__kernel_timespec> timeout) {
    const Deadline deadline = TRY(wall_clock_deadline(timeout));
    if (priority >= kMaximumPriority) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    PosixQueue* queue = TRY(posix_queue_of(*file));
    if (!file->is_writable()) {
        return Errno(EBADF);
    }
    if (length > queue->message_size) {
        return Errno(EMSGSIZE);
    }
    Own<PosixQueue::Message> made = TRY(make_own<PosixQueue::Message>());
    made->priority = priority;
    TRY(made->text.resize(length));
    if (message.read(made->text.span()) < length) {
        return Errno(EFAULT);
    }
    TRY(queue->send(std::move(made), !file->transfer_mode().nonblocking, deadline));
    return 0;
}

Result<long> sys_mq_timedreceive(Task& task, Fd fd, UserBuffer message, std::size_t length,
                                 UserOut<unsigned> priority, UserIn<__kernel_timespec> timeout) {
    const Deadline deadline = TRY(wall_clock_deadline(timeout));
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    PosixQueue* queue = TRY(posix_queue_of(*file));
    if (!file->is_readable()) {
        return Errno(EBADF);
    }
    if (length < queue->message_size) {
        return Errno(EMSGSIZE);
    }
    const Own<PosixQueue::Message> received =
        TRY(queue->receive(!file->transfer_mode().nonblocking, deadline));
    if ((!priority.is_null() && priority.write(received->priority).is_error()) ||
        message.write(received->text.span()) < received->text.size()) {
        return Errno(EFAULT);
    }
    return static_cast<long>(received->text.size());
}

Result<long> sys_mq_notify(Task& task, Fd fd, UserIn<sigevent> event) {
    sigevent wanted{};
    if (!event.is_null()) {
        wanted = TRY(event.read());
        if (wanted.sigev_notify != SIGEV_NONE && wanted.sigev_notify != SIGEV_SIGNAL) {
            return Errno(EINVAL);
        }
        if (wanted.sigev_notify == SIGEV_SIGNAL &&
            (wanted.sigev_signo < 0 || wanted.sigev_signo > kSignalCount)) {
            return Errno(EINVAL);
        }
    }
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    PosixQueue* queue = TRY(posix_queue_of(*file));
    if (event.is_null()) {
        queue->forget_notice(task.process_id());
        return 0;
    }
    TRY(queue->register_notice(wanted));
    return 0;
}

Result<long> sys_mq_getsetattr(Task& task, Fd fd, UserIn<mq_attr> next, UserOut<mq_attr> old) {
    mq_attr wanted{};
    if (!next.is_null()) {
        wanted = TRY(next.read());
        if ((wanted.mq_flags & ~static_cast<long>(O_NONBLOCK)) != 0) {
            return Errno(EINVAL);
        }
    }
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    const PosixQueue* queue = TRY(posix_queue_of(*file));
    mq_attr now{};
    now.mq_flags = file->flags() & O_NONBLOCK;
    now.mq_maxmsg = static_cast<long>(queue->maximum_messages);
    now.mq_msgsize = static_cast<long>(queue->message_size);
    now.mq_curmsgs = static_cast<long>(queue->count());
    if (!next.is_null()) {
        const unsigned flags = file->flags() & ~static_cast<unsigned>(O_NONBLOCK);
        file->set_flags(flags | (static_cast<unsigned>(wanted.mq_flags) & O_NONBLOCK));
    }
    if (!old.is_null()) {
        TRY(old.write(now));
    }
    return 0;
}

}  // namespace kernel
