#include "task/futex_vector.hpp"

#include <linux/futex.h>

#include "lib/vector.hpp"
#include "task/futex_queue.hpp"
#include "task/task.hpp"
#include "task/wait_queue.hpp"

namespace kernel {

namespace {

using Waiters = Vector<Own<FutexWaiter>>;

// -1: none.
long woken_of(const Waiters& waiters) {
    for (std::size_t i = 0; i < waiters.size(); ++i) {
        if (waiters[i]->is_woken) {
            return static_cast<long>(i);
        }
    }
    return -1;
}

}  // namespace

Result<long> wait_on_futexes(Task& task, std::span<const FutexInVector> futexes, Deadline deadline) {
    Waiters waiters;
    for (const FutexInVector& futex : futexes) {
        const FutexKey key = TRY(futex_key(task, futex.word, futex.scope));
        TRY(waiters.push_back(TRY(make_own<FutexWaiter>(task, key, FUTEX_BITSET_MATCH_ANY))));
    }
    for (std::size_t i = 0; i < futexes.size(); ++i) {
        if (TRY(load_futex(futexes[i].word)) != futexes[i].expected) {
            return Errno(EAGAIN);
        }
        futex_bucket(waiters[i]->key).push_back(*waiters[i]);
    }
    for (;;) {
        const Result<void> slept = sleep_until(deadline);
        const long woken = woken_of(waiters);
        if (woken >= 0) {
            return woken;
        }
        if (slept.is_error()) {
            return slept.error();
        }
    }
}

}  // namespace kernel
