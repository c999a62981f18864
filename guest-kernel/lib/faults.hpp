// FAULT(name): is this fault of lib/faults.inc to happen? A constant false unless the kernel is built with
// LEVITATE_FAULTS.
#pragma once

namespace kernel {

enum class Fault {
#define FAULT_POINT(name, effect) name,
#include "lib/faults.inc"
#undef FAULT_POINT
};

#ifdef LEVITATE_FAULTS
// Is it among those that the command line names?
bool is_planted(Fault fault);
#define FAULT(name) ::kernel::is_planted(::kernel::Fault::name)
#else
#define FAULT(name) false
#endif

}  // namespace kernel
