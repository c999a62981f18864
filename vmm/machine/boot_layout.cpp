#include "vmm/machine/boot_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "vmm/arch/aarch64.hpp"
#include "vmm/machine/device_tree.hpp"

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kMib = std::uint64_t{1} << 20U;
// Early Linux maps the tree with a block of this size.
constexpr std::uint64_t kTreeAlignment = 2 * kMib;
// QEMU's tree is a blob of this size, however little is in it (FDT_MAX_SIZE in its device_tree.c).
constexpr std::uint64_t kTreeSizeOfQemu = kMib;
constexpr std::uint64_t kFurthestInitramfs = 128 * kMib;

struct Request {
    std::uint64_t initramfs_size = 0;
    bool has_tree_at_start = false;
    Region ram{};

    BootLayout layout_from(std::uint64_t initramfs) const {
        const std::uint64_t behind = align_up(initramfs + initramfs_size, kTreeAlignment);
        return {.initramfs = initramfs, .device_tree = has_tree_at_start ? ram.base : behind};
    }
    std::uint64_t end_of(const BootLayout& layout) const {
        return std::max(layout.initramfs + initramfs_size, layout.device_tree + kMostDeviceTreeBytes);
    }
};

}  // namespace

Result<BootLayout> lay_out(const KernelImage& kernel, std::uint64_t initramfs_size, Region ram) {
    const Request request{.initramfs_size = initramfs_size,
                          .has_tree_at_start = kernel.form == KernelForm::Elf &&
                                               kernel.lowest_address >= ram.base + kTreeSizeOfQemu,
                          .ram = ram};
    const std::uint64_t kernel_end = align_up(kernel.end(), kPageSize);
    const std::uint64_t end = ram.base + ram.size;
    const std::uint64_t middle = align_up(ram.base + std::min(ram.size / 2, kFurthestInitramfs), kPageSize);
    BootLayout layout = request.layout_from(std::max(middle, kernel_end));
    if (request.end_of(layout) > end) {
        layout = request.layout_from(kernel_end);
    }
    if (request.end_of(layout) > end) {
        return failure(
            Error::Kind::Usage,
            fmt::format("{} MiB of guest RAM do not hold the kernel and the initramfs, which need {} "
                        "MiB; give more with --memory",
                        ram.size / kMib, align_up(request.end_of(layout) - ram.base, kMib) / kMib));
    }
    return layout;
}

}  // namespace levitate::vmm
