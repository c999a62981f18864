// The functions of a program's vDSO.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vmm/tracer/user_memory.hpp"

namespace levitate::vmm {

struct VdsoFunction {
    std::string name;  // "__kernel_clock_gettime"
    GuestVirt address{};
};

// Reads the dynamic symbols of the ELF image mapped at `base` (AT_SYSINFO_EHDR). Returns only functions that
// programs call: every handler's return enters __kernel_rt_sigreturn, and there it is seen as a system call.
// Empty if there is no such image. The kernel under test wrote the image, so it is judged like any input.
std::vector<VdsoFunction> vdso_functions(const UserMemory& memory, GuestVirt base);

// That other one: where handlers return to whose action has no restorer.
std::optional<GuestVirt> vdso_signal_return(const UserMemory& memory, GuestVirt base);

}  // namespace levitate::vmm
