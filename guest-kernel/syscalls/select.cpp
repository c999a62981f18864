// pselect6.
#include <linux/poll.h>

#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/poll_wait.hpp"
#include "task/task.hpp"

namespace kernel {

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
        const std::uint64_t bit = std::uint64_t{1} << (fd % 64);
        const std::uint64_t wanted =
            sets.in[sets.word_of(0, fd)] | sets.in[sets.word_of(1, fd)] | sets.in[sets.word_of(2, fd)];
        if ((wanted & bit) == 0) {
            continue;
        }
        const Ref<File> file = TRY(task.files->get_for_io(Fd{static_cast<int>(fd)}));
        const std::uint32_t events = file->poll(registrar);
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
    const Deadline deadline = TRY(deadline_of(timeout));
    if (!sigmask.is_null()) {
        const sigset_argpack pack = TRY(sigmask.read());
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
        const Result<void> written = write_sets(sets);
        if (written.is_error()) {
            return finish_poll(timeout, deadline, written.error());
        }
    }
    return finish_poll(timeout, deadline, std::move(found));
}

}  // namespace kernel
