// ppoll and pselect6.
#include <linux/poll.h>

#include <array>

#include "fs/file_table.hpp"
#include "lib/faults.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/poll_wait.hpp"
#include "task/task.hpp"

namespace kernel {

Result<void> use_temporary_mask(Task& task, UserIn<kernel_sigset_t> mask, std::size_t size) {
    if (mask.is_null()) {
        return {};
    }
    if (size != sizeof(kernel_sigset_t)) {
        return Errno(EINVAL);
    }
    return set_temporary_mask(task, SignalSet(TRY(UserIn<std::uint64_t>(mask.address()).read())));
}

namespace {

// A relative timeout as a deadline. EINVAL.
Result<Deadline> deadline_of(UserInOut<__kernel_timespec> timeout) {
    if (timeout.is_null()) {
        return Deadline::never();
    }
    Timespec length = Timespec::from_user(TRY(timeout.read()));
    if (!length.is_valid()) {
        return Errno(EINVAL);
    }
    return Deadline::after(length.to_nanoseconds());
}

// Linux writes back what is left of the timeout (fs/select.c, poll_select_finish); a bad address is no error
// then.
void write_remaining(UserInOut<__kernel_timespec> timeout, Deadline deadline) {
    if (!timeout.is_null() && !deadline.is_never()) {
        (void)timeout.write(Timespec::from_nanoseconds(deadline.remaining()).to_user());
    }
}

// Loops until `scan` finds something, which it counts.
template <typename Scan>
Result<long> wait_for_events(const Task& task, Deadline deadline, Scan scan) {
    long found = TRY(scan(nullptr));
    if (found > 0) {
        return found;
    }
    if (deadline.is_over()) {
        return task.has_pending_signal() ? Result<long>(Errno(ERESTARTNOHAND)) : Result<long>(0L);
    }
    PollWaiters waiters;
    found = TRY(scan(&waiters));
    TRY(waiters.finish());
    while (found == 0) {
        Result<void> slept = sleep_until(deadline);
        found = TRY(scan(nullptr));
        if (found == 0 && slept.is_error()) {
            if (slept.error() == Errno(ETIMEDOUT)) {
                return 0L;
            }
            return Errno(ERESTARTNOHAND);
        }
    }
    return found;
}

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

}  // namespace

Result<long> sys_ppoll(Task& task, UserInOut<pollfd> fds, unsigned nfds, UserInOut<__kernel_timespec> timeout,
                       UserIn<kernel_sigset_t> sigmask, std::size_t sigsetsize) {
    Deadline deadline = TRY(deadline_of(timeout));
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
    if (!found.is_error()) {
        for (unsigned i = 0; i < nfds; i++) {
            UserAddress revents = fds.address() + i * sizeof(pollfd) + offsetof(pollfd, revents);
            TRY(copy_to_user(revents, &polled[i].entry.revents, sizeof(short)));
        }
    }
    write_remaining(timeout, deadline);
    return found;
}

namespace {

// Linux fs/select.c: which of poll's bits make a descriptor readable, writable, exceptional.
constexpr std::uint32_t kSelectEvents[3] = {
    POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR,
    POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR,
    POLLPRI,
};

// The three sets of a select call, in and out, as 64-bit words one set behind the other.
struct SelectSets {
    std::size_t count = 0;  // of descriptors
    UserAddress addresses[3];
    Vector<std::uint64_t> in;
    Vector<std::uint64_t> out;

    std::size_t words() const { return (count + 63) / 64; }
    std::size_t bytes() const { return words() * sizeof(std::uint64_t); }
    std::size_t word_of(std::size_t set, std::size_t fd) const { return set * words() + fd / 64; }
};

Result<void> read_sets(SelectSets& sets) {
    TRY(sets.in.resize(3 * sets.words()));
    TRY(sets.out.resize(3 * sets.words()));
    for (std::size_t set = 0; set < 3; set++) {
        if (!sets.addresses[set].is_null()) {
            TRY(copy_from_user(sets.in.data() + set * sets.words(), sets.addresses[set], sets.bytes()));
        }
    }
    return {};
}

Result<void> write_sets(const SelectSets& sets) {
    for (std::size_t set = 0; set < 3; set++) {
        if (!sets.addresses[set].is_null()) {
            TRY(copy_to_user(sets.addresses[set], sets.out.data() + set * sets.words(), sets.bytes()));
        }
    }
    return {};
}

// Counts the bits set in the out sets. EBADF: a descriptor that is asked about is not open.
Result<long> scan_select(Task& task, SelectSets& sets, PollRegistrar* registrar) {
    long found = 0;
    for (std::uint64_t& word : sets.out) {
        word = 0;
    }
    for (std::size_t fd = 0; fd < sets.count; fd++) {
        std::uint64_t bit = std::uint64_t{1} << (fd % 64);
        std::uint64_t wanted =
            sets.in[sets.word_of(0, fd)] | sets.in[sets.word_of(1, fd)] | sets.in[sets.word_of(2, fd)];
        if ((wanted & bit) == 0) {
            continue;
        }
        Ref<File> file = TRY(task.files->get_for_io(Fd{static_cast<int>(fd)}));
        std::uint32_t events = file->poll(registrar);
        for (std::size_t set = 0; set < 3; set++) {
            if ((sets.in[sets.word_of(set, fd)] & bit) != 0 && (events & kSelectEvents[set]) != 0) {
                sets.out[sets.word_of(set, fd)] |= bit;
                found++;
            }
        }
    }
    return found;
}

}  // namespace

Result<long> sys_pselect6(Task& task, int nfds, UserInOut<__kernel_fd_set> readfds,
                          UserInOut<__kernel_fd_set> writefds, UserInOut<__kernel_fd_set> exceptfds,
                          UserInOut<__kernel_timespec> timeout, UserIn<sigset_argpack> sigmask) {
    Deadline deadline = TRY(deadline_of(timeout));
    if (!sigmask.is_null()) {
        sigset_argpack pack = TRY(sigmask.read());
        TRY(use_temporary_mask(task, UserIn<kernel_sigset_t>(UserAddress(pack.mask)), pack.size));
    }
    if (nfds < 0) {
        return Errno(EINVAL);
    }
    SelectSets sets;
    sets.count = std::min<std::size_t>(static_cast<std::size_t>(nfds), task.files->capacity());
    sets.addresses[0] = readfds.address();
    sets.addresses[1] = writefds.address();
    sets.addresses[2] = exceptfds.address();
    TRY(read_sets(sets));
    auto scan = [&](PollRegistrar* registrar) { return scan_select(task, sets, registrar); };
    Result<long> found = wait_for_events(task, deadline, scan);
    if (!found.is_error()) {
        TRY(write_sets(sets));
    }
    write_remaining(timeout, deadline);
    return found;
}

}  // namespace kernel
