// Whose turns a task may change, as setpriority and the sched_ calls ask it.
#pragma once

#include "task/task.hpp"

namespace kernel {

inline bool has_same_owner(const Task& task, const Task& target) {
    const std::uint32_t user = task.credentials.effective_user;
    return user == target.credentials.effective_user || user == target.credentials.user;
}

// RLIMIT_NICE counts from 40, for nice -20, down to 1.
inline bool may_be_as_nice_as(const Task& task, int nice) {
    return static_cast<std::uint64_t>(20 - nice) <= task.process->limit(RLIMIT_NICE).rlim_cur;
}

}  // namespace kernel
