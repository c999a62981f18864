// Kernel files of every form: what is accepted stays within the file and within RAM, and what lies beside it
// too.
#include "tests/fuzz/input.hpp"
#include "vmm/machine/boot_layout.hpp"
#include "vmm/machine/device_tree.hpp"
#include "vmm/machine/kernel_image.hpp"

namespace {

using levitate::fuzz::require;
using namespace levitate::vmm;

constexpr Region kRam{.base = kRamBase, .size = std::uint64_t{8} << 20U};
constexpr std::uint64_t kEndOfRam = kRam.base + kRam.size;
constexpr std::uint64_t kInitramfsSize = 0x1800;

// Two ranges, each with its end behind its last byte.
bool are_apart(std::uint64_t begin, std::uint64_t end, std::uint64_t other_begin, std::uint64_t other_end) {
    return end <= other_begin || other_end <= begin;
}

void require_pieces(const KernelImage& image) {
    require(!image.pieces.empty(), "a kernel has a piece");
    bool is_entered = false;
    std::uint64_t end = kRam.base;
    for (const KernelPiece& piece : image.pieces) {
        require(piece.address >= end, "pieces are in order and apart");
        require(piece.address <= kEndOfRam && piece.memory_size <= kEndOfRam - piece.address,
                "a piece lies in RAM");
        require(piece.file_size <= piece.memory_size, "a piece has room for its bytes");
        require(piece.offset <= image.bytes.size() && piece.file_size <= image.bytes.size() - piece.offset,
                "a piece's bytes are in the file");
        end = piece.end();
        is_entered = is_entered || (image.entry >= piece.address && image.entry < end);
    }
    require(is_entered && image.entry % 4 == 0, "the entry is an instruction of a piece");
}

void require_layout(const KernelImage& image, const BootLayout& layout) {
    const std::uint64_t initramfs_end = layout.initramfs + kInitramfsSize;
    const std::uint64_t tree_end = layout.device_tree + kMostDeviceTreeBytes;
    require(layout.initramfs >= kRam.base && initramfs_end <= kEndOfRam, "the initramfs lies in RAM");
    require(layout.device_tree >= kRam.base && tree_end <= kEndOfRam, "the device tree lies in RAM");
    require(are_apart(layout.initramfs, initramfs_end, layout.device_tree, tree_end), "both are apart");
    require(are_apart(layout.initramfs, initramfs_end, image.begin(), image.end()),
            "the initramfs spares the kernel");
    require(are_apart(layout.device_tree, tree_end, image.begin(), image.end()),
            "the device tree spares the kernel");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span{data, size});
    const auto image = read_kernel("input", {bytes.begin(), bytes.end()}, kRam);
    if (!image) {
        require(image.error().message.starts_with("kernel input: "), "an error names the file");
        return 0;
    }
    require_pieces(*image);
    if (const auto layout = lay_out(*image, kInitramfsSize, kRam)) {
        require_layout(*image, *layout);
    }
    return 0;
}
