// The parent's sleep in vfork.
#pragma once

#include "task/wait_queue.hpp"

namespace kernel {

// Stands on the parent's stack; the child's task points to it until it executes or ends.
class VforkWait {
  public:
    void finish() {
        is_finished_ = true;
        queue_.wake_all();
    }
    // Until finish(). A fatal signal ends it early: `child` must then be told not to look here again.
    Result<void> wait() {
        return queue_.wait_killable([this] { return is_finished_; });
    }

  private:
    WaitQueue queue_;
    bool is_finished_ = false;
};

}  // namespace kernel
