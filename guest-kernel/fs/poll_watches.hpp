// What stands in the queues of a file that somebody follows: a task in poll, an epoll item, a file with
// O_ASYNC.
#pragma once

#include "lib/ref.hpp"
#include "lib/vector.hpp"
#include "task/wait_queue.hpp"

namespace kernel {

template <typename Watch>
class PollWatches {
  public:
    // Puts one more into the queue. Without memory for it has_failed() is true from then on, since a file
    // that is polled cannot say so.
    template <typename... Arguments>
    void add(WaitQueue& queue, Share share, Arguments&... arguments) {
        Result<Own<Watch>> made = make_own<Watch>(arguments...);
        if (made.is_error()) {
            has_failed_ = true;
            return;
        }
        Watch& watch = *made.value();
        if (watches_.push_back(made.release_value()).is_error()) {
            has_failed_ = true;
            return;
        }
        queue.add(watch, share);
    }
    bool has_failed() const { return has_failed_; }

  private:
    Vector<Own<Watch>> watches_;
    bool has_failed_ = false;
};

}  // namespace kernel
