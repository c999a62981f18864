// Makes it possible to write to a pipe that nobody reads any more.
#pragma once

#include <csignal>

namespace levitate::vmm {

// While this lives, a write to a closed pipe is an error that the channel sees, and not the end of the
// process.
class IgnoreSigpipe {
  public:
    IgnoreSigpipe() {
        struct sigaction ignore{};
        ignore.sa_handler = SIG_IGN;
        ::sigaction(SIGPIPE, &ignore, &previous_);
    }
    ~IgnoreSigpipe() { ::sigaction(SIGPIPE, &previous_, nullptr); }
    IgnoreSigpipe(const IgnoreSigpipe&) = delete;
    IgnoreSigpipe& operator=(const IgnoreSigpipe&) = delete;

  private:
    struct sigaction previous_{};
};

}  // namespace levitate::vmm
