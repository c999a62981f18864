// Programs in ELF: reading headers and mapping segments (Linux fs/binfmt_elf.c).
#pragma once

#include <linux/elf.h>

#include "fs/file.hpp"
#include "lib/result.hpp"
#include "lib/string.hpp"
#include "lib/vector.hpp"
#include "mm/address_space.hpp"

namespace kernel {

// The headers of one ELF file for AArch64.
struct ElfFile {
    Ref<File> file;
    Elf64_Ehdr header;
    Vector<Elf64_Phdr> program_headers;

    // ENOEXEC: not an ELF file that can be executed here. EIO: the file is truncated.
    static Result<ElfFile> read(Ref<File> file);
    // PT_INTERP's path; empty without one.
    Result<String> interpreter() const;
    bool wants_executable_stack() const;
};

struct LoadedElf {
    std::uint64_t bias = 0;  // added to the file's addresses
    std::uint64_t entry = 0;
    std::uint64_t program_headers = 0;  // where they are in memory; 0: nowhere
    std::uint64_t end = 0;              // of the last segment, not rounded
    std::uint64_t code_start = 0;
    std::uint64_t code_end = 0;
    std::uint64_t data_start = 0;
    std::uint64_t data_end = 0;
};

enum class ElfRole { Program, ProgramWithInterpreter, Interpreter };

// Maps the segments. `randomization`: bytes added to the base of a position-independent program.
Result<LoadedElf> map_elf(AddressSpace& space, const ElfFile& elf, ElfRole role, std::uint64_t randomization);

// Base of position-independent programs that have an interpreter: two thirds of the address space.
inline constexpr std::uint64_t kDynamicBase = AddressSpace::kUserEnd / 3 * 2;

}  // namespace kernel
