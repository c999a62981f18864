// The guest program's call stack with names and lines, by elfutils' libdwfl: DWARF call frame information for
// unwinding, line tables and inlined subroutines for what people read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "vmm/arch/registers.hpp"
#include "vmm/tracer/user_memory.hpp"

namespace levitate::vmm {

// An ELF file that is mapped in the guest's address space.
struct LoadedModule {
    std::filesystem::path host_file;  // where its bytes are on the host
    std::string name;                 // what people call it
    std::uint64_t bias = 0;           // what was added to the file's addresses; 0 for a fixed executable
};

struct Frame {
    std::uint64_t pc = 0;
    std::string function;  // demangled, without Rust's hash; empty if unknown
    std::string file;      // empty if unknown
    int line = 0;
    bool inlined = false;  // its code stands in the frame below it, at the same pc
    std::string module;    // LoadedModule::name; empty if no module holds pc
};

// The frames from `registers` outwards, at most `limit` of them, with inlined functions as frames of their
// own. `registers` are those of EL0. A stack that cannot be unwound ends the list early; a module that cannot
// be read is passed over.
std::vector<Frame> backtrace(std::span<const LoadedModule> modules, const GeneralRegisters& registers,
                             const UserMemory& memory, std::size_t limit = 64);

// "  #3  0x00000000004018a4 in hello::main at src/main.rs:4", a line a frame.
std::string format(std::span<const Frame> frames);

}  // namespace levitate::vmm
