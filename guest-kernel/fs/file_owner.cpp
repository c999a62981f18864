#include "fs/file_owner.hpp"

#include <asm/siginfo.h>
#include <linux/poll.h>

#include <array>

#include "signal/signals.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// What si_band says for each reason (Linux fs/fcntl.c, band_table).
constexpr std::array<long, NSIGPOLL> kBands = {
    POLLIN | POLLRDNORM,                // POLL_IN
    POLLOUT | POLLWRNORM | POLLWRBAND,  // POLL_OUT
    POLLIN | POLLRDNORM | POLLMSG,      // POLL_MSG
    POLLERR,                            // POLL_ERR
    POLLPRI | POLLRDBAND,               // POLL_PRI
    POLLHUP | POLLERR,                  // POLL_HUP
};

// Signals whose positive codes mean something of their own.
bool has_own_codes(int signal) {
    return signal == SIGILL || signal == SIGFPE || signal == SIGSEGV || signal == SIGBUS ||
           signal == SIGTRAP || signal == SIGCHLD || signal == SIGSYS;
}

siginfo_t describe(const FileOwner& owner, int fd, int reason) {
    siginfo_t info{};
    info.si_signo = owner.signal;
    info.si_code = has_own_codes(owner.signal) ? SI_SIGIO : reason;
    info.si_band = kBands[static_cast<unsigned>(reason - POLL_IN)];
    info.si_fd = fd;
    return info;
}

// The user who set the owner has to be one who may signal it (Linux sigio_perm).
bool may_tell(const FileOwner& owner, const Task& task) {
    const Credentials& target = task.credentials;
    return owner.effective_user == 0 || owner.effective_user == target.saved_user ||
           owner.effective_user == target.user || owner.user == target.saved_user ||
           owner.user == target.user;
}

template <typename Target>
void tell(const FileOwner& owner, const Task& task, Target& target, int fd, int reason) {
    if (!may_tell(owner, task)) {
        return;
    }
    if (owner.signal != 0 && !send_signal(target, describe(owner, fd, reason)).is_error()) {
        return;
    }
    (void)send_signal(target, kernel_siginfo(SIGIO));  // also when the queue is full
}

void tell_process(const FileOwner& owner, Process& process, int fd, int reason) {
    const Task* leader = process.leader();
    if (leader != nullptr) {
        tell(owner, *leader, process, fd, reason);
    }
}

}  // namespace

void notify_owner(const FileOwner& owner, int fd, int reason) {
    if (owner.id == 0) {
        return;
    }
    switch (owner.kind) {
        case FileOwner::Kind::Thread: {
            const Result<Ref<Task>> task = find_task(owner.id);
            if (!task.is_error()) {
                tell(owner, *task.value(), *task.value(), fd, reason);
            }
            break;
        }
        case FileOwner::Kind::Process: {
            const Result<Ref<Process>> process = find_process(owner.id);
            if (!process.is_error()) {
                tell_process(owner, *process.value(), fd, reason);
            }
            break;
        }
        case FileOwner::Kind::Group:
            for (Process& process : all_processes()) {
                if (process.group == owner.id) {
                    tell_process(owner, process, fd, reason);
                }
            }
            break;
    }
}

void AsyncNotice::notify(int reason) {
    notify_owner(file_.owner, fd_, reason);
}

void AsyncNotice::watch(WaitQueue& queue) {
    Result<Own<Watch>> made = make_own<Watch>(*this);
    if (made.is_error()) {
        failed_ = true;
        return;
    }
    Watch& watch = *made.value();
    if (watches_.push_back(made.release_value()).is_error()) {
        failed_ = true;
        return;
    }
    queue.add(watch);
}

Result<void> AsyncNotice::follow_polls() {
    file_.poll(this);
    return failed_ ? Result<void>(Errno(ENOMEM)) : Result<void>();
}

bool AsyncNotice::Watch::wake(std::uint32_t events) {
    if (events == WaitQueue::kAnyEvent) {
        // A change of state: of interest is that the other side has gone (Linux unix_shutdown, tcp_fin).
        events = notice_.file_.poll(nullptr) & (POLLHUP | POLLRDHUP);
        events = (events & POLLHUP) != 0 ? POLLHUP : events != 0 ? POLLIN : 0U;
    }
    if ((events & POLLHUP) != 0) {
        notice_.notify(POLL_HUP);
    } else if ((events & POLLIN) != 0) {
        notice_.notify(POLL_IN);
    }
    return false;
}

void AsyncNotices::notify_readers() {
    for (AsyncNotice& notice : notices_) {
        if (notice.file().is_readable()) {
            notice.notify(POLL_IN);
        }
    }
}

void AsyncNotices::notify_writers() {
    for (AsyncNotice& notice : notices_) {
        if (notice.file().is_writable()) {
            notice.notify(POLL_OUT);
        }
    }
}

}  // namespace kernel
