// Numbers for tasks, and the tables that find tasks and processes by them.
#pragma once

#include "lib/result.hpp"
#include "task/task.hpp"

namespace kernel {

// The next free number (pids and tids are one space). EAGAIN when all 32768 are taken.
Result<int> allocate_task_number();

void add_to_table(Task& task);
void add_to_table(Process& process);
void remove_from_table(Task& task);
void remove_from_table(Process& process);

List<Task, TaskInTable>& all_tasks();
std::size_t task_count();
// The most recent one.
int last_task_number();
// The parent of orphans.
Process& init_process();
void set_init_process(Process& process);

// Does a group, or a session, with this number exist?
bool group_exists(int group, int session);

}  // namespace kernel
