// Processes as file descriptors (man 2 pidfd_open).
#pragma once

#include "fs/fd.hpp"
#include "lib/ref.hpp"
#include "lib/result.hpp"
#include "task/process.hpp"

namespace kernel {

class Task;

// A new close-on-exec descriptor in the task's table.
Result<int> open_pidfd(Task& task, Process& process, unsigned flags = 0);
// EBADF: not open, or no pidfd.
Result<Ref<Process>> process_of_pidfd(Task& task, Fd fd);

}  // namespace kernel
