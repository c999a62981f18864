#include "signal/alternate_stack.hpp"

#include <asm/signal.h>

#include "mm/vdso.hpp"

namespace kernel {

namespace {

// Linux include/linux/sched/signal.h, on_sig_stack: never with SS_AUTODISARM.
bool is_on(const AlternateStack& stack, std::uint64_t stack_pointer) {
    return (stack.flags & SS_AUTODISARM) == 0 && stack_pointer > stack.base &&
           stack_pointer - stack.base <= stack.size;
}

unsigned status(const AlternateStack& stack, std::uint64_t stack_pointer) {
    if (stack.size == 0) {
        return SS_DISABLE;
    }
    return is_on(stack, stack_pointer) ? SS_ONSTACK : 0;
}

}  // namespace

std::uint64_t signal_stack_top(const Task& task, std::uint64_t stack_pointer, unsigned long action_flags) {
    const AlternateStack& stack = task.alternate_stack;
    if ((action_flags & SA_ONSTACK) != 0 && status(stack, stack_pointer) == 0) {
        return stack.base + stack.size;
    }
    return stack_pointer;
}

// Linux kernel/signal.c, __save_altstack.
stack_t saved_alternate_stack(const Task& task) {
    const AlternateStack& stack = task.alternate_stack;
    const unsigned disabled = SS_DISABLE | (stack.flags & SS_AUTODISARM);
    stack_t result{};
    result.ss_sp = reinterpret_cast<void*>(stack.base);
    result.ss_size = stack.size;
    result.ss_flags = static_cast<int>(stack.size == 0 ? disabled : stack.flags);
    return result;
}

stack_t describe_alternate_stack(const Task& task, std::uint64_t stack_pointer) {
    const AlternateStack& stack = task.alternate_stack;
    stack_t result = saved_alternate_stack(task);
    result.ss_flags = static_cast<int>(status(stack, stack_pointer) | (stack.flags & SS_AUTODISARM));
    return result;
}

Result<void> set_alternate_stack(Task& task, const stack_t& stack, std::uint64_t stack_pointer,
                                 std::uint64_t minimum) {
    if (is_on(task.alternate_stack, stack_pointer)) {
        return Errno(EPERM);
    }
    const unsigned flags = static_cast<unsigned>(stack.ss_flags);
    const unsigned mode = flags & ~static_cast<unsigned>(SS_AUTODISARM);
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0) {
        return Errno(EINVAL);
    }
    AlternateStack next{
        .base = reinterpret_cast<std::uint64_t>(stack.ss_sp), .size = stack.ss_size, .flags = flags};
    if (mode == SS_DISABLE) {
        next.base = 0;
        next.size = 0;
    } else if (next.size < minimum) {
        return Errno(ENOMEM);
    }
    task.alternate_stack = next;
    return {};
}

void restore_alternate_stack(Task& task, const stack_t& stack, std::uint64_t stack_pointer) {
    (void)set_alternate_stack(task, stack, stack_pointer, MINSIGSTKSZ);
}

std::uint64_t signal_trampoline(const Task& task) {
    return vdso_signal_trampoline(*task.address_space);
}

}  // namespace kernel
