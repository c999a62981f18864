// Makes a stopped task do something for us in between, without the program noticing.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>

#include "vmm/engine/native/ptrace.hpp"

namespace levitate::vmm::native {

inline constexpr std::uint32_t kSvcInstruction = 0xd4000001;  // SVC #0

// What an intervention saw instead of the stop that it waited for: the task has been killed. The wait status
// belongs to the tracer's main loop.
struct Interrupted {
    int status = 0;
};

struct SyscallRequest {
    std::uint64_t number = 0;
    std::array<std::uint64_t, 6> arguments{};
};

// Lets the task make a system call by an SVC that stands at `svc`, and restores its registers and signal
// mask. Returns the result; nullopt: the task died, and `interrupted` says how. Precondition: the task is in
// a stop from which it goes on in user mode (not at a syscall's entry).
std::optional<std::int64_t> inject_syscall(pid_t tid, GuestVirt svc, const SyscallRequest& request,
                                           std::optional<Interrupted>& interrupted);

// Lets the task execute one instruction with all signals but the step's own held back. False: as above.
bool step_instruction(pid_t tid, std::optional<Interrupted>& interrupted);

}  // namespace levitate::vmm::native
