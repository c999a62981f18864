// Signals from one program to another, with the checks that all the calls share.
#pragma once

#include <asm/siginfo.h>

#include "lib/result.hpp"
#include "mm/user_memory.hpp"

namespace kernel {

class Task;

// To the process of a thread (Linux group_send_sig_info): EINVAL where there is no such signal, EPERM where
// the sender may not. Signal 0 only checks.
Result<void> signal_process_of(Task& sender, Task& target, const siginfo_t& info);

// A siginfo as a program gives it. E2BIG: it has bytes where its kind has none that the kernel knows.
Result<siginfo_t> read_siginfo(UserIn<siginfo_t> info, int signal);

// Only the kernel and kill have such codes: a program may claim them towards itself alone.
bool is_reserved_code(int code);

}  // namespace kernel
