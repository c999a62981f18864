// The sets of registers that tracers and core files show (Linux arch/arm64/kernel/ptrace.c, aarch64_regsets).
#pragma once

#include <cstddef>
#include <span>

namespace kernel {

class Task;

// A set of registers as bytes.
struct RegisterSet {
    unsigned type;  // NT_*
    std::size_t register_size;
    std::size_t size;
    void (*get)(const Task& task, std::byte* bytes);
    // False: the CPU cannot be in such a state. Null: the set cannot be changed.
    bool (*set)(Task& task, const std::byte* bytes);
};

inline constexpr std::size_t kLargestRegisterSet = 528;

// In Linux's order. Precondition of the functions: the task is not the one that runs, or its state has been
// saved (save_running_state).
std::span<const RegisterSet> register_sets();
// Takes what of the current task's state is in the CPU to where the sets look for it.
void save_running_state(Task& task);

}  // namespace kernel
