// FAULT(name): is this fault of lib/faults.inc to happen? Plainly false unless the kernel is built for it.
#pragma once

namespace kernel {

enum class Fault {
    None,
#define FAULT_POINT(name, effect) name,
#include "lib/faults.inc"
#undef FAULT_POINT
};

#ifdef LEVITATE_FAULTS
// The one that the command line names.
Fault selected_fault();
#define FAULT(name) (::kernel::selected_fault() == ::kernel::Fault::name)
#else
#define FAULT(name) false
#endif

}  // namespace kernel
