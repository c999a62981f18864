// sigaltstack (man 2 sigaltstack).
#pragma once

#include <linux/signal.h>

#include <cstdint>

#include "lib/result.hpp"
#include "task/task.hpp"

namespace kernel {

// Where a handler's frame begins: the top of the alternate stack, or the stack pointer itself.
std::uint64_t signal_stack_top(const Task& task, std::uint64_t stack_pointer, unsigned long action_flags);
// As a signal's frame has it: with the flags that it was set with, which do not say whether it is in use.
stack_t saved_alternate_stack(const Task& task);
// As sigaltstack shows it to a program.
stack_t describe_alternate_stack(const Task& task, std::uint64_t stack_pointer);
// EINVAL (flags), ENOMEM (too small), EPERM (in use).
Result<void> set_alternate_stack(Task& task, const stack_t& stack, std::uint64_t stack_pointer,
                                 std::uint64_t minimum);
// rt_sigreturn: what cannot be set is left as it is.
void restore_alternate_stack(Task& task, const stack_t& stack, std::uint64_t stack_pointer);

// Where a handler without a restorer returns to: the vDSO's trampoline.
std::uint64_t signal_trampoline(const Task& task);

}  // namespace kernel
