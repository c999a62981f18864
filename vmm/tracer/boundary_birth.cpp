// The boundary tracer's half that looks at clones: a child is recognised by where and with which registers it
// first runs, since no kernel announces it.
#include <algorithm>

#include "vmm/tracer/boundary_tracer.hpp"

namespace levitate::vmm {
namespace {

// The parent's registers as the child must find them.
UserRegisters registers_of_child(const UserRegisters& at_call, const CloneRequest& request) {
    UserRegisters child = at_call;
    child.x[0] = 0;
    if (request.stack != 0) {
        child.sp = request.stack;
    }
    if (request.sets_tls()) {
        child.tpidr = request.tls;
    }
    return child;
}

std::vector<DeliveredSignal> signals_at_birth(const UserMemory& memory, const UserRegisters& now,
                                              const UserRegisters& expected) {
    return delivered_signals(memory, {.x = now.x, .sp = now.sp, .pc = now.pc},
                             {.sp = expected.sp, .pc = expected.pc, .other_pc = expected.pc});
}

}  // namespace

bool BoundaryTracer::try_birth(const VcpuRegisters& registers) {
    const UserRegisters now = user_registers_at_return(registers);
    const std::uint64_t space = translation_table(registers.ttbr0_el1);
    for (PendingBirth& birth : births_) {
        const UserRegisters expected = registers_of_child(birth.at_call, birth.request);
        if (birth.child_ran || birth.request.shares_memory() != (birth.space == space)) {
            continue;
        }
        const bool at_first_instruction =
            now.pc == expected.pc && now.sp == expected.sp && now.x[0] == expected.x[0];
        if (at_first_instruction || !signals_at_birth(memory_, now, expected).empty()) {
            run_child(birth, now, registers.sp_el1, space);
            return true;
        }
    }
    return false;
}

// Gives the child its number: when its parent learns of it, or when it first runs, whichever comes first.
traces::TaskNumber BoundaryTracer::start_child(PendingBirth& birth, std::int64_t tid) {
    const traces::TaskNumber number = recorder_.start_task(birth.parent, birth.request.flags, tid);
    const bool is_thread = birth.request.shares_process();
    tasks_.emplace(number, Task{.process = is_thread ? birth.parent_process : number,
                                .tid = tid,
                                .stack = 0,
                                .space = birth.space,
                                .visit = std::nullopt});
    birth.child = number;
    return number;
}

void BoundaryTracer::run_child(PendingBirth& birth, const UserRegisters& now, std::uint64_t stack,
                               std::uint64_t space) {
    const traces::TaskNumber number =
        birth.child ? *birth.child : start_child(birth, read_child_tid(birth.request, memory_));
    const UserRegisters expected = registers_of_child(birth.at_call, birth.request);
    birth.child_ran = true;
    // Whoever had this stack before has died without crossing the boundary again.
    const std::optional<traces::TaskNumber> dead = find_by_stack(stack);
    Task& task = *find(number);
    task.stack = stack;
    task.space = space;
    current_ = number;
    copy_space(birth.space, space);
    const auto signals = signals_at_birth(memory_, now, expected);
    const UserRegisters born =
        signals.empty() ? now : interrupted_registers(signals.front().interrupted, expected);
    check_registers(number, expected, born, std::nullopt, "clone, in the child", expected.pc);
    record_signals(number, signals, now);
    if (dead) {
        end_task(*dead, {});
    }
    by_stack_[stack] = number;
    forget_settled_births();
}

void BoundaryTracer::parent_returned(traces::TaskNumber parent, std::int64_t result) {
    const auto birth = std::ranges::find_if(births_, [parent](const PendingBirth& pending) {
        return pending.parent == parent && !pending.parent_returned;
    });
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
    } else if (Task* const task = find(*child)) {
        task->tid = result;
    }
    forget_settled_births();
}

void BoundaryTracer::forget_settled_births() {
    std::erase_if(births_,
                  [](const PendingBirth& birth) { return birth.child_ran && birth.parent_returned; });
}

}  // namespace levitate::vmm
