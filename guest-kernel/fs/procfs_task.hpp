// /proc/<pid>: what procfs shows of one task.
#pragma once

#include "fs/dentry.hpp"
#include "fs/file_system.hpp"
#include "task/task.hpp"

namespace kernel {

enum class TaskDirectory {
    Process,  // /proc/<pid>
    Thread,   // /proc/<pid>/task/<tid>: without a task directory of its own
};

// The entry for a task, below /proc or /proc/<pid>/task.
Result<Ref<Dentry>> make_task_directory(Dentry& parent, std::string_view name, Ref<Task> task,
                                        TaskDirectory kind);

// A number without sign or leading zeroes, as names of tasks and descriptors are. ENOENT: it is not one.
Result<int> parse_decimal_name(std::string_view name);

// /proc/mounts and /proc/<pid>/mountinfo, as seen from the task's root.
Result<void> append_mounts(Task& task, String& out);
Result<void> append_mountinfo(Task& task, String& out);

}  // namespace kernel
