// A visit of a task to the kernel: what is known between an exception from EL0 and the return from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "vmm/arch/registers.hpp"
#include "vmm/tracer/signal_frame.hpp"
#include "vmm/tracer/task_calls.hpp"
#include "vmm/tracer/user_memory.hpp"

namespace levitate::vmm {

struct Visit {
    enum class Cause { Syscall, Interrupt, Abort, Undefined, Other };

    // Begins at an exception that has been taken. `interrupt` says that it is asynchronous.
    Visit(const VcpuRegisters& at_vector, bool interrupt, const UserMemory& memory);

    std::uint64_t svc() const;  // for a call: where the SVC stands
    bool is_clone() const { return call == TaskCall::Clone || call == TaskCall::Clone3; }
    bool is_exec() const { return call == TaskCall::Execve || call == TaskCall::Execveat; }
    // For people: "syscall openat", "irq".
    std::string describe() const;

    UserRegisters registers;  // at the exception: PC is after an SVC, on any other instruction
    Cause cause = Cause::Other;
    std::uint64_t number = 0;
    TaskCall call = TaskCall::Other;
    std::optional<InterruptedState> restored;  // rt_sigreturn: what its frame holds
    std::uint32_t instruction = 0;             // Undefined: the word at PC
};

}  // namespace levitate::vmm
