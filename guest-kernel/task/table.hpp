// Numbers for tasks, and the tables that find tasks and processes by them.
#pragma once

#include <cstdint>

#include "lib/result.hpp"
#include "task/task.hpp"

namespace kernel {

// The next free number (pids and tids are one space). EAGAIN when all below pid_max are taken.
Result<int> allocate_task_number();

// The table holds a reference to each task.
void add_to_table(Task& task);
void add_to_table(Process& process);
void remove_from_table(Task& task);
void remove_from_table(Process& process);

List<Task, TaskInTable>& all_tasks();
// All in the table, ended leaders too, as on Linux.
std::size_t task_count();
std::size_t task_count_of_user(std::uint32_t real_user);
// What threads-max is at first: as many tasks as have room for their stacks in an eighth of memory (Linux
// kernel/fork.c, set_max_threads).
std::size_t maximum_tasks();
// Has a user more tasks than the process's RLIMIT_NPROC? Root never has too many.
bool is_over_task_limit(const Process& process, std::uint32_t real_user);
// The most recent one.
int last_task_number();
// The parent of orphans.
Process& init_process();
void set_init_process(Process& process);

// Does a group, or a session, with this number exist?
bool group_exists(int group, int session);

}  // namespace kernel
