#include "vmm/machine/kernel_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace levitate::vmm {
namespace {

struct ImageHeader {
    std::uint32_t code[2];
    std::uint64_t text_offset;
    std::uint64_t image_size;
    std::uint64_t flags;
    std::uint64_t reserved[3];
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

bool has_at(std::span<const std::byte> bytes, std::size_t offset, std::string_view text) {
    return bytes.size() >= offset + text.size() &&
           std::memcmp(bytes.data() + offset, text.data(), text.size()) == 0;
}

// What a file is that is not an arm64 Image, and what to do about it.
std::string describe_other(std::span<const std::byte> bytes) {
    using namespace std::literals;
    if (bytes.empty()) {
        return "an empty file";
    }
    if (has_at(bytes, 0, "\x1f\x8b"sv)) {
        return "compressed with gzip (Image.gz?); decompress it: gzip -dc FILE > Image";
    }
    if (has_at(bytes, 0, "\x28\xb5\x2f\xfd"sv)) {
        return "compressed with zstd; decompress it: zstd -dc FILE > Image";
    }
    if (has_at(bytes, 0,
               "\xfd"
               "7zXZ"sv)) {
        return "compressed with xz; decompress it: xz -dc FILE > Image";
    }
    if (has_at(bytes, 0,
               "\x7f"
               "ELF"sv)) {
        return "an ELF file (vmlinux?); use arch/arm64/boot/Image, or make it with aarch64-linux-gnu-objcopy "
               "-O "
               "binary";
    }
    if (has_at(bytes, 0x202, "HdrS"sv)) {
        return "an x86 bzImage; a kernel for arm64 is needed";
    }
    if (has_at(bytes, 4, "zimg"sv)) {
        return "an EFI zboot image, which is compressed; use arch/arm64/boot/Image of the same build";
    }
    if (has_at(bytes, 0, "\x27\x05\x19\x56"sv)) {
        return "a U-Boot uImage; use arch/arm64/boot/Image of the same build";
    }
    return "not an arm64 kernel Image (its header lacks the magic ARM\\x64); use arch/arm64/boot/Image";
}

}  // namespace

Result<KernelImage> read_kernel_header(std::string_view name, std::span<const std::byte> bytes) {
    const auto refuse = [name](std::string_view why) {
        return failure(Error::Kind::Harness, fmt::format("kernel {}: {}", name, why));
    };
    ImageHeader header{};
    std::memcpy(&header, bytes.data(), std::min(bytes.size(), sizeof header));
    if (bytes.size() < sizeof header || header.magic != kMagic) {
        return refuse(describe_other(bytes));
    }
    if ((header.flags & kFlagBigEndian) != 0) {
        return refuse("a big-endian kernel; only little-endian ones are supported");
    }
    const std::uint64_t page_size = (header.flags >> kPageSizeShift) & kPageSizeMask;
    if (page_size != kPageSizeUnspecified && page_size != kPageSize4K) {
        return refuse("built for pages of 16 or 64 KiB; build it with CONFIG_ARM64_4K_PAGES");
    }
    if (header.image_size == 0) {
        return refuse("an Image from before Linux 3.17, whose header does not say its size");
    }
    constexpr std::uint64_t kSaneSize = 1ULL << 40U;
    if (header.image_size > kSaneSize || header.text_offset > kSaneSize) {
        return refuse("damaged: its header asks for more than a terabyte");
    }
    return KernelImage{.text_offset = header.text_offset,
                       .image_size = std::max<std::uint64_t>(header.image_size, bytes.size())};
}

}  // namespace levitate::vmm
