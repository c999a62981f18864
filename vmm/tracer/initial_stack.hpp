// What the kernel leaves on a new program's stack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/tracer/user_memory.hpp"

namespace levitate::vmm {

struct AuxvRange {
    GuestVirt begin{};
    GuestVirt end{};  // after AT_NULL
};

// argc, argv[], NULL, envp[], NULL, auxv[], AT_NULL upwards from the stack pointer (Linux fs/binfmt_elf.c,
// create_elf_tables).
struct InitialStack {
    std::vector<std::string> argv;
    std::vector<std::string> envp;
    std::vector<traces::AuxvEntry> auxv;  // without AT_NULL
    std::string executable;               // the string at AT_EXECFN
    // What can be read of the string at AT_PLATFORM and of the 16 bytes at AT_RANDOM; absent without such an
    // entry.
    std::optional<std::string> platform;
    std::optional<std::vector<std::byte>> random;
    AuxvRange auxv_range;
};

// nullopt: what stands there is not such a stack, or is larger than Linux would have allowed.
std::optional<InitialStack> read_initial_stack(const UserMemory& memory, GuestVirt sp);

// The value of an entry. nullopt: there is none.
std::optional<std::uint64_t> auxv_value(const std::vector<traces::AuxvEntry>& auxv, std::uint64_t type);

}  // namespace levitate::vmm
