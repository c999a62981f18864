// The end of tasks and processes.
#pragma once

namespace kernel {

class Process;
class Task;

// Ends the current task, with a status as wait4 reports it. The last thread's end is the process's.
[[noreturn]] void exit_task(Task& task, int status);
// Ends all threads of the current task's process; the others when they next leave the kernel.
[[noreturn]] void exit_process(Task& task, int status);
// Tells every thread of a process to end (a fatal signal); `status` becomes the process's, unless it has one
// already.
void begin_process_exit(Process& process, int status);
// Takes an ended task out of the tables: a leader when its process is reaped or a thread that executes a
// program takes its place, the others at their end. Its usage becomes the process's.
void release_task(Task& task);

}  // namespace kernel
