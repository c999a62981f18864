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

// Inode numbers are made of the task and the entry, so that each look-up finds the same one.
class TaskInodeNumbers {
  public:
    TaskInodeNumbers(const Task& task, TaskDirectory kind)
        : base_(task.serial << 26 | (kind == TaskDirectory::Thread ? kThread : 0)) {}

    std::uint64_t directory() const { return base_; }
    // `entry` counts what the directory holds, below 2^16.
    std::uint64_t entry(std::uint64_t number) const { return base_ + 1 + number; }
    // What fd and fdinfo hold; descriptors are below 2^20 (nr_open).
    std::uint64_t descriptor(std::uint64_t fd) const { return base_ + kDescriptors + fd; }
    std::uint64_t descriptor_information(std::uint64_t fd) const { return base_ + 2 * kDescriptors + fd; }

  private:
    static constexpr std::uint64_t kThread = 1U << 25;
    static constexpr std::uint64_t kDescriptors = 1U << 20;
    std::uint64_t base_;
};

// Gives an entry of a task's directory its owner, and keeps its mode (Linux fs/proc/base.c, proc_setattr).
void own_by_task(const Task& task, Inode& inode);

// The entry for a task, below /proc or /proc/<pid>/task.
Result<Ref<Dentry>> make_task_directory(Dentry& parent, std::string_view name, const Ref<Task>& task,
                                        TaskDirectory kind);

// What a link to a place may say, with its NUL, is a page (Linux fs/proc/base.c, do_proc_readlink).
Result<void> check_link_length(std::size_t size);

// A number without sign or leading zeroes, as names of tasks and descriptors are. ENOENT: it is not one.
Result<int> parse_decimal_name(std::string_view name);

// /proc/mounts and /proc/<pid>/mountinfo, as seen from the task's root.
Result<void> append_mounts(Task& task, String& out);
Result<void> append_mountinfo(Task& task, String& out);
Result<void> append_mountstats(Task& task, String& out);

}  // namespace kernel
