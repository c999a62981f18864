// Signal masks for the duration of one call: ppoll, pselect6, epoll_pwait, rt_sigsuspend.
#pragma once

#include "lib/result.hpp"
#include "signal/signals.hpp"

namespace kernel {

// Blocks `mask` (without SIGKILL and SIGSTOP) until the current call ends. When a signal ends the call
// (return ERESTARTSYS, ERESTARTNOHAND or EINTR) the old mask comes back after its handler; otherwise at once
// when the call returns.
Result<void> set_temporary_mask(Task& task, SignalSet mask);

}  // namespace kernel
