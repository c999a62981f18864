#include "vmm/machine/kernel_elf.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "vmm/machine/memory_map.hpp"

namespace levitate::vmm {
namespace {

constexpr std::string_view kDamaged = "a truncated or damaged ELF file; copy or build it again";
// The greatest RAM that --memory gives: an address beyond cannot be meant as physical here.
constexpr std::uint64_t kMostRam = std::uint64_t{64} << 30U;
// The flash of QEMU's machine, from address 0.
constexpr std::uint64_t kFlashSize = std::uint64_t{128} << 20U;

bool starts_with(std::span<const std::byte> bytes, std::string_view text) {
    return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

bool holds_text(std::span<const std::byte> bytes, std::string_view text) {
    const std::string_view all{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    return all.find(text) != std::string_view::npos;
}

// Whether [offset, offset + size) lies in `whole` bytes.
bool fits(std::uint64_t offset, std::uint64_t size, std::uint64_t whole) {
    return offset <= whole && size <= whole - offset;
}

// Why no machine of ours could execute the file, judged by its header. Empty: it might.
std::string refuse_header(std::string_view name, const Elf64_Ehdr& header) {
    const bool is_little = header.e_ident[EI_DATA] == ELFDATA2LSB;
    const unsigned machine = is_little ? header.e_machine : __builtin_bswap16(header.e_machine);
    if (machine != EM_AARCH64) {
        return fmt::format(
            "an ELF file for another processor (e_machine {}); build the kernel for AArch64, for example "
            "with rustc --target aarch64-unknown-none or aarch64-linux-gnu-gcc",
            machine);
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || !is_little) {
        return "an ELF file for ILP32 or big-endian AArch64; build the kernel for 64-bit little-endian "
               "AArch64";
    }
    if (header.e_type == ET_REL) {
        return fmt::format(
            "an object file; link it first: aarch64-linux-gnu-ld -Ttext=0x40080000 -o kernel.elf {}", name);
    }
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
        return "an ELF file that is no executable (a core dump?); give the kernel's own file";
    }
    return {};
}

class Reader {
  public:
    Reader(std::string_view name, std::vector<std::byte> file, Region ram)
        : name_(name), bytes_(std::move(file)), ram_(ram) {}

    Result<KernelImage> read() {
        if (std::string why = read_headers(); !why.empty()) {
            return refuse(why);
        }
        KernelImage image{.form = KernelForm::Elf,
                          .bytes = {},
                          .pieces = {},
                          .entry = header_.e_entry,
                          .lowest_address = std::ranges::min(segments_, {}, &Elf64_Phdr::p_paddr).p_paddr};
        const bool is_any_in_ram = std::ranges::any_of(
            segments_, [this](const Elf64_Phdr& segment) { return is_in_ram(piece_of(segment)); });
        for (const Elf64_Phdr& segment : segments_) {
            if (is_any_in_ram && is_in_flash(segment)) {
                continue;
            }
            if (std::string why = refuse_segment(segment); !why.empty()) {
                return refuse(why);
            }
            image.pieces.push_back(piece_of(segment));
            if (is_entered_through(segment)) {
                image.entry = header_.e_entry - segment.p_vaddr + segment.p_paddr;
            }
        }
        std::ranges::sort(image.pieces, {}, &KernelPiece::address);
        if (std::string why = refuse_whole(image); !why.empty()) {
            return refuse(why);
        }
        image.bytes = std::move(bytes_);
        return image;
    }

  private:
    std::unexpected<Error> refuse(std::string_view why) const {
        return failure(Error::Kind::Harness, fmt::format("kernel {}: {}", name_, why));
    }

    std::string read_headers() {
        if (bytes_.size() < sizeof header_) {
            return std::string{kDamaged};
        }
        std::memcpy(&header_, bytes_.data(), sizeof header_);
        if (std::string why = refuse_header(name_, header_); !why.empty()) {
            return why;
        }
        const std::uint64_t size = std::uint64_t{header_.e_phnum} * sizeof(Elf64_Phdr);
        if (header_.e_phentsize != sizeof(Elf64_Phdr) || !fits(header_.e_phoff, size, bytes_.size())) {
            return std::string{kDamaged};
        }
        for (std::size_t index = 0; index < header_.e_phnum; ++index) {
            Elf64_Phdr segment;
            std::memcpy(&segment, bytes_.data() + header_.e_phoff + index * sizeof segment, sizeof segment);
            is_interpreted_ = is_interpreted_ || segment.p_type == PT_INTERP;
            if (segment.p_type == PT_LOAD && segment.p_memsz != 0) {
                segments_.push_back(segment);
            }
        }
        // The highest first: if it is for other addresses than ours, it says more of the file than its
        // headers do.
        std::ranges::sort(segments_, std::ranges::greater{}, &Elf64_Phdr::p_paddr);
        return segments_.empty() ? "an ELF file without anything to load; build the kernel again" : "";
    }

    std::string refuse_segment(const Elf64_Phdr& segment) const {
        const bool is_in_file =
            segment.p_filesz == 0 || fits(segment.p_offset, segment.p_filesz, bytes_.size());
        if (!is_in_file || segment.p_filesz > segment.p_memsz) {
            return std::string{kDamaged};
        }
        if (is_in_ram(piece_of(segment))) {
            return {};
        }
        if (segment.p_paddr >= ram_.base && fits(segment.p_paddr - ram_.base, segment.p_memsz, kMostRam)) {
            return fmt::format("needs RAM up to {:#x}, and there is RAM up to {:#x}; give more with --memory",
                               segment.p_paddr + segment.p_memsz, ram_.base + ram_.size);
        }
        return refuse_address(segment);
    }

    bool is_in_ram(const KernelPiece& piece) const {
        return piece.address >= ram_.base && fits(piece.address - ram_.base, piece.memory_size, ram_.size);
    }

    // Where a linker without a script puts headers and notes of a kernel that is linked with -Ttext alone.
    // QEMU writes them into its flash, where no kernel misses them.
    static bool is_in_flash(const Elf64_Phdr& segment) {
        return fits(segment.p_paddr, segment.p_memsz, kFlashSize);
    }

    // Linkers let the first segment begin with the file's own headers, and so, for a kernel at the start of
    // RAM, below it. These are left out.
    KernelPiece piece_of(const Elf64_Phdr& segment) const {
        constexpr std::uint64_t kMostHeaders = 65536;  // the greatest page
        const bool is_below = segment.p_offset == 0 && segment.p_paddr < ram_.base;
        const std::uint64_t below = is_below ? ram_.base - segment.p_paddr : 0;
        const std::uint64_t cut = below <= kMostHeaders && below < segment.p_filesz ? below : 0;
        return {.address = segment.p_paddr + cut,
                .offset = segment.p_filesz == 0 ? 0 : segment.p_offset + cut,
                .file_size = segment.p_filesz - cut,
                .memory_size = segment.p_memsz - cut};
    }

    // What a file is that wants to be where there is no RAM.
    std::string refuse_address(const Elf64_Phdr& segment) const {
        if (is_interpreted_) {
            return "a program for Linux, no kernel; give it as PROGRAM";
        }
        const bool is_high = segment.p_paddr >= ram_.base;
        if (is_high && holds_text(bytes_, "Linux version ")) {
            return fmt::format(
                "a vmlinux, whose addresses are virtual ({:#x}); use arch/arm64/boot/Image of the same build "
                "(a distribution has it as /boot/vmlinuz-VERSION)",
                segment.p_paddr);
        }
        const std::string what =
            fmt::format("an ELF file with a segment for the physical address {:#x}, where there is no RAM",
                        segment.p_paddr);
        if (!is_high) {
            return fmt::format(
                "{}; link it to {:#x} or above (or, if it is a program for Linux, give it as PROGRAM)", what,
                kKernelBase);
        }
        return fmt::format(
            "{}; give its sections load addresses from {:#x} on with AT() in the linker script, or, if it "
            "begins with position-independent code, make a binary, which is loaded there: "
            "aarch64-linux-gnu-objcopy -O binary -R '.note*' {} kernel.bin",
            what, kKernelBase, name_);
    }

    bool is_entered_through(const Elf64_Phdr& segment) const {
        return segment.p_vaddr != segment.p_paddr && (segment.p_flags & PF_X) != 0 &&
               header_.e_entry >= segment.p_vaddr && header_.e_entry - segment.p_vaddr < segment.p_filesz;
    }

    // Precondition: the pieces are in order.
    static std::string refuse_whole(const KernelImage& image) {
        for (std::size_t next = 1; next < image.pieces.size(); ++next) {
            if (image.pieces[next].address < image.pieces[next - 1].end()) {
                return fmt::format(
                    "an ELF file whose segments overlap at {:#x}; give each a place of its own in the linker "
                    "script",
                    image.pieces[next].address);
            }
        }
        const bool is_inside = std::ranges::any_of(image.pieces, [&image](const KernelPiece& piece) {
            return image.entry >= piece.address && image.entry < piece.end();
        });
        if (!is_inside || image.entry % 4 != 0) {
            return fmt::format(
                "an ELF file whose entry point {:#x} is no instruction of its segments; name it in the "
                "linker script: ENTRY(_start)",
                image.entry);
        }
        return {};
    }

    std::string_view name_;
    std::vector<std::byte> bytes_;
    Region ram_;
    Elf64_Ehdr header_{};
    std::vector<Elf64_Phdr> segments_;  // those that are loaded
    bool is_interpreted_ = false;
};

}  // namespace

bool is_elf(std::span<const std::byte> bytes) {
    return starts_with(bytes, ELFMAG);
}

Result<KernelImage> read_kernel_elf(std::string_view name, std::vector<std::byte> file, Region ram) {
    return Reader{name, std::move(file), ram}.read();
}

}  // namespace levitate::vmm
