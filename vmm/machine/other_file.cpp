#include "vmm/machine/other_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "vmm/machine/magic.hpp"

namespace levitate::vmm {
namespace {

using namespace std::literals;

// A kind of file: what stands at its offset, and what it is with the remedy, in which {} is the file.
struct Kind {
    std::size_t offset;
    std::string_view magic;
    std::string_view description;
};

constexpr std::array kKinds{
    Kind{0, "\xfd\x37zXZ"sv, "compressed with xz, which QEMU does not unpack; unpack it: xz -dc {} > kernel"},
    Kind{0, "\x28\xb5\x2f\xfd"sv,
         "compressed with zstd, which QEMU does not unpack; unpack it: zstd -dc {} > kernel"},
    Kind{0, "BZh"sv, "compressed with bzip2, which QEMU does not unpack; unpack it: bzip2 -dc {} > kernel"},
    Kind{0, "\x02\x21\x4c\x18"sv,
         "compressed with lz4, which QEMU does not unpack; unpack it: lz4 -dc {} > kernel"},
    Kind{0, "\x04\x22\x4d\x18"sv,
         "compressed with lz4, which QEMU does not unpack; unpack it: lz4 -dc {} > kernel"},
    Kind{0, "\x27\x05\x19\x56"sv,
         "a U-Boot uImage; take off its header of 64 bytes: tail -c +65 {} > kernel"},
    Kind{0x202, "HdrS"sv, "an x86 bzImage; build the kernel for arm64"},
    Kind{0, "070701"sv, "a cpio archive, no kernel; give it with --initrd"},
    Kind{0, "\xd0\x0d\xfe\xed"sv,
         "a device tree or a FIT image, no kernel; use the kernel that it was made with, such as "
         "arch/arm64/boot/Image"},
    Kind{0, "!<arch>\n"sv,
         "a static library; link it first: aarch64-linux-gnu-ld -Ttext=0x40080000 -o kernel.elf "
         "--whole-archive {}"},
    Kind{0, "\xcf\xfa\xed\xfe"sv,
         "a Mach-O file, as macOS has them; build the kernel for a target without an operating system, for "
         "example with rustc --target aarch64-unknown-none or clang --target=aarch64-none-elf"},
};

// An application for UEFI (PE format, "The Common Object File Format").
bool is_pe(std::span<const std::byte> bytes) {
    constexpr std::size_t kPlaceOfHeader = 0x3C;
    std::uint32_t header = 0;
    if (!has_at(bytes, 0, "MZ") || bytes.size() < kPlaceOfHeader + sizeof header) {
        return false;
    }
    std::memcpy(&header, bytes.data() + kPlaceOfHeader, sizeof header);
    return has_at(bytes, header, "PE\0\0"sv);
}

// Code has other bytes within its first instructions.
bool is_text(std::span<const std::byte> bytes) {
    constexpr std::size_t kEnough = 64;
    return std::ranges::all_of(bytes.first(std::min(bytes.size(), kEnough)), [](std::byte byte) {
        const auto character = std::to_integer<unsigned char>(byte);
        return (character >= ' ' && character <= '~') || (character >= '\t' && character <= '\r');
    });
}

}  // namespace

std::optional<std::string> describe_other_file(std::string_view name, std::span<const std::byte> bytes) {
    if (bytes.empty()) {
        return "an empty file; build or copy the kernel again";
    }
    for (const Kind& kind : kKinds) {
        if (has_at(bytes, kind.offset, kind.magic)) {
            return fmt::format(fmt::runtime(kind.description), name);
        }
    }
    if (is_pe(bytes)) {
        return fmt::format(
            "an EFI application, no arm64 Image; a unified kernel image has one in it: "
            "aarch64-linux-gnu-objcopy -O "
            "binary --only-section=.linux {} Image",
            name);
    }
    if (is_text(bytes)) {
        return "text (a script, or the page of a failed download?); give the kernel's own file";
    }
    return std::nullopt;
}

}  // namespace levitate::vmm
