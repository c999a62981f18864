#include "fs/file_owner.hpp"

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

// Calls `send` with each task or process that is the owner, if that may be told.
template <typename Send>
void to_owner(const FileOwner& owner, Send send) {
    const auto to_process = [&](Process& process) {
        const Task* leader = process.leader();
        if (leader != nullptr && may_tell(owner, *leader)) {
            send(process);
        }
    };
    if (owner.id == 0) {
        return;
    }
    switch (owner.kind) {
        case FileOwner::Kind::Thread: {
            const Result<Ref<Task>> task = find_task(owner.id);
            if (!task.is_error() && may_tell(owner, *task.value())) {
                send(*task.value());
            }
            break;
        }
        case FileOwner::Kind::Process: {
            const Result<Ref<Process>> process = find_process(owner.id);
            if (!process.is_error()) {
                to_process(*process.value());
            }
            break;
        }
        case FileOwner::Kind::Group:
            for (Process& process : all_processes()) {
                if (process.group == owner.id) {
                    to_process(process);
                }
            }
            break;
    }
}

}  // namespace

void become_owner(File& file) {
    if (file.owner.id == 0) {
        const Task& task = Task::current();
        file.owner.kind = FileOwner::Kind::Process;
        file.owner.id = task.process_id();
        file.owner.user = task.credentials.user;
        file.owner.effective_user = task.credentials.effective_user;
    }
}

void notify_owner(const FileOwner& owner, int fd, int reason) {
    to_owner(owner, [&](auto& target) {
        if (owner.signal == 0 || send_signal(target, describe(owner, fd, reason)).is_error()) {
            (void)send_signal(target, kernel_siginfo(SIGIO));  // also when the queue is full
        }
    });
}

void notify_owner_of_urgent(const FileOwner& owner) {
    to_owner(owner, [](auto& target) { (void)send_signal(target, kernel_siginfo(SIGURG)); });
}

void AsyncNotice::notify(int reason) {
    notify_owner(file_.owner, fd_, reason);
}

void AsyncNotice::watch(WaitQueue& queue) {
    watches_.add(queue, Share::WithAll, *this);
}

Result<void> AsyncNotice::follow_polls() {
    file_.poll(this);
    return watches_.has_failed() ? Result<void>(Errno(ENOMEM)) : Result<void>();
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

void AsyncNotices::tell(int reason) {
    for (AsyncNotice& notice : notices_) {
        notice.notify(reason);
    }
}

void AsyncNotices::tell_of_urgent() {
    for (AsyncNotice& notice : notices_) {
        if (notice.file().owner.signal != 0) {
            notice.notify(POLL_PRI);
        }
    }
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
