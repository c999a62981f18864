// The functions of a program's vDSO.
#pragma once

#include <string>
#include <vector>

#include "vmm/tracer/user_memory.hpp"

namespace levitate::vmm {

struct VdsoFunction {
    std::string name;  // "__kernel_clock_gettime"
    GuestVirt address{};
};

// Reads the dynamic symbols of the ELF image mapped at `base` (AT_SYSINFO_EHDR). Only functions that programs
// call are returned: __kernel_rt_sigreturn is entered by every handler's return and is a syscall there. Empty
// where there is no such image: the kernel under test wrote it, so it is judged like any input.
std::vector<VdsoFunction> vdso_functions(const UserMemory& memory, GuestVirt base);

}  // namespace levitate::vmm
