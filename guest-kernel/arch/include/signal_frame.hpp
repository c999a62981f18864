// Signal frames on a program's stack.
#pragma once

#include <linux/signal.h>

#include "arch/include/context.hpp"
#include "lib/result.hpp"

namespace kernel {
struct SignalAction;
class SignalSet;
class Task;
}  // namespace kernel

namespace kernel::arch {

// Saves the registers in a frame and points them at the handler. EFAULT: the stack cannot be written, and
// nothing has changed.
Result<void> push_signal_frame(Task& task, Registers& registers, const siginfo_t& info,
                               const SignalAction& action, SignalSet old_mask);

// rt_sigreturn: back from the frame at the stack pointer. EFAULT or EINVAL: the frame is not valid, and the
// caller sends SIGSEGV.
Result<void> pop_signal_frame(Task& task, Registers& registers);

}  // namespace kernel::arch
