// How a task goes on after a visit to the kernel, and what that says about the call that it made: which ways
// Linux has, and whether a return is one of them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/tracer/recorder.hpp"
#include "vmm/tracer/register_check.hpp"
#include "vmm/tracer/task_lives.hpp"
#include "vmm/tracer/visit.hpp"

namespace levitate::vmm {

class TaskReturns {
  public:
    TaskReturns(Recorder& recorder, const UserMemory& memory, TaskTable& tasks, TaskLives& lives,
                RegisterCheck& check)
        : recorder_(recorder), memory_(memory), tasks_(tasks), lives_(lives), check_(check) {}

    // Whether `now` is somewhere where Linux could let a task go on after `visit`. Says nothing of registers
    // that a kernel may have lost, and records nothing.
    bool fits(const Visit& visit, const UserRegisters& now) const;
    // Whether Linux could let `number` go on with `now` after `visit`. Only then is that recorded. An exec is
    // not one of these ways.
    bool continues(traces::TaskNumber number, const Visit& visit, const UserRegisters& now);
    // Records that it goes on somewhere that no rule of Linux explains.
    void continue_wrongly(traces::TaskNumber number, const Visit& visit, const UserRegisters& now);
    // Records the signals whose handlers a task that goes on with `now` enters, in order of delivery. After
    // each frame comes the next one or, after the last, the task's resume.
    void enter_handlers(traces::TaskNumber number, const std::vector<DeliveredSignal>& signals,
                        const UserRegisters& now);

  private:
    bool from_call(traces::TaskNumber number, const Visit& visit, const UserRegisters& now);
    bool from_signal_return(traces::TaskNumber number, const Visit& visit, const UserRegisters& now);
    bool from_interruption(traces::TaskNumber number, const Visit& visit, const UserRegisters& now);
    bool into_handler(traces::TaskNumber number, const Visit& visit, const UserRegisters& now);
    void finish_call(traces::TaskNumber number, const Visit& visit, std::int64_t result);

    Recorder& recorder_;
    const UserMemory& memory_;
    TaskTable& tasks_;
    TaskLives& lives_;
    RegisterCheck& check_;
};

}  // namespace levitate::vmm
