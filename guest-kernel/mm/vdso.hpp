// The vDSO: kernel code that programs call for the time, and through which signal handlers return (man 7
// vdso).
#pragma once

#include <cstdint>

#include "lib/result.hpp"

namespace kernel {

class AddressSpace;

// Makes the data page. Once, before set_up_clock.
Result<void> set_up_vdso();
// Maps [vvar] and [vdso] at the highest free place; sets the layout's `vdso`.
Result<void> map_vdso(AddressSpace& space);
// __kernel_rt_sigreturn's address in a program.
std::uint64_t vdso_signal_trampoline(const AddressSpace& space);

}  // namespace kernel
