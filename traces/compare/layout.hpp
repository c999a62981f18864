// Whose layout of the address space a trace has, and how far it may differ from a golden recording's.
#pragma once

#include <optional>
#include <string>

#include "traces/compare/compare.hpp"
#include "traces/compare/equivalence.hpp"

namespace levitate::traces::detail {

// Whether the trace's kernel is neither Linux nor Levitate's own, so that it may place a program's stack,
// vDSO and mappings where it likes. Linux is known by the version that its build writes
// (scripts/mkcompile_h): a kernel that only calls itself Linux, as C libraries demand, does not have that. A
// header without a kernel is held to Linux's layout.
bool places_freely(const Header& header);

AddressMode address_mode(const Header& golden, const Header& actual, Layout layout);

// What is to be said where the program's stack shows that the kernel gives programs a smaller address space
// than the golden recording's does: "user addresses below 2^39, not 2^48". nullopt: it does not.
std::optional<std::string> smaller_address_space(const Trace& golden, const Trace& actual);

// The pages of the first stack from SP to its end, where the kernel has put strings and vectors.
StackPlace stack_place(const ExecEvent& exec);

}  // namespace levitate::traces::detail
