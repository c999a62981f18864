// The devices of QEMU's virt that are there to be found absent or idle: their registers' values are those of
// tests/system/guest/devices.cpp, where QEMU's are beside them.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "vmm/devices/cfi_flash.hpp"
#include "vmm/devices/fw_cfg.hpp"
#include "vmm/devices/gic_v2m.hpp"
#include "vmm/devices/pci_host.hpp"
#include "vmm/devices/pl061.hpp"
#include "vmm/devices/virtio_mmio.hpp"

namespace levitate::vmm {
namespace {

TEST(PciHost, only_the_bridge_is_there) {
    PciConfiguration configuration;
    EXPECT_EQ(configuration.read(0, 4), 0x0008'1B36U);
    EXPECT_EQ(configuration.read(2, 2), 0x0008U);
    EXPECT_EQ(configuration.read(0x8000, 4), 0xFFFF'FFFFU);
    EXPECT_EQ(configuration.read(0x8000, 8), ~0ULL);
    EXPECT_EQ(configuration.read(0x100, 1), 0xFFU);
    configuration.write(0, 8, 0);
    EXPECT_EQ(configuration.read(0, 8), 0x0008'1B36U);
    configuration.write(0x10, 4, ~0U);  // it has no base addresses
    EXPECT_EQ(configuration.read(0x10, 4), 0U);
    configuration.write(0xFFF'FFF8, 8, ~0ULL);
}

TEST(PciHost, windows_read_as_ones) {
    PciWindow window;
    EXPECT_EQ(window.read(0x123, 1), 0xFFU);
    EXPECT_EQ(window.read(0, 8), ~0ULL);
    EXPECT_TRUE(window.write(0, 4, 0));
}

TEST(GicV2m, messages_raise_their_interrupts_only) {
    std::vector<std::uint32_t> raised;
    GicV2m frame{[&raised](std::uint32_t spi) { raised.push_back(spi); }};
    for (const std::uint64_t message : {79U, 80U, 143U, 144U, 0xFFFF'FFFFU}) {
        frame.write(0x40, 4, message);
    }
    frame.write(0x40, 2, 80);
    frame.write(0x44, 4, 80);
    EXPECT_EQ(raised, (std::vector<std::uint32_t>{48, 111}));
    EXPECT_EQ(frame.read(0x08, 4), 0x0050'0040U);
}

class Pl061Test : public testing::Test {
  protected:
    void set(std::uint64_t offset, std::uint64_t value) { gpio.write(offset, 4, value); }
    std::uint64_t get(std::uint64_t offset) { return gpio.read(offset, 4).value(); }

    Level line = Level::Low;
    Pl061 gpio{[this](Level level) { line = level; }};
};

TEST_F(Pl061Test, data_is_accessed_through_the_mask_in_the_address) {
    set(0x400, 0x0F);
    set(0x3FC, 0xFF);
    EXPECT_EQ(get(0x3FC), 0x0FU);
    set(0x03 << 2, 0);
    EXPECT_EQ(get(0x3FC), 0x0CU);
    EXPECT_EQ(get(0x04 << 2), 0x04U);
}

TEST_F(Pl061Test, an_input_interrupts_by_its_level) {
    set(0x404, 0x08);
    EXPECT_EQ(get(0x414), 0x08U);
    EXPECT_EQ(line, Level::Low);
    set(0x410, 0x08);
    EXPECT_EQ(line, Level::High);
    set(0x40C, 0x08);  // high instead
    set(0x41C, 0xFF);
    EXPECT_EQ(line, Level::Low);
}

TEST(VirtioMmio, an_empty_slot_says_so) {
    std::vector<std::byte> ram(4096);
    GuestMemory memory{0x4000'0000, ram};
    VirtioMmio slot{VirtioForm::Legacy, memory, [](Level) { ADD_FAILURE(); }};
    EXPECT_EQ(slot.read(0x000, 4), 0x7472'6976U);
    EXPECT_EQ(slot.read(0x004, 4), 1U);
    EXPECT_EQ(slot.read(0x008, 4), 0U);
    EXPECT_EQ(slot.read(0x000, 8), 0x1'7472'6976U);
    EXPECT_TRUE(slot.write(0x070, 4, 1));
    EXPECT_EQ(slot.read(0x070, 4), 0U);
}

class FwCfgTest : public testing::Test {
  protected:
    static constexpr std::uint64_t kBase = 0x4000'0000;

    static std::uint32_t big(std::uint32_t value) { return __builtin_bswap32(value); }
    // Puts a descriptor at `at` and hands it over. The control word that is left there.
    std::uint32_t transfer(std::uint64_t at, std::uint32_t control, std::uint32_t length,
                           std::uint64_t address) {
        const std::array<std::uint32_t, 4> words{big(control), big(length),
                                                 big(static_cast<std::uint32_t>(address >> 32U)),
                                                 big(static_cast<std::uint32_t>(address))};
        std::memcpy(ram.data() + (at - kBase), words.data(), sizeof words);
        device.write(0x10, 8, __builtin_bswap64(at));
        std::uint32_t left = 0;
        std::memcpy(&left, ram.data() + (at - kBase), sizeof left);
        return big(left);
    }

    std::vector<std::byte> ram = std::vector<std::byte>(4096, std::byte{0x55});
    GuestMemory memory{kBase, ram};
    FwCfg device{memory};
};

TEST_F(FwCfgTest, items_are_read_in_the_order_of_their_bytes) {
    EXPECT_EQ(device.read(0, 4), 0x554D'4551U);  // "QEMU"
    EXPECT_EQ(device.read(0, 8), 0U);
    EXPECT_TRUE(device.write(8, 2, 0x0100));  // item 1, big-endian
    EXPECT_EQ(device.read(0, 1), 3U);
    EXPECT_TRUE(device.write(8, 2, 0x3412));  // there is none
    EXPECT_EQ(device.read(0, 2), 0U);
}

TEST_F(FwCfgTest, accesses_that_qemu_refuses_are_not_answered) {
    EXPECT_FALSE(device.read(8, 2));
    EXPECT_FALSE(device.write(8, 4, 0));
    EXPECT_FALSE(device.write(0x10, 2, 0));
    EXPECT_FALSE(device.write(0x16, 2, 0));
}

TEST_F(FwCfgTest, an_item_is_transferred_with_zeros_behind_it) {
    constexpr std::uint32_t kSelectAndRead = 0x8 | 0x2;
    EXPECT_EQ(transfer(kBase, kSelectAndRead, 6, kBase + 0x100), 0U);
    EXPECT_EQ(std::memcmp(ram.data() + 0x100, "QEMU\0\0", 6), 0);
    EXPECT_EQ(ram[0x106], std::byte{0x55});
}

TEST_F(FwCfgTest, nothing_outside_ram_is_touched) {
    constexpr std::uint32_t kError = 1;
    EXPECT_EQ(transfer(kBase, 0xA, 0xFFFF'FFFF, kBase), kError);
    EXPECT_EQ(transfer(kBase, 0xA, 8, kBase + 4092), kError);
    EXPECT_EQ(transfer(kBase, 0xA, 8, ~0ULL - 2), kError);
    EXPECT_EQ(transfer(kBase, 0x10, 4, kBase), kError);  // a write
    std::vector<std::byte> expected = ram;
    device.write(0x10, 8, ~0ULL);
    EXPECT_EQ(ram, expected);
    device.write(0x10, 8, __builtin_bswap64(kBase + 4090));  // half of a descriptor: only the answer fits
    std::fill_n(expected.begin() + 4090, 3, std::byte{0});
    expected[4093] = std::byte{kError};
    EXPECT_EQ(ram, expected);
}

TEST(CfiFlash, is_erased_and_programmed_by_commands) {
    CfiFlash flash;
    const auto command = [&flash](std::uint64_t offset, std::uint32_t value) {
        flash.write(offset, 4, value << 16U | value);
    };
    EXPECT_EQ(flash.read(0x40000, 8), 0U);
    command(0x40000, 0x20);
    command(0x40000, 0xD0);
    EXPECT_EQ(flash.read(0, 4), 0x0080'0080U);
    command(0, 0xFF);
    EXPECT_EQ(flash.read(0x7FFF8, 8), ~0ULL);
    EXPECT_EQ(flash.read(0x80000, 4), 0U);
    command(0x40000, 0x40);
    flash.write(0x40004, 4, 0x1234'5678);
    command(0, 0xFF);
    EXPECT_EQ(flash.read(0x40004, 2), 0x5678U);
}

TEST(CfiFlash, a_buffer_is_written_only_when_it_is_confirmed) {
    CfiFlash flash;
    for (const std::uint32_t confirmation : {0xFFU, 0xD0U}) {
        flash.write(0, 4, 0x00E8'00E8);
        flash.write(0, 4, 0x0001'0001);
        flash.write(0x10, 4, 0x1111'1111);
        flash.write(0x14, 4, 0x2222'2222);
        flash.write(0, 4, confirmation << 16U | confirmation);
        flash.write(0, 4, 0x00FF'00FF);
        EXPECT_EQ(flash.read(0x10, 8), confirmation == 0xD0 ? 0x2222'2222'1111'1111U : 0U);
    }
}

TEST(CfiFlash, the_longest_buffer_and_the_last_bytes_are_survived) {
    CfiFlash flash;
    flash.write(0, 4, 0x00E8'00E8);
    flash.write(0, 4, 0xFFFF'FFFF);
    for (int index = 0; index < 2000; ++index) {
        flash.write(CfiFlash::kBytes - 4, 4, 0xD0);
    }
    EXPECT_TRUE(flash.read(CfiFlash::kBytes - 8, 8));
}

}  // namespace
}  // namespace levitate::vmm
