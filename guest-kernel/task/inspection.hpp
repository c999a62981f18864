// Who may look into whom: the rule behind ptrace, /proc/PID/mem and others (man 2 ptrace, "Ptrace access mode
// checking").
#pragma once

namespace kernel {

class Task;

// PTRACE_MODE_READ_REALCREDS.
bool may_inspect(const Task& caller, const Task& target);

}  // namespace kernel
