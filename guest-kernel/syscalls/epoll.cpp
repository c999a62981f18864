// epoll_create1, epoll_ctl, epoll_pwait, epoll_pwait2.
#include "fs/epoll.hpp"
#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/poll_wait.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

struct EpollFile {
    Ref<File> file;
    Epoll* epoll;
};

Result<EpollFile> epoll_of(Task& task, Fd fd) {
    EpollFile result{.file = TRY(task.files->get_for_io(fd)), .epoll = nullptr};
    result.epoll = result.file->as_epoll();
    if (result.epoll == nullptr) {
        return Errno(EINVAL);
    }
    return result;
}

Result<long> wait_for_epoll(Task& task, Fd epfd, UserOut<epoll_event> events, int maxevents,
                            Deadline deadline) {
    constexpr int kMaximumEvents = INT32_MAX / static_cast<int>(sizeof(epoll_event));
    if (maxevents <= 0 || maxevents > kMaximumEvents) {
        return Errno(EINVAL);
    }
    // Linux fs/eventpoll.c, do_epoll_wait: even if there is nothing to tell.
    if (!is_user_range(events.address(), static_cast<std::size_t>(maxevents) * sizeof(epoll_event))) {
        return Errno(EFAULT);
    }
    EpollFile set = TRY(epoll_of(task, epfd));
    for (;;) {
        const int count = TRY(set.epoll->collect(events, maxevents));
        if (count > 0 || deadline.is_over()) {
            return static_cast<long>(count);
        }
        const Result<void> waited = set.epoll->wait(deadline);
        if (waited.is_error()) {
            // Linux's ep_poll answers EINTR, whatever SA_RESTART says and whether or not a handler runs (man
            // 7 signal).
            if (waited.error() == Errno(ETIMEDOUT)) {
                return 0;
            }
            return Errno(EINTR);
        }
    }
}

}  // namespace

Result<long> sys_epoll_create1(Task& task, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(EPOLL_CLOEXEC)) != 0) {
        return Errno(EINVAL);
    }
    Ref<File> file = TRY(make_ref<Epoll>(TRY(anonymous_path("[eventpoll]"))));
    return TRY(task.files->install(std::move(file), close_on_exec_of(flags)));
}

Result<long> sys_epoll_ctl(Task& task, Fd epfd, int op, Fd fd, UserIn<epoll_event> event) {
    epoll_event wanted{};
    if (op != EPOLL_CTL_DEL) {
        wanted = TRY(event.read());
    }
    const Ref<File> set_file = TRY(task.files->get_for_io(epfd));
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    if (!file->is_pollable()) {
        return Errno(EPERM);
    }
    Epoll* epoll = set_file->as_epoll();
    if (epoll == nullptr || file == set_file) {
        return Errno(EINVAL);
    }
    if (op != EPOLL_CTL_DEL && (wanted.events & EPOLLEXCLUSIVE) != 0) {
        // Linux fs/eventpoll.c, do_epoll_ctl: only when it is added, for few events, and not for a set.
        constexpr std::uint32_t kAllowed =
            EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;
        if (op == EPOLL_CTL_MOD || file->as_epoll() != nullptr || (wanted.events & ~kAllowed) != 0) {
            return Errno(EINVAL);
        }
    }
    switch (op) {
        case EPOLL_CTL_ADD:
            TRY(epoll->add(*file, fd.number, wanted));
            return 0;
        case EPOLL_CTL_MOD:
            TRY(epoll->modify(*file, fd.number, wanted));
            return 0;
        case EPOLL_CTL_DEL:
            TRY(epoll->remove(*file, fd.number));
            return 0;
        default:
            return Errno(EINVAL);
    }
}

Result<long> sys_epoll_pwait(Task& task, Fd epfd, UserOut<epoll_event> events, int maxevents, int timeout,
                             UserIn<kernel_sigset_t> sigmask, std::size_t sigsetsize) {
    constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;
    TRY(use_temporary_mask(task, sigmask, sigsetsize));
    const Deadline deadline =
        timeout < 0 ? Deadline::never() : Deadline::after(timeout * kNanosecondsPerMillisecond);
    return wait_for_epoll(task, epfd, events, maxevents, deadline);
}

Result<long> sys_epoll_pwait2(Task& task, Fd epfd, UserOut<epoll_event> events, int maxevents,
                              UserIn<__kernel_timespec> timeout, UserIn<kernel_sigset_t> sigmask,
                              std::size_t sigsetsize) {
    const Deadline deadline = TRY(deadline_of(timeout));
    TRY(use_temporary_mask(task, sigmask, sigsetsize));
    return wait_for_epoll(task, epfd, events, maxevents, deadline);
}

}  // namespace kernel
