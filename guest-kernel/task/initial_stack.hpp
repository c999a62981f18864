// The stack that a program finds: strings, random bytes, auxiliary vector, environment, arguments.
#pragma once

#include "lib/result.hpp"
#include "mm/address_space.hpp"
#include "task/elf.hpp"
#include "task/exec.hpp"

namespace kernel {

struct InitialStack {
    const ExecRequest& request;
    const Task& task;
    const LoadedElf& program;
    const ElfFile& elf;
    std::uint64_t interpreter_base;  // 0: none
    std::uint64_t strings_top;       // the end of the stack
    bool is_random;
};

// Writes it; the result is the first SP. Fills `space.layout`. E2BIG when it does not fit.
Result<std::uint64_t> build_initial_stack(AddressSpace& space, const InitialStack& what);

}  // namespace kernel
