// /proc/<pid>/fd and fdinfo.
#pragma once

#include "fs/inode.hpp"
#include "fs/procfs_task.hpp"
#include "task/task.hpp"

namespace kernel {

enum class DescriptorView { Link, Information };

Result<Ref<Inode>> make_descriptor_directory(Ref<FileSystem> file_system, Ref<Task> task, TaskDirectory kind,
                                             DescriptorView view);

}  // namespace kernel
