// Our own standard input, passed on to the guest as it arrives.
#pragma once

#include <atomic>
#include <chrono>

#include "vmm/run/stdin_receiver.hpp"

namespace levitate::vmm {

class LiveInput {
  public:
    explicit LiveInput(StdinReceiver& receiver) : receiver_(receiver) {}

    // Whether something may still come that the guest would take.
    bool is_open() const { return !ended_ && !receiver_.stdin_closed(); }
    // Whether the guest takes something now.
    bool is_wanted() const { return is_open() && receiver_.takes_input() && receiver_.stdin_credit() > 0; }

    // Sends what is there; waits up to `timeout` for it, less if `interrupt` becomes true. True: something,
    // the end included, has been sent.
    bool serve(std::chrono::milliseconds timeout, const std::atomic<bool>& interrupt);

  private:
    bool read_and_send();

    StdinReceiver& receiver_;
    bool ended_ = false;
};

}  // namespace levitate::vmm
