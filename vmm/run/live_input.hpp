// Our own standard input, passed on to the guest as it arrives.
#pragma once

#include <atomic>
#include <chrono>

#include "vmm/run/guest_channel.hpp"

namespace levitate::vmm {

class LiveInput {
  public:
    explicit LiveInput(GuestChannel& channel) : channel_(channel) {}

    // Whether something may still come that the guest would take.
    bool is_open() const { return !ended_ && !channel_.stdin_closed(); }
    // Whether the guest takes something now.
    bool is_wanted() const { return is_open() && channel_.program_started() && channel_.stdin_credit() > 0; }

    // Sends what is there; waits up to `timeout` for it, less if `interrupt` becomes true. True: something,
    // the end included, has been sent.
    bool serve(std::chrono::milliseconds timeout, const std::atomic<bool>& interrupt);

  private:
    bool read_and_send();

    GuestChannel& channel_;
    bool ended_ = false;
};

}  // namespace levitate::vmm
