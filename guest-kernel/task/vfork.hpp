// The parent's sleep in vfork.
#pragma once

#include "task/wait_queue.hpp"

namespace kernel {

// Lives on the parent's stack; the child's task points to it until it executes a program or ends.
class VforkWait {
  public:
    void finish() {
        is_finished_ = true;
        queue_.wake_all();
    }
    // Sleeps until finish(). A fatal signal ends it early; then `child` must no longer use this object.
    Result<void> wait() {
        return queue_.wait_killable([this] { return is_finished_; });
    }

  private:
    WaitQueue queue_;
    bool is_finished_ = false;
};

}  // namespace kernel
