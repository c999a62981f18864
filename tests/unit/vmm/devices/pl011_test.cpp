#include "vmm/devices/pl011.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kData = 0x000;
constexpr std::uint64_t kFlag = 0x018;
constexpr std::uint64_t kLineControl = 0x02C;
constexpr std::uint64_t kFifoLevel = 0x034;
constexpr std::uint64_t kMask = 0x038;
constexpr std::uint64_t kRaw = 0x03C;
constexpr std::uint64_t kMasked = 0x040;
constexpr std::uint64_t kClear = 0x044;
constexpr std::uint64_t kFifosEnabled = 0x10;
constexpr std::uint64_t kReceiveEmpty = 0x10;
constexpr std::uint64_t kReceiveFull = 0x40;
constexpr std::uint64_t kReceiveInterrupt = 0x10;
constexpr std::uint64_t kTransmitInterrupt = 0x20;
constexpr std::uint64_t kTimeoutInterrupt = 0x40;

class Pl011Test : public testing::Test {
  protected:
    void send(std::size_t count) {
        const std::vector<std::byte> bytes(count, std::byte{'x'});
        uart.send(bytes);
    }
    std::uint64_t get(std::uint64_t offset) { return uart.read(offset, 4).value_or(~0ULL); }

    Level line = Level::Low;
    std::string output;
    Pl011 uart{[this](Level level) { line = level; },
               [this](std::byte byte) { output.push_back(std::to_integer<char>(byte)); }};
};

TEST_F(Pl011Test, data_written_is_put_out_in_order) {
    uart.write(kData, 4, 'h');
    uart.write(kData, 1, 'i');
    EXPECT_EQ(output, "hi");
}

TEST_F(Pl011Test, transmit_interrupt_rises_after_a_write_and_is_cleared_by_icr) {
    uart.write(kMask, 4, kTransmitInterrupt);
    EXPECT_EQ(line, Level::Low);
    uart.write(kData, 4, 'a');
    EXPECT_EQ(line, Level::High);
    uart.write(kClear, 4, kTransmitInterrupt);
    EXPECT_EQ(line, Level::Low);
}

TEST_F(Pl011Test, masked_interrupt_is_raw_but_not_on_the_line) {
    send(1);
    EXPECT_NE(get(kRaw) & kTimeoutInterrupt, 0U);
    EXPECT_EQ(get(kMasked), 0U);
    EXPECT_EQ(line, Level::Low);
    uart.write(kMask, 4, kTimeoutInterrupt);
    EXPECT_EQ(line, Level::High);
}

TEST_F(Pl011Test, reading_all_that_was_received_lowers_the_line) {
    uart.write(kLineControl, 4, kFifosEnabled);
    uart.write(kMask, 4, kReceiveInterrupt | kTimeoutInterrupt);
    send(3);
    for (int count = 0; count < 3; ++count) {
        EXPECT_EQ(line, Level::High);
        EXPECT_EQ(get(kFlag) & kReceiveEmpty, 0U);
        EXPECT_EQ(get(kData), 'x');
    }
    EXPECT_EQ(line, Level::Low);
    EXPECT_NE(get(kFlag) & kReceiveEmpty, 0U);
}

TEST_F(Pl011Test, receive_interrupt_follows_the_fifo_level) {
    uart.write(kLineControl, 4, kFifosEnabled);
    uart.write(kFifoLevel, 4, 2U << 3U);  // at half of 32
    send(15);
    EXPECT_EQ(get(kRaw) & kReceiveInterrupt, 0U);
    send(1);
    EXPECT_NE(get(kRaw) & kReceiveInterrupt, 0U);
    get(kData);
    EXPECT_EQ(get(kRaw) & kReceiveInterrupt, 0U);
}

TEST_F(Pl011Test, clearing_with_bytes_left_does_not_silence_the_line) {
    uart.write(kLineControl, 4, kFifosEnabled);
    uart.write(kMask, 4, kReceiveInterrupt | kTimeoutInterrupt);
    send(2);
    get(kData);
    uart.write(kClear, 4, kReceiveInterrupt | kTimeoutInterrupt);
    EXPECT_EQ(line, Level::High);
    get(kData);
    EXPECT_EQ(line, Level::Low);
}

TEST_F(Pl011Test, nothing_is_lost_when_more_arrives_than_the_fifo_holds) {
    constexpr std::size_t kMany = 10'000;
    uart.write(kLineControl, 4, kFifosEnabled);
    send(kMany);
    EXPECT_NE(get(kFlag) & kReceiveFull, 0U);
    std::size_t read = 0;
    while ((get(kFlag) & kReceiveEmpty) == 0) {
        get(kData);
        ++read;
    }
    EXPECT_EQ(read, kMany);
    EXPECT_EQ(uart.unread(), 0U);
}

TEST_F(Pl011Test, identification_is_that_of_an_arm_pl011) {
    std::uint64_t part = 0;
    std::uint64_t cell = 0;
    for (unsigned index = 0; index < 4; ++index) {
        part |= get(0xFE0 + 4 * index) << (8 * index);
        cell |= get(0xFF0 + 4 * index) << (8 * index);
    }
    EXPECT_EQ(part & 0x000F'FFFF, 0x0004'1011U);  // what Linux's driver matches (amba-pl011.c)
    EXPECT_EQ(cell, 0xB105'F00DU);
}

TEST_F(Pl011Test, accesses_of_all_sizes_reach_the_registers) {
    EXPECT_EQ(uart.read(0xFE0, 8), 0x10'0000'0011U);
    EXPECT_EQ(uart.read(0xFE8, 1), get(0xFE8));
    EXPECT_TRUE(uart.write(kData, 1, 'a'));
    EXPECT_TRUE(uart.write(kData, 8, 'b'));
    EXPECT_EQ(output, "ab");
}

}  // namespace
}  // namespace levitate::vmm
