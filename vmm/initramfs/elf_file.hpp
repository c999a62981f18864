// What the packer must know of an ELF file: whether AArch64 Linux can execute it, and what else it needs.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/error.hpp"

namespace levitate::vmm {

struct ElfFile {
    std::string interpreter;           // PT_INTERP; empty: none (a static program, a library)
    std::vector<std::string> needed;   // DT_NEEDED, in order
    std::vector<std::string> rpath;    // DT_RPATH, one directory each, $ORIGIN not replaced
    std::vector<std::string> runpath;  // DT_RUNPATH, likewise
    std::string build_id;              // lower-case hex; empty: none
};

// Reads an executable or shared library for 64-bit little-endian AArch64. Anything else is an Error
// (NotExecutable) that names the file as `name`, what it is, and the remedy.
Result<ElfFile> read_elf(std::string_view name, std::span<const std::byte> bytes);

// Whether these bytes begin an ELF file for AArch64, as ld.so decides when it searches for a library.
bool is_aarch64_elf(std::span<const std::byte> bytes);

}  // namespace levitate::vmm
