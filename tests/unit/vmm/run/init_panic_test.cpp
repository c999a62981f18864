// How a kernel says that process 1 has ended.
#include "vmm/run/init_panic.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace levitate::vmm {
namespace {

std::optional<std::uint32_t> panic_in(std::string_view console) {
    InitPanic panic;
    std::optional<std::uint32_t> status;
    for (const char character : console) {
        if (const auto found = panic.feed(static_cast<std::byte>(character))) {
            status = found;
        }
    }
    return status;
}

TEST(InitPanicText, has_the_wait_status) {
    EXPECT_EQ(panic_in("[1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b\n"),
              0xbU);
    EXPECT_EQ(panic_in("AAttempted to kill init! exitcode=0x100\r\n"), 0x100U);
    EXPECT_EQ(panic_in("Attempted to Attempted to kill init! exitcode=0x0000008b"), 0x8bU);
}

TEST(InitPanicText, is_not_found_where_it_is_not) {
    EXPECT_EQ(panic_in("Attempted to kill init! exitcode=0x\n"), std::nullopt);
    EXPECT_EQ(panic_in("Attempted to kill the idle task!\n"), std::nullopt);
    EXPECT_EQ(panic_in("Attempted to kill init! exitcode=0x4"), std::nullopt) << "the number may go on";
}

}  // namespace
}  // namespace levitate::vmm
