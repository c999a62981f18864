// Where initramfs and device tree go beside a kernel. tests/system/boot_test.py holds the same against QEMU.
#include "vmm/machine/boot_layout.hpp"

#include <gtest/gtest.h>

#include "vmm/machine/device_tree.hpp"

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kMib = 1U << 20U;

KernelImage kernel_at(std::uint64_t begin, std::uint64_t size, KernelForm form = KernelForm::Image) {
    return {.form = form,
            .bytes = {},
            .pieces = {{.address = begin, .offset = 0, .file_size = 0, .memory_size = size}},
            .entry = begin,
            .lowest_address = begin};
}

Region ram_of(std::uint64_t size) {
    return {.base = kRamBase, .size = size};
}

TEST(BootLayout, initramfs_is_in_the_middle_or_128_mebibytes_into_ram) {
    const KernelImage kernel = kernel_at(kRamBase + 2 * kMib, kMib);
    EXPECT_EQ(lay_out(kernel, 5, ram_of(64 * kMib))->initramfs, kRamBase + 32 * kMib);
    EXPECT_EQ(lay_out(kernel, 5, ram_of(512 * kMib))->initramfs, kRamBase + 128 * kMib);
}

TEST(BootLayout, initramfs_is_on_the_page_behind_a_kernel_that_reaches_further) {
    const KernelImage kernel = kernel_at(kRamBase + 2 * kMib, 40 * kMib + 1);
    EXPECT_EQ(lay_out(kernel, 5, ram_of(64 * kMib))->initramfs, kRamBase + 42 * kMib + 4096);
}

TEST(BootLayout, tree_is_on_the_second_mebibyte_behind_the_initramfs) {
    const KernelImage kernel = kernel_at(kRamBase + 2 * kMib, kMib);
    EXPECT_EQ(lay_out(kernel, 0, ram_of(64 * kMib))->device_tree, kRamBase + 32 * kMib);
    EXPECT_EQ(lay_out(kernel, 1, ram_of(64 * kMib))->device_tree, kRamBase + 34 * kMib);
    EXPECT_EQ(lay_out(kernel, 2 * kMib, ram_of(64 * kMib))->device_tree, kRamBase + 34 * kMib);
}

TEST(BootLayout, tree_of_an_elf_file_is_at_the_start_of_ram_if_a_mebibyte_is_free_there) {
    const auto tree = [](std::uint64_t begin, KernelForm form) {
        return lay_out(kernel_at(kRamBase + begin, kMib, form), 0, ram_of(64 * kMib))->device_tree;
    };
    EXPECT_EQ(tree(kMib, KernelForm::Elf), kRamBase);
    EXPECT_EQ(tree(kMib - 1, KernelForm::Elf), kRamBase + 32 * kMib);
    EXPECT_EQ(tree(0, KernelForm::Elf), kRamBase + 32 * kMib);
    EXPECT_EQ(tree(kMib, KernelForm::Image), kRamBase + 32 * kMib);
}

TEST(BootLayout, what_does_not_fit_behind_the_middle_goes_behind_the_kernel) {
    const KernelImage kernel = kernel_at(kRamBase + 2 * kMib, kMib);
    const auto layout = lay_out(kernel, 50 * kMib, ram_of(64 * kMib));
    ASSERT_TRUE(layout) << layout.error().message;
    EXPECT_EQ(layout->initramfs, kRamBase + 3 * kMib);
    EXPECT_EQ(layout->device_tree, kRamBase + 54 * kMib);
}

TEST(BootLayout, too_little_memory_is_an_error_that_says_how_much_is_needed) {
    const KernelImage kernel = kernel_at(kRamBase + 2 * kMib, kMib);
    const auto layout = lay_out(kernel, 62 * kMib, ram_of(64 * kMib));
    ASSERT_FALSE(layout);
    EXPECT_EQ(layout.error().kind, Error::Kind::Usage);
    EXPECT_EQ(
        layout.error().message,
        "64 MiB of guest RAM do not hold the kernel and the initramfs, which need 67 MiB; give more with "
        "--memory");
    EXPECT_TRUE(lay_out(kernel, 62 * kMib, ram_of(67 * kMib)));
    EXPECT_FALSE(lay_out(kernel_at(kRamBase, 64 * kMib), 0, ram_of(64 * kMib)));
}

}  // namespace
}  // namespace levitate::vmm
