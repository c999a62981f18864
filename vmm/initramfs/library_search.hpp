// Finds the shared libraries and the interpreter that a program will load, as ld.so will find them in the
// guest.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "vmm/error.hpp"
#include "vmm/initramfs/elf_file.hpp"
#include "vmm/initramfs/tree.hpp"

namespace levitate::vmm {

// Where libraries are looked for by default: the host's own root, in which Debian's multiarch packages
// (libc6:arm64) stand, and the root of its cross compiler.
std::vector<std::filesystem::path> default_sysroots();

// An ELF file that stands in the tree.
struct LoadedObject {
    std::string guest;
    std::filesystem::path host;  // empty: not from a host file
    ElfFile elf;
};

// Adds to the tree the interpreter of `program` and, recursively, every library that it needs. What a caller
// has put into the tree already is found first. The directories are those of ld.so: DT_RPATH where there is
// no DT_RUNPATH, of the object and of those that loaded it; DT_RUNPATH of the object; the standard
// directories (man 8 ld.so). $ORIGIN is the object's directory, in the guest and on the host alike. Returns
// the objects added or found, in order of loading, without the program itself. Error (NotFound): a library or
// interpreter was not found; the message names it, who needs it, where the search looked, and the remedy.
Result<std::vector<LoadedObject>> add_libraries(const LoadedObject& program,
                                                std::span<const std::filesystem::path> sysroots, Tree& tree);

}  // namespace levitate::vmm
