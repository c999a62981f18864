// /proc/<pid>/mem and /proc/<pid>/pagemap: a task's memory as a file.
#pragma once

#include "fs/file_system.hpp"
#include "task/task.hpp"

namespace kernel {

Result<Ref<Inode>> make_memory_inode(Ref<FileSystem> file_system, Ref<Task> task);
Result<Ref<Inode>> make_pagemap_inode(Ref<FileSystem> file_system, Ref<Task> task);

}  // namespace kernel
