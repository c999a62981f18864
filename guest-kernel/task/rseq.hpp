// Restartable sequences (Linux kernel/rseq.c).
#pragma once

#include <cstdint>

#include "arch/include/context.hpp"
#include "lib/result.hpp"
#include "mm/user_memory.hpp"

namespace kernel {

class Task;

// After the task has been off the CPU, or before a handler runs: writes the CPU's number and, if the program
// counter is inside a critical section, moves it to the section's abort handler. Sends SIGSEGV if the area is
// not valid.
void update_rseq(Task& task, Registers& registers);

// EBUSY: the same area is registered already; EPERM: with another signature; EINVAL: another area is
// registered, or this one is not valid.
Result<void> register_rseq(Task& task, UserAddress area, std::uint32_t length, std::uint32_t signature);
// EINVAL: this area is not registered; EPERM: with another signature; EFAULT.
Result<void> unregister_rseq(Task& task, UserAddress area, std::uint32_t length, std::uint32_t signature);

}  // namespace kernel
