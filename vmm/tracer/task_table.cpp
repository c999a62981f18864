#include "vmm/tracer/task_table.hpp"

#include <algorithm>

namespace levitate::vmm {

TracedTask& TaskTable::add(traces::TaskNumber number, const TracedTask& task) {
    if (task.stack != 0) {
        by_stack_[task.stack] = number;
    }
    return tasks_.emplace(number, task).first->second;
}

void TaskTable::remove(traces::TaskNumber number) {
    const auto found = tasks_.find(number);
    if (found == tasks_.end()) {
        return;
    }
    const auto on_stack = by_stack_.find(found->second.stack);
    if (on_stack != by_stack_.end() && on_stack->second == number) {
        by_stack_.erase(on_stack);
    }
    tasks_.erase(found);
}

void TaskTable::set_stack(traces::TaskNumber number, std::uint64_t stack) {
    by_stack_[stack] = number;
    tasks_.at(number).stack = stack;
}

TracedTask* TaskTable::find(traces::TaskNumber number) {
    const auto found = tasks_.find(number);
    return found == tasks_.end() ? nullptr : &found->second;
}

std::optional<traces::TaskNumber> TaskTable::find_by_stack(std::uint64_t stack) const {
    const auto found = by_stack_.find(stack);
    return found == by_stack_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<traces::TaskNumber> TaskTable::find_by_tid(std::int64_t tid) const {
    const auto found = std::ranges::find_if(tasks_, [tid](const auto& one) { return one.second.tid == tid; });
    return found == tasks_.end() ? std::nullopt : std::optional(found->first);
}

std::vector<traces::TaskNumber> TaskTable::of_process(traces::TaskNumber process) const {
    std::vector<traces::TaskNumber> members;
    for (const auto& [number, task] : tasks_) {
        if (task.process == process) {
            members.push_back(number);
        }
    }
    return members;
}

bool TaskTable::uses(std::uint64_t space) const {
    return std::ranges::any_of(tasks_, [space](const auto& one) { return one.second.space == space; });
}

}  // namespace levitate::vmm
