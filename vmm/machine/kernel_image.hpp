// What a kernel file holds, and where it wants to be in the guest's RAM. The forms are those that QEMU's
// `virt` machine boots (hw/arm/boot.c, hw/core/loader.c, include/hw/elf_ops.h of QEMU), and each stands where
// QEMU puts it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "vmm/error.hpp"
#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {

enum class KernelForm {
    Elf,    // an ELF file, loaded by its physical addresses
    Image,  // an arm64 Image (Linux Documentation/arch/arm64/booting.rst)
    Raw,    // a binary without a header
};

// A part of the file and its place in RAM. The memory behind the part's bytes is zero.
struct KernelPiece {
    std::uint64_t address = 0;  // physical
    std::size_t offset = 0;     // of its bytes in KernelImage::bytes
    std::size_t file_size = 0;
    std::uint64_t memory_size = 0;  // not less than file_size

    std::uint64_t end() const { return address + memory_size; }
};

struct KernelImage {
    KernelForm form = KernelForm::Raw;
    std::vector<std::byte> bytes;     // the file, unpacked if it was compressed
    std::vector<KernelPiece> pieces;  // at least one; by address; apart from one another
    std::uint64_t entry = 0;          // physical; in one of the pieces
    // Of the pieces and of what has been left out because it is not for RAM.
    std::uint64_t lowest_address = 0;

    std::uint64_t begin() const { return pieces.front().address; }
    std::uint64_t end() const { return pieces.back().end(); }
};

// No kernel file is read beyond this. Files with debug information may be much greater than what is loaded.
inline constexpr std::uint64_t kMostKernelFileBytes = std::uint64_t{1} << 30U;

// Finds out what the file is, and unpacks it if it is compressed with gzip or an EFI zboot image. Every piece
// lies in `ram`, and in what `pieces` say nothing lies outside `bytes`. Error: names the file as `name`, what
// it is instead, and a remedy.
Result<KernelImage> read_kernel(std::string_view name, std::vector<std::byte> file, Region ram);

}  // namespace levitate::vmm
