// The system calls that make, end or replace tasks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "traces/format/event.hpp"
#include "vmm/arch/registers.hpp"
#include "vmm/tracer/user_memory.hpp"

namespace levitate::vmm {

enum class TaskCall {
    Other,
    Clone,
    Clone3,
    Execve,
    Execveat,
    Exit,
    ExitGroup,
    RtSigaction,
    RtSigreturn,
    RestartSyscall,
    Wait4,
    Waitid,
};

// A call's number and its arguments, x0 to x5, as its SVC leaves them. Linux takes the number as an int from
// w8 (arch/arm64/kernel/syscall.c).
std::uint64_t call_number(const GeneralRegisters& at_call);
std::array<std::uint64_t, 6> call_arguments(const GeneralRegisters& at_call);

// What the call with this number does to tasks.
TaskCall task_call(std::uint64_t number);

// What clone or clone3 was asked for (man 2 clone; Linux kernel/fork.c).
struct CloneRequest {
    std::uint64_t flags = 0;       // CLONE_*, without the exit signal
    std::uint64_t stack = 0;       // the child's SP; 0: the parent's
    std::uint64_t tls = 0;         // the child's TPIDR_EL0, with CLONE_SETTLS
    std::uint64_t parent_tid = 0;  // where the kernel stores the child's tid, with CLONE_PARENT_SETTID
    std::uint64_t child_tid = 0;   // the same in the child's memory, with CLONE_CHILD_SETTID

    bool shares_memory() const;   // CLONE_VM
    bool shares_process() const;  // CLONE_THREAD
    bool sets_tls() const;        // CLONE_SETTLS
};

// Reads the request from the arguments x0 to x5. nullopt: another call, or clone3's struct cannot be read
// (the call will fail with EFAULT).
std::optional<CloneRequest> read_clone_request(TaskCall call, const std::array<std::uint64_t, 6>& arguments,
                                               const UserMemory& memory);

// The tid of a child that stands at its first instruction, from where the kernel has stored it by then. 0:
// the parent did not ask for it to be stored.
std::int64_t read_child_tid(const CloneRequest& request, const UserMemory& child_memory);

// The restorer that an rt_sigaction with these arguments sets. nullopt: none.
std::optional<std::uint64_t> read_signal_restorer(const std::array<std::uint64_t, 6>& arguments,
                                                  const UserMemory& memory);

// A child process whose end a parent has learned.
struct ReapedChild {
    std::int64_t pid = 0;
    traces::TaskEndEvent end;  // not known if the parent did not ask how it ended
};

// What a wait4 or waitid that has returned `result` says. nullopt: it does not report the end of a process,
// or not of which.
std::optional<ReapedChild> read_reaped_child(TaskCall call, const std::array<std::uint64_t, 6>& arguments,
                                             std::int64_t result, const UserMemory& memory);

// The end that a wait status reports (man 2 wait): an exit code or a signal. Neither is set for a stop or a
// continuation.
traces::TaskEndEvent end_from_wait_status(std::uint32_t status);

}  // namespace levitate::vmm
