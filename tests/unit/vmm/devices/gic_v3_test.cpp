#include "vmm/devices/gic_v3.hpp"

#include <gtest/gtest.h>

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kControl = 0x0000;
constexpr std::uint64_t kGroup = 0x0080;
constexpr std::uint64_t kSetEnable = 0x0100;
constexpr std::uint64_t kClearEnable = 0x0180;
constexpr std::uint64_t kSetPending = 0x0200;
constexpr std::uint64_t kClearPending = 0x0280;
constexpr std::uint64_t kSetActive = 0x0300;
constexpr std::uint64_t kPriority = 0x0400;
constexpr std::uint64_t kConfiguration = 0x0C00;
constexpr std::uint64_t kRoute = 0x6000;
constexpr std::uint64_t kSgiFrame = 0x10000;
constexpr std::uint64_t kWaker = 0x0014;

constexpr std::uint32_t kUart = 33;
constexpr std::uint32_t kTimer = 27;

// Set up as Linux's irq-gic-v3 does: all in group 1, distributor and redistributor on, UART and timer
// enabled.
class GicV3Test : public testing::Test {
  protected:
    void SetUp() override {
        distributor.write(kControl, 4, 0x12);
        distributor.write(kGroup + 4, 4, ~0U);
        redistributor.write(kWaker, 4, 0);
        redistributor.write(kSgiFrame + kGroup, 4, ~0U);
        set_priority(kUart, 0xA0);
        redistributor.write(kSgiFrame + kPriority + kTimer, 1, 0xA0);
        distributor.write(kSetEnable + 4, 4, 1U << (kUart - 32));
        redistributor.write(kSgiFrame + kSetEnable, 4, 1U << kTimer);
    }
    void set_priority(std::uint32_t intid, std::uint8_t priority) {
        distributor.write(kPriority + intid, 1, priority);
    }
    std::optional<std::uint32_t> pending() const {
        const auto highest = gic.highest_pending();
        return highest ? std::optional{highest->intid} : std::nullopt;
    }

    GicV3 gic;
    Device& distributor = gic.distributor();
    Device& redistributor = gic.redistributor();
};

TEST_F(GicV3Test, level_interrupt_is_pending_while_its_line_is_high) {
    EXPECT_EQ(pending(), std::nullopt);
    gic.set_line(kUart, Level::High);
    EXPECT_EQ(pending(), kUart);
    gic.set_line(kUart, Level::Low);
    EXPECT_EQ(pending(), std::nullopt);
}

TEST_F(GicV3Test, acknowledged_interrupt_is_pending_again_only_after_deactivation) {
    gic.set_line(kUart, Level::High);
    gic.acknowledge(kUart);
    EXPECT_EQ(pending(), std::nullopt);
    gic.deactivate(kUart);
    EXPECT_EQ(pending(), kUart);
}

TEST_F(GicV3Test, edge_interrupt_is_latched_until_acknowledged) {
    distributor.write(kConfiguration + 8, 4, 2U << (2 * (kUart - 32)));
    gic.set_line(kUart, Level::High);
    gic.set_line(kUart, Level::Low);
    EXPECT_EQ(pending(), kUart);
    gic.acknowledge(kUart);
    gic.deactivate(kUart);
    EXPECT_EQ(pending(), std::nullopt);
}

TEST_F(GicV3Test, higher_priority_wins_and_then_the_lower_number) {
    gic.set_line(kUart, Level::High);
    gic.set_line(kTimer, Level::High);
    EXPECT_EQ(pending(), kTimer);
    set_priority(kUart, 0x80);
    EXPECT_EQ(pending(), kUart);
    EXPECT_EQ(gic.highest_pending().value_or(PendingInterrupt{}).priority, 0x80);
}

TEST_F(GicV3Test, only_the_five_high_bits_of_a_priority_exist) {
    set_priority(kUart, 0xFF);
    EXPECT_EQ(distributor.read(kPriority + kUart, 1), 0xF8U);
}

TEST_F(GicV3Test, disabled_interrupt_group_0_interrupt_and_sleeping_cpu_get_nothing) {
    gic.set_line(kUart, Level::High);
    distributor.write(kClearEnable + 4, 4, 1U << (kUart - 32));
    EXPECT_EQ(pending(), std::nullopt);
    distributor.write(kSetEnable + 4, 4, 1U << (kUart - 32));
    distributor.write(kGroup + 4, 4, 0);
    EXPECT_EQ(pending(), std::nullopt);
    distributor.write(kGroup + 4, 4, ~0U);
    redistributor.write(kWaker, 4, 2);
    EXPECT_EQ(redistributor.read(kWaker, 4), 6U);
    EXPECT_EQ(pending(), std::nullopt);
}

TEST_F(GicV3Test, spi_routed_to_another_cpu_is_not_for_us) {
    constexpr std::uint64_t route = kRoute + 8ULL * kUart;
    gic.set_line(kUart, Level::High);
    distributor.write(route, 8, 1);
    EXPECT_EQ(pending(), std::nullopt);
    distributor.write(route, 8, 1ULL << 31U);  // to any
    EXPECT_EQ(pending(), kUart);
    EXPECT_EQ(distributor.read(route, 8), 1ULL << 31U);
}

TEST_F(GicV3Test, software_sets_and_clears_pending_and_active) {
    distributor.write(kSetPending + 4, 4, 1U << (kUart - 32));
    EXPECT_EQ(pending(), kUart);
    distributor.write(kSetActive + 4, 4, 1U << (kUart - 32));
    EXPECT_EQ(pending(), std::nullopt);
    gic.deactivate(kUart);
    distributor.write(kClearPending + 4, 4, 1U << (kUart - 32));
    EXPECT_EQ(pending(), std::nullopt);
}

TEST_F(GicV3Test, sgi_to_this_cpu_is_pending_and_one_to_all_others_is_not) {
    redistributor.write(kSgiFrame + kSetEnable, 4, 0xFFFF);
    gic.send_sgi((1ULL << 40U) | (5ULL << 24U));
    EXPECT_EQ(pending(), std::nullopt);
    gic.send_sgi((5ULL << 24U) | 1U);
    EXPECT_EQ(pending(), 5U);
}

TEST_F(GicV3Test, every_change_is_announced) {
    int changes = 0;
    gic.on_change([&changes] { ++changes; });
    gic.set_line(kUart, Level::High);
    EXPECT_EQ(changes, 1);
    gic.set_line(kUart, Level::High);
    EXPECT_EQ(changes, 1);
    gic.acknowledge(kUart);
    gic.deactivate(kUart);
    distributor.write(kClearEnable + 4, 4, ~0U);
    EXPECT_EQ(changes, 4);
}

TEST_F(GicV3Test, identifies_itself_as_a_gicv3_without_security) {
    EXPECT_EQ((distributor.read(0xFFE8, 4).value_or(0) >> 4U) & 0xFU, 3U);
    EXPECT_EQ((redistributor.read(0xFFE8, 4).value_or(0) >> 4U) & 0xFU, 3U);
    EXPECT_EQ(redistributor.read(kSgiFrame + 0xFFF8, 4), 0x05U);
    EXPECT_EQ(distributor.read(0x0000, 8), 0U);                      // not a register of 64 bits
    EXPECT_EQ(distributor.read(0x0004, 4).value_or(0) & 0x1FU, 8U);  // 288 INTIDs
    EXPECT_EQ(distributor.read(kControl, 4), 0x52U);                 // DS, ARE, group 1; never RWP
    EXPECT_EQ(redistributor.read(0x0008, 8), 1ULL << 4U);            // the last one, affinity 0
}

TEST_F(GicV3Test, private_interrupts_have_no_registers_in_the_distributor) {
    distributor.write(kSetEnable, 4, ~0U);
    EXPECT_EQ(distributor.read(kSetEnable, 4), 0U);
    EXPECT_EQ(redistributor.read(kSgiFrame + kSetEnable, 4), 1U << kTimer);
}

// What a guest writes, and where, must not matter to us.
TEST_F(GicV3Test, any_access_is_survived) {
    for (std::uint64_t offset = 0; offset < 0x10000; offset += 4) {
        distributor.write(offset, 4, 0xFFFF'FFFF);
        distributor.read(offset, 4);
        distributor.read(offset, 1);
    }
    for (std::uint64_t offset = 0; offset < 0x20000; offset += 8) {
        redistributor.write(offset, 8, ~0ULL);
        redistributor.read(offset, 8);
    }
    gic.acknowledge(1023);
    gic.deactivate(0xFFFF'FFFF);
    gic.send_sgi(~0ULL);
    gic.highest_pending();
}

}  // namespace
}  // namespace levitate::vmm
