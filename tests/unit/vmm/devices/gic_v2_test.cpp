// What tests/system/guest/gic_v2.cpp does not see from within a machine: wires, changes that are told,
// hostile accesses.
#include "vmm/devices/gic_v2.hpp"

#include <gtest/gtest.h>

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kSetEnable = 0x100;
constexpr std::uint64_t kSetPending = 0x200;
constexpr std::uint64_t kPriority = 0x400;
constexpr std::uint64_t kConfiguration = 0xC00;
constexpr std::uint64_t kGenerateSgi = 0xF00;
constexpr std::uint64_t kAcknowledge = 0x0C;
constexpr std::uint64_t kEnd = 0x10;
constexpr std::uint64_t kAliasedAcknowledge = 0x20;
constexpr std::uint64_t kAliasedEnd = 0x24;

constexpr std::uint32_t kUart = 33;
constexpr std::uint32_t kSpurious = 1023;

// Set up as Linux's irq-gic does: all in group 0, distributor and interface on, the UART enabled.
class GicV2Test : public testing::Test {
  protected:
    void SetUp() override {
        distributor.write(0, 4, 1);
        distributor.write(kPriority + kUart, 1, 0xA0);
        distributor.write(kSetEnable + 4, 4, 1U << (kUart - 32));
        interface.write(0x04, 4, 0xF0);
        interface.write(0, 4, 1);
        gic.on_change([this] { ++changes; });
    }
    std::uint64_t acknowledge() { return interface.read(kAcknowledge, 4).value(); }
    void end(std::uint64_t intid) { interface.write(kEnd, 4, intid); }

    GicV2 gic;
    Device& distributor = gic.distributor();
    Device& interface = gic.cpu_interface();
    int changes = 0;
};

TEST_F(GicV2Test, level_interrupt_is_signalled_while_its_line_is_high) {
    EXPECT_EQ(gic.signalled(), GicV2::Signal::None);
    gic.set_line(kUart, Level::High);
    EXPECT_EQ(changes, 1);
    EXPECT_EQ(gic.signalled(), GicV2::Signal::Irq);
    gic.set_line(kUart, Level::High);
    EXPECT_EQ(changes, 1);
    gic.set_line(kUart, Level::Low);
    EXPECT_EQ(gic.signalled(), GicV2::Signal::None);
    EXPECT_EQ(acknowledge(), kSpurious);
}

TEST_F(GicV2Test, edge_interrupt_stays_pending_and_is_used_up_when_it_is_acknowledged) {
    distributor.write(kConfiguration + 8, 4, 2U << (2 * (kUart - 32)));
    gic.set_line(kUart, Level::High);
    gic.set_line(kUart, Level::Low);
    EXPECT_EQ(acknowledge(), kUart);
    end(kUart);
    EXPECT_EQ(gic.signalled(), GicV2::Signal::None);
}

TEST_F(GicV2Test, level_interrupt_is_signalled_again_when_it_has_ended) {
    gic.set_line(kUart, Level::High);
    EXPECT_EQ(acknowledge(), kUart);
    EXPECT_EQ(gic.signalled(), GicV2::Signal::None);
    end(kUart);
    EXPECT_EQ(gic.signalled(), GicV2::Signal::Irq);
}

TEST_F(GicV2Test, aliases_are_for_group_1) {
    distributor.write(0, 4, 3);
    interface.write(0, 4, 3);
    gic.set_line(kUart, Level::High);
    EXPECT_EQ(interface.read(kAliasedAcknowledge, 4), kSpurious);
    distributor.write(0x084, 4, ~0U);
    EXPECT_EQ(acknowledge(), 1022U);
    EXPECT_EQ(interface.read(kAliasedAcknowledge, 4), kUart);
    gic.set_line(kUart, Level::Low);
    interface.write(kAliasedEnd, 4, kUart);
    EXPECT_EQ(distributor.read(0x304, 4), 0U);
}

TEST_F(GicV2Test, reading_the_interrupt_tells_that_it_is_not_signalled_any_more) {
    gic.set_line(kUart, Level::High);
    changes = 0;
    acknowledge();
    EXPECT_EQ(changes, 1);
}

TEST_F(GicV2Test, an_sgi_goes_to_the_cpu_that_its_list_names) {
    distributor.write(kGenerateSgi, 4, 0x0002'0005);
    EXPECT_EQ(acknowledge(), kSpurious);
    distributor.write(kGenerateSgi, 2, 0x0005);  // not a whole word
    EXPECT_EQ(acknowledge(), kSpurious);
    distributor.write(kGenerateSgi, 4, 0x0001'0005);
    EXPECT_EQ(acknowledge(), 5U);
}

TEST_F(GicV2Test, pending_interrupts_cannot_be_forged_for_sgis) {
    distributor.write(kSetPending, 4, ~0U);
    EXPECT_EQ(distributor.read(kSetPending, 4), 0xFFFF'0000U);
}

TEST_F(GicV2Test, every_access_of_every_size_is_survived) {
    for (std::uint64_t offset = 0; offset < 0x1000; ++offset) {
        for (const unsigned size : {1U, 2U, 4U, 8U}) {
            if (offset % size == 0) {
                distributor.write(offset, size, ~0ULL);
                EXPECT_TRUE(distributor.read(offset, size));
            }
        }
    }
    for (std::uint64_t offset = 0; offset < 0x2000; ++offset) {
        for (const unsigned size : {1U, 2U, 4U, 8U}) {
            if (offset % size == 0) {
                interface.write(offset, size, ~0ULL);
                EXPECT_TRUE(interface.read(offset, size));
            }
        }
    }
}

}  // namespace
}  // namespace levitate::vmm
