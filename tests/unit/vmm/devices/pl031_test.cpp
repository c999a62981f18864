#include "vmm/devices/pl031.hpp"

#include <gtest/gtest.h>

namespace levitate::vmm {
namespace {

using std::chrono::seconds;

constexpr std::uint32_t kStart = 1'735'689'600;

class Pl031Test : public testing::Test {
  protected:
    Level line = Level::Low;
    std::chrono::nanoseconds now{0};
    Pl031 clock{[this](Level level) { line = level; }, [this] { return now; }, kStart};
};

TEST_F(Pl031Test, counts_guest_seconds_from_its_start) {
    EXPECT_EQ(clock.read(0, 4), kStart);
    now = seconds{90} + std::chrono::milliseconds{999};
    EXPECT_EQ(clock.read(0, 4), kStart + 90);
}

TEST_F(Pl031Test, load_sets_the_clock) {
    now = seconds{10};
    clock.write(0x08, 4, 1000);
    EXPECT_EQ(clock.read(0, 4), 1000U);
    now += seconds{5};
    EXPECT_EQ(clock.read(0, 4), 1005U);
}

TEST_F(Pl031Test, alarm_is_raised_only_while_enabled) {
    clock.write(0x04, 4, kStart + 2);
    now = seconds{3};
    EXPECT_EQ(clock.read(0x14, 4), 1U);
    EXPECT_EQ(line, Level::Low);
    clock.write(0x10, 4, 1);
    EXPECT_EQ(line, Level::High);
    clock.write(0x1C, 4, 1);
    EXPECT_EQ(line, Level::Low);
}

}  // namespace
}  // namespace levitate::vmm
