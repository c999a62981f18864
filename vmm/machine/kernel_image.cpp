#include "vmm/machine/kernel_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "vmm/machine/kernel_elf.hpp"
#include "vmm/machine/other_file.hpp"
#include "vmm/machine/unpack.hpp"

namespace levitate::vmm {
namespace {

struct ImageHeader {
    std::array<std::uint32_t, 2> code;
    std::uint64_t text_offset;
    std::uint64_t image_size;
    std::uint64_t flags;
    std::array<std::uint64_t, 3> reserved;
    std::uint32_t magic;  // "ARM\x64"
    std::uint32_t pe_offset;
};
static_assert(sizeof(ImageHeader) == 64);

constexpr std::uint32_t kMagic = 0x644D'5241;
constexpr std::uint64_t kFlagBigEndian = 1U << 0U;
constexpr unsigned kPageSizeShift = 1;
constexpr std::uint64_t kPageSizeMask = 3;
constexpr std::uint64_t kPageSizeUnspecified = 0;
constexpr std::uint64_t kPageSize4K = 1;

// QEMU's own first instructions stand in the first page of RAM; an Image that asks for a place there goes 2
// MiB further up, which its format allows.
constexpr std::uint64_t kLoaderSize = 4096;
constexpr std::uint64_t kImageAlignment = std::uint64_t{2} << 20U;

std::unexpected<Error> refuse(std::string_view name, std::string_view why) {
    return failure(Error::Kind::Harness, fmt::format("kernel {}: {}", name, why));
}

std::optional<ImageHeader> header_of(std::span<const std::byte> bytes) {
    ImageHeader header{};
    if (bytes.size() < sizeof header) {
        return std::nullopt;
    }
    std::memcpy(&header, bytes.data(), sizeof header);
    return header.magic == kMagic ? std::optional{header} : std::nullopt;
}

// Empty: nothing is wrong with it.
std::string_view refuse_header(const ImageHeader& header) {
    if ((header.flags & kFlagBigEndian) != 0) {
        return "a big-endian kernel; only little-endian ones are supported: build it without "
               "CONFIG_CPU_BIG_ENDIAN";
    }
    const std::uint64_t page_size = (header.flags >> kPageSizeShift) & kPageSizeMask;
    if (page_size != kPageSizeUnspecified && page_size != kPageSize4K) {
        return "built for pages of 16 or 64 KiB; build it with CONFIG_ARM64_4K_PAGES";
    }
    constexpr std::uint64_t kSaneSize = std::uint64_t{1} << 40U;
    if (header.image_size > kSaneSize || header.text_offset > kSaneSize) {
        return "damaged: its header asks for more than a terabyte; copy or build it again";
    }
    if (header.text_offset % 4 != 0) {
        return "damaged: its text_offset is no multiple of 4; copy or build it again";
    }
    return {};
}

// The size and the offset in an Image's header count only if the size is not zero: before Linux 3.17 it was.
// The kernel then has the place of a binary without a header.
Result<KernelImage> place_binary(std::string_view name, std::vector<std::byte> bytes, Region ram) {
    const std::optional<ImageHeader> header = header_of(bytes);
    if (header) {
        if (const std::string_view why = refuse_header(*header); !why.empty()) {
            return refuse(name, why);
        }
    }
    std::uint64_t address = kKernelBase;
    std::uint64_t size = bytes.size();
    if (header && header->image_size != 0) {
        address = ram.base + header->text_offset;
        address += header->text_offset < kLoaderSize ? kImageAlignment : 0;
        size = std::max(size, header->image_size);
    }
    if (address - ram.base > ram.size || size > ram.size - (address - ram.base)) {
        return refuse(
            name, fmt::format("needs RAM up to {:#x}, and there is RAM up to {:#x}; give more with --memory",
                              address + size, ram.base + ram.size));
    }
    const KernelPiece piece{.address = address, .offset = 0, .file_size = bytes.size(), .memory_size = size};
    return KernelImage{.form = header ? KernelForm::Image : KernelForm::Raw,
                       .bytes = std::move(bytes),
                       .pieces = {piece},
                       .entry = address,
                       .lowest_address = address};
}

// Why what was unpacked is not loaded: QEMU would execute its first bytes. Empty: it is an Image or a binary
// without a header.
std::string refuse_unpacked(std::string_view name, std::span<const std::byte> bytes, bool is_from_zboot) {
    if (is_from_zboot && !header_of(bytes)) {
        return "an EFI zboot image, but not of an arm64 Image; use arch/arm64/boot/Image of the same build";
    }
    if (is_elf(bytes)) {
        return fmt::format(
            "an ELF file in gzip, which QEMU does not load; unpack it: gzip -dc {} > kernel.elf", name);
    }
    if (is_gzip(bytes) || is_zboot(bytes)) {
        return fmt::format("compressed twice, which QEMU does not load; unpack it once: gzip -dc {} > kernel",
                           name);
    }
    const auto other = header_of(bytes) ? std::nullopt : describe_other_file("unpacked", bytes);
    return other ? fmt::format("in gzip; unpack it: gzip -dc {} > unpacked, which is {}", name, *other)
                 : std::string{};
}

}  // namespace

Result<KernelImage> read_kernel(std::string_view name, std::vector<std::byte> file, Region ram) {
    if (is_elf(file)) {
        return read_kernel_elf(name, std::move(file), ram);
    }
    const bool is_from_zboot = is_zboot(file);
    if (is_from_zboot || is_gzip(file)) {
        const std::uint64_t most = std::min(kMostUnpackedBytes, ram.size);
        Unpacked unpacked = is_from_zboot ? unpack_zboot(name, file, most) : unpack_gzip(name, file, most);
        if (!unpacked) {
            return refuse(name, unpacked.error());
        }
        if (const std::string why = refuse_unpacked(name, *unpacked, is_from_zboot); !why.empty()) {
            return refuse(name, why);
        }
        file = std::move(*unpacked);
    } else if (!header_of(file)) {
        if (const auto other = describe_other_file(name, file)) {
            return refuse(name, *other);
        }
    }
    return place_binary(name, std::move(file), ram);
}

}  // namespace levitate::vmm
