// The machine without a CPU: device tree, memory layout, PSCI and the bus.
#include "vmm/machine/machine.hpp"

#include <gtest/gtest.h>
#include <libfdt.h>

#include <cstring>
#include <fstream>
#include <set>
#include <string>

#include "tests/unit/vmm/test_files.hpp"
#include "vmm/machine/device_tree.hpp"
#include "vmm/machine/memory_map.hpp"
#include "vmm/machine/psci.hpp"

namespace levitate::vmm {
namespace {

using namespace std::literals;

class DeviceTreeTest : public testing::Test {
  protected:
    const void* tree() const { return bytes.data(); }
    int node(const char* path) const { return fdt_path_offset(tree(), path); }
    std::string text(const char* path, const char* name) const {
        int length = 0;
        const void* const value = fdt_getprop(tree(), node(path), name, &length);
        return value == nullptr
                   ? "(none)"
                   : std::string(static_cast<const char*>(value), static_cast<std::size_t>(length));
    }
    std::vector<std::byte> make(std::uint64_t seed, GicVersion gic = GicVersion::V3) const {
        return make_device_tree({.memory_bytes = 256U << 20U,
                                 .boot_arguments = "console=ttyAMA0",
                                 .initramfs_begin = 0x4800'0000,
                                 .initramfs_end = 0x4900'0000,
                                 .seed = seed,
                                 .gic = gic})
            .value();
    }

    std::vector<std::byte> bytes = make(7);
};

TEST_F(DeviceTreeTest, is_well_formed) {
    EXPECT_EQ(fdt_check_full(tree(), bytes.size()), 0);
}

TEST_F(DeviceTreeTest, has_what_linux_needs_to_boot) {
    EXPECT_EQ(text("/cpus/cpu@0", "enable-method"), "psci\0"s);
    EXPECT_EQ(text("/psci", "method"), "hvc\0"s);
    EXPECT_GE(fdt_node_offset_by_compatible(tree(), -1, "arm,gic-v3"), 0);
    EXPECT_GE(fdt_node_offset_by_compatible(tree(), -1, "arm,armv8-timer"), 0);
    EXPECT_GE(fdt_node_offset_by_compatible(tree(), -1, "arm,pl011"), 0);
    EXPECT_GE(fdt_node_offset_by_compatible(tree(), -1, "arm,pl031"), 0);
    EXPECT_EQ(text("/pl011@9000000", "clock-names"), "uartclk\0apb_pclk\0"s);
}

TEST_F(DeviceTreeTest, the_interrupt_controller_is_the_one_that_is_there) {
    EXPECT_EQ(fdt_node_offset_by_compatible(tree(), -1, "arm,gic-v2m-frame"), -FDT_ERR_NOTFOUND);
    EXPECT_EQ(text("/timer", "interrupts").size(), 48U);
    EXPECT_EQ(text("/timer", "interrupts")[10], '\0');
    bytes = make(7, GicVersion::V2);
    EXPECT_EQ(fdt_check_full(tree(), bytes.size()), 0);
    EXPECT_EQ(text("/intc@8000000", "compatible"), "arm,cortex-a15-gic\0"s);
    EXPECT_GE(node("/intc@8000000/v2m@8020000"), 0);
    EXPECT_EQ(text("/timer", "interrupts")[10], '\1');  // the first CPU
}

TEST_F(DeviceTreeTest, what_is_on_the_board_is_described) {
    for (const char* const path :
         {"/flash@0", "/fw-cfg@9020000", "/pl061@9030000", "/gpio-keys/poweroff", "/virtio_mmio@a000000",
          "/virtio_mmio@a003e00", "/platform-bus@c000000", "/pcie@10000000"}) {
        EXPECT_GE(node(path), 0) << path;
    }
    EXPECT_EQ(text("/pcie@10000000", "reg"), "\0\0\0\x40\x10\0\0\0\0\0\0\0\x10\0\0\0"s);
    EXPECT_EQ(text("/pcie@10000000", "interrupt-map").size(), 16U * 10 * 4);
    EXPECT_EQ(text("/virtio_mmio@a003e00", "interrupts"), "\0\0\0\0\0\0\0\x2f\0\0\0\1"s);
}

TEST_F(DeviceTreeTest, chosen_has_arguments_initramfs_and_a_seed_but_none_for_kaslr) {
    EXPECT_EQ(text("/chosen", "bootargs"), "console=ttyAMA0\0"s);
    EXPECT_EQ(text("/chosen", "linux,initrd-start"), "\0\0\0\0\x48\0\0\0"s);
    EXPECT_EQ(text("/chosen", "linux,initrd-end"), "\0\0\0\0\x49\0\0\0"s);
    EXPECT_EQ(text("/chosen", "rng-seed").size(), 64U);
    EXPECT_EQ(text("/chosen", "kaslr-seed"), "(none)");
}

TEST_F(DeviceTreeTest, chosen_names_no_initramfs_and_no_arguments_where_there_are_none) {
    bytes = make_device_tree({.memory_bytes = 1U << 20U, .boot_arguments = "", .seed = 1}).value();
    EXPECT_EQ(text("/chosen", "bootargs"), "(none)");
    EXPECT_EQ(text("/chosen", "linux,initrd-start"), "(none)");
    EXPECT_EQ(text("/chosen", "linux,initrd-end"), "(none)");
}

TEST_F(DeviceTreeTest, memory_is_what_was_asked_for) {
    EXPECT_EQ(text("/memory@40000000", "reg"), "\0\0\0\0\x40\0\0\0\0\0\0\0\x10\0\0\0"s);
}

TEST_F(DeviceTreeTest, stdout_path_leads_to_the_uart) {
    EXPECT_GE(node(text("/chosen", "stdout-path").c_str()), 0);
}

TEST_F(DeviceTreeTest, is_a_function_of_its_request) {
    EXPECT_EQ(make(7), bytes);
    EXPECT_NE(make(8), bytes);
}

TEST_F(DeviceTreeTest, arguments_that_do_not_fit_are_an_error) {
    DeviceTreeRequest request;
    request.boot_arguments = std::string(100'000, 'x');
    const auto made = make_device_tree(request);
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("command line"), std::string::npos);
}

TEST(Psci, reports_version_and_features) {
    EXPECT_EQ(call_psci({0x8400'0000, 0, 0, 0}).result, 0x0001'0001U);
    EXPECT_EQ(call_psci({0x8400'000A, 0x8400'0008, 0, 0}).result, 0U);
    EXPECT_EQ(static_cast<std::int64_t>(call_psci({0x8400'000A, 0x8400'00FF, 0, 0}).result), -1);
    EXPECT_EQ(static_cast<std::int64_t>(call_psci({0xDEAD'BEEF, 0, 0, 0}).result), -1);
}

TEST(Psci, the_only_cpu_is_on_and_others_do_not_exist) {
    EXPECT_EQ(static_cast<std::int64_t>(call_psci({0xC400'0003, 0, 0, 0}).result), -4);
    EXPECT_EQ(static_cast<std::int64_t>(call_psci({0xC400'0003, 1, 0, 0}).result), -2);
    EXPECT_EQ(call_psci({0xC400'0004, 0, 0, 0}).result, 0U);
}

TEST(Psci, the_cpu_can_wait_but_nothing_deeper) {
    EXPECT_EQ(call_psci({0xC400'0001, 0, 0, 0}).action, PowerAction::Wait);
    EXPECT_EQ(static_cast<std::int64_t>(call_psci({0xC400'0001, 1U << 24U, 0, 0}).result), -2);
}

TEST(Psci, off_and_reset_are_actions) {
    EXPECT_EQ(call_psci({0x8400'0008, 0, 0, 0}).action, PowerAction::Off);
    EXPECT_EQ(call_psci({0x8400'0009, 0, 0, 0}).action, PowerAction::Reset);
}

class MachineTest : public testing::Test {
  protected:
    Result<std::unique_ptr<Machine>> create(const std::string& kernel, std::uint64_t memory) {
        return Machine::create({.memory_bytes = memory,
                                .kernel = files.write("Image", kernel),
                                .initramfs = std::as_bytes(std::span{initramfs}),
                                .boot_arguments = "quiet",
                                .seed = 1,
                                .hardware = {},
                                .board = {.console = [](std::byte) {}}});
    }

    TestFiles files;
    std::string initramfs = "070701";
};

TEST_F(MachineTest, kernel_tree_and_initramfs_stand_apart_in_ram) {
    const std::string kernel = make_image({.text_offset = 0x1000, .image_size = 0x30'0000});
    const auto machine = create(kernel, 64U << 20U);
    ASSERT_TRUE(machine) << machine.error().message;
    const auto ram = (*machine)->ram();
    const auto entry = (*machine)->entry();
    EXPECT_EQ(entry.pc % 0x20'0000, 0x1000U);
    EXPECT_EQ(std::memcmp(ram.data() + (entry.pc - kRamBase), kernel.data(), kernel.size()), 0);
    EXPECT_GE(entry.device_tree, entry.pc + 0x30'0000);
    EXPECT_EQ(entry.device_tree % 8, 0U);
    const std::byte* const tree = ram.data() + (entry.device_tree - kRamBase);
    ASSERT_EQ(fdt_check_header(tree), 0);
    int length = 0;
    const void* const start =
        fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "linux,initrd-start", &length);
    ASSERT_EQ(length, 8);
    fdt64_t address = 0;
    std::memcpy(&address, start, sizeof address);
    EXPECT_EQ(
        std::memcmp(ram.data() + (fdt64_to_cpu(address) - kRamBase), initramfs.data(), initramfs.size()), 0);
}

TEST_F(MachineTest, binary_without_a_header_is_where_qemu_puts_it) {
    const std::string kernel = "\x01\x02\x03\x04 any code"s;
    const auto machine = create(kernel, 64U << 20U);
    ASSERT_TRUE(machine) << machine.error().message;
    EXPECT_EQ((*machine)->entry().pc, 0x4008'0000U);
    EXPECT_EQ(std::memcmp((*machine)->ram().data() + 0x8'0000, kernel.data(), kernel.size()), 0);
}

TEST_F(MachineTest, too_little_memory_is_an_error_that_says_how_much_is_needed) {
    for (const std::uint64_t memory : {4096ULL, 2ULL << 20U, 5ULL << 20U}) {
        const auto machine = create(make_image({.image_size = 0x30'0000}), memory);
        ASSERT_FALSE(machine);
        EXPECT_NE(machine.error().message.find("--memory"), std::string::npos);
    }
}

TEST_F(MachineTest, missing_kernel_is_not_found) {
    auto machine = Machine::create({.memory_bytes = 64U << 20U,
                                    .kernel = "/nonexistent/Image",
                                    .initramfs = {},
                                    .boot_arguments = {},
                                    .hardware = {},
                                    .board = {.console = [](std::byte) {}}});
    ASSERT_FALSE(machine);
    EXPECT_EQ(machine.error().kind, Error::Kind::Harness);
    EXPECT_NE(machine.error().message.find("/nonexistent/Image"), std::string::npos);
}

TEST_F(MachineTest, only_what_is_on_the_map_answers) {
    const auto machine = create(make_image({.image_size = 4096}), 64U << 20U);
    ASSERT_TRUE(machine);
    const MmioBus& bus = (*machine)->board().bus();
    EXPECT_TRUE(bus.read(kUartRegion.base, 4));
    EXPECT_FALSE(bus.read(kUartRegion.base - 8, 8));
    EXPECT_FALSE(bus.read(kUartRegion.base + kUartRegion.size, 4));
    EXPECT_FALSE(bus.write(kUartRegion.base + kUartRegion.size, 1, 0));
    EXPECT_FALSE(bus.read(~std::uint64_t{7}, 8));
}

}  // namespace
}  // namespace levitate::vmm
