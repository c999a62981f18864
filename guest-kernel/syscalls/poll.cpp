// ppoll.
#include <linux/poll.h>

#include "fs/file_table.hpp"
#include "lib/faults.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/poll_wait.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

struct PolledFile {
    Ref<File> file;  // null: the descriptor is not open, or negative
    pollfd entry{};
};

long scan_poll(Vector<PolledFile>& polled, PollRegistrar* registrar) {
    long found = 0;
    for (PolledFile& one : polled) {
        std::uint32_t events = 0;
        if (one.file) {
            auto wanted = static_cast<std::uint16_t>(one.entry.events);
            events = one.file->poll(registrar);
            events &= FAULT(poll_reports_unwanted) ? ~0U : (wanted | POLLERR | POLLHUP);
        } else if (one.entry.fd >= 0) {
            events = POLLNVAL;
        }
        one.entry.revents = static_cast<short>(events);
        found += events != 0 ? 1 : 0;
    }
    return found;
}

Result<void> write_events(UserInOut<pollfd> fds, const Vector<PolledFile>& polled) {
    for (std::size_t i = 0; i < polled.size(); i++) {
        const UserAddress revents = fds.address() + i * sizeof(pollfd) + offsetof(pollfd, revents);
        TRY(copy_to_user(revents, &polled[i].entry.revents, sizeof(short)));
    }
    return {};
}

}  // namespace

Result<long> sys_ppoll(Task& task, UserInOut<pollfd> fds, unsigned nfds, UserInOut<__kernel_timespec> timeout,
                       UserIn<kernel_sigset_t> sigmask, std::size_t sigsetsize) {
    const Deadline deadline = TRY(deadline_of(timeout));
    TRY(use_temporary_mask(task, sigmask, sigsetsize));
    if (nfds > task.process->limit(RLIMIT_NOFILE).rlim_cur) {
        return Errno(EINVAL);
    }
    Vector<PolledFile> polled;
    TRY(polled.resize(nfds));
    for (unsigned i = 0; i < nfds; i++) {
        polled[i].entry = TRY(fds.read_at(i));
        Result<Ref<File>> file = task.files->get_for_io(Fd{polled[i].entry.fd});
        if (!file.is_error()) {
            polled[i].file = file.release_value();
        }
    }
    auto scan = [&](PollRegistrar* registrar) -> Result<long> { return scan_poll(polled, registrar); };
    Result<long> found = wait_for_events(task, deadline, scan);
    // The events are written also when a signal has come (Linux do_sys_poll).
    if (!found.is_error() || found.error() == Errno(ERESTARTNOHAND)) {
        const Result<void> written = write_events(fds, polled);
        if (written.is_error()) {
            return finish_poll(timeout, deadline, written.error());
        }
    }
    return finish_poll(timeout, deadline, std::move(found));
}

}  // namespace kernel
