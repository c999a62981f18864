#include "vmm/tracer/task_lives.hpp"

#include <algorithm>
#include <utility>

#include "vmm/tracer/register_check.hpp"

namespace levitate::vmm {

UserRegisters TaskLives::Birth::expected_registers() const {
    UserRegisters expected = at_call;
    expected.x[0] = 0;
    if (request.stack != 0) {
        expected.sp = request.stack;
    }
    if (request.sets_tls()) {
        expected.tpidr_el0 = request.tls;
    }
    return expected;
}

void TaskLives::expect_child(traces::TaskNumber parent, const CloneRequest& request,
                             const UserRegisters& at_call) {
    const TracedTask& task = *tasks_.find(parent);
    births_.push_back({.parent = parent,
                       .parent_process = task.process,
                       .request = request,
                       .at_call = at_call,
                       .space = task.space});
}

bool TaskLives::expects_child_of(traces::TaskNumber parent, std::uint64_t pc) const {
    return std::ranges::any_of(births_, [&](const Birth& birth) {
        return birth.parent == parent && !birth.parent_returned && birth.at_call.pc == pc;
    });
}

std::optional<Newborn> TaskLives::take_newborn(const UserRegisters& now, std::uint64_t space,
                                               const UserMemory& memory) {
    // Children of one parent may first run in another order than they were made in. A clone whose child has
    // just these registers comes before one whose child would have lost some.
    const auto has_all_registers = [&](const Birth& birth) {
        return birth.may_show_in(space) &&
               lost_registers(birth.expected_registers(), now, std::nullopt).empty();
    };
    if (const auto exact = std::ranges::find_if(births_, has_all_registers); exact != births_.end()) {
        return born(*exact, {}, memory);
    }
    for (Birth& birth : births_) {
        if (!birth.may_show_in(space)) {
            continue;
        }
        const UserRegisters expected = birth.expected_registers();
        const bool at_first_instruction =
            now.pc == expected.pc && now.sp == expected.sp && now.x[0] == expected.x[0];
        std::vector<DeliveredSignal> signals =
            delivered_signals(memory, now, {.sp = expected.sp, .pc = expected.pc, .other_pc = expected.pc});
        if (at_first_instruction || !signals.empty()) {
            return born(birth, std::move(signals), memory);
        }
    }
    return std::nullopt;
}

Newborn TaskLives::born(Birth& birth, std::vector<DeliveredSignal> signals, const UserMemory& memory) {
    Newborn result{
        .number = birth.child ? *birth.child : start_child(birth, read_child_tid(birth.request, memory)),
        .parent = birth.parent,
        .space = birth.space,
        .expected = birth.expected_registers(),
        .signals = std::move(signals)};
    birth.child_ran = true;
    std::erase_if(births_, &Birth::is_settled);
    return result;
}

// Gives the child its number: when its parent learns of it, or when it first runs, whichever comes first.
traces::TaskNumber TaskLives::start_child(Birth& birth, std::int64_t tid) {
    const traces::TaskNumber number = recorder_.start_task(birth.parent, birth.request.flags, tid);
    const bool is_thread = birth.request.shares_process();
    tasks_.add(number,
               {.process = is_thread ? birth.parent_process : number, .tid = tid, .space = birth.space});
    birth.child = number;
    return number;
}

void TaskLives::parent_returned(traces::TaskNumber parent, std::int64_t result) {
    const auto birth = std::ranges::find_if(
        births_, [parent](const Birth& one) { return one.parent == parent && !one.parent_returned; });
    if (birth == births_.end()) {
        return;
    }
    birth->parent_returned = true;
    if (result <= 0) {
        births_.erase(birth);
        return;
    }
    if (const std::optional<traces::TaskNumber> child = birth->child; !child) {
        start_child(*birth, result);
    } else if (TracedTask* const task = tasks_.find(*child)) {
        task->tid = result;
    }
    std::erase_if(births_, &Birth::is_settled);
}

void TaskLives::end_task(traces::TaskNumber number, const traces::TaskEndEvent& end) {
    if (number == kFirstTask) {
        first_task_exit_code_ = end.exit_code;
    }
    recorder_.end_task(number, end);
    std::erase_if(births_, [number](const Birth& birth) {
        return birth.child == number || (birth.parent == number && !birth.child);
    });
    tasks_.remove(number);
}

void TaskLives::end_process(traces::TaskNumber process, const traces::TaskEndEvent& end) {
    if (process == kFirstTask) {
        group_exit_code_ = end.exit_code;
    }
    for (const traces::TaskNumber member : tasks_.of_process(process)) {
        end_task(member, end);
    }
}

std::optional<int> TaskLives::program_exit_code() const {
    if (group_exit_code_ || !tasks_.of_process(kFirstTask).empty()) {
        return group_exit_code_;
    }
    return first_task_exit_code_;
}

}  // namespace levitate::vmm
