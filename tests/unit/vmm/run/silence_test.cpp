#include "vmm/run/silence.hpp"

#include <gtest/gtest.h>

namespace levitate::vmm {
namespace {

using std::chrono::seconds;

constexpr Silence::Clock::time_point kStart{};

TEST(Silence, is_told_after_ten_seconds_and_then_whenever_it_has_doubled) {
    Silence silence{kStart};
    std::vector<int> told;
    for (int second = 0; second <= 100; ++second) {
        if (const auto quiet = silence.look(0, kStart + seconds{second})) {
            told.push_back(second);
            EXPECT_EQ(*quiet, seconds{second});
        }
    }
    EXPECT_EQ(told, (std::vector{10, 20, 40, 80}));
}

TEST(Silence, begins_anew_with_each_sign) {
    Silence silence{kStart};
    EXPECT_FALSE(silence.look(1, kStart + seconds{9}));
    EXPECT_FALSE(silence.look(1, kStart + seconds{18}));
    EXPECT_TRUE(silence.look(1, kStart + seconds{19}));
    EXPECT_FALSE(silence.look(2, kStart + seconds{20}));
    EXPECT_FALSE(silence.look(2, kStart + seconds{29}));
    EXPECT_TRUE(silence.look(2, kStart + seconds{30}));
}

TEST(Silence, is_not_what_the_guest_waits_for_us) {
    Silence silence{kStart};
    silence.forgive(seconds{60});
    EXPECT_FALSE(silence.look(0, kStart + seconds{69}));
    EXPECT_TRUE(silence.look(0, kStart + seconds{70}));
}

}  // namespace
}  // namespace levitate::vmm
