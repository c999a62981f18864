#include "vmm/diagnosis/call_text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kFutex = 98;
constexpr std::uint64_t kRead = 63;
constexpr std::uint64_t kExitGroup = 94;
constexpr std::uint64_t kExecve = 221;

LastCall call(std::uint64_t table, std::uint64_t number, std::uint64_t retired) {
    LastCall made;
    made.table = table;
    made.number = number;
    made.retired = retired;
    return made;
}

TEST(CallText, has_the_arguments_of_the_call) {
    LastCall read = call(1, kRead, 1);
    read.arguments = {0xffff'ffff'0000'0003, 0x7000, 100, 5, 6, 7};
    EXPECT_EQ(call_text(read), "read(3, 0x7000, 100)");
    EXPECT_EQ(call_text(call(1, 0x1ff, 1)), "syscall_0x1ff(0, 0, 0, 0, 0, 0)");
}

TEST(CallText, in_progress_is_what_has_not_returned_and_may_yet) {
    LastCall returned = call(1, kRead, 5);
    returned.returned = true;
    const std::array calls{call(1, kRead, 9),   returned,           call(1, kFutex, 3),
                           call(2, kExecve, 4), call(3, kFutex, 6), call(3, kExitGroup, 7)};
    const auto waiting = calls_in_progress(calls);
    ASSERT_EQ(waiting.size(), 2U);
    EXPECT_EQ(waiting[0].number, kFutex);
    EXPECT_EQ(waiting[0].table, 1U);
    EXPECT_EQ(waiting[1].number, kRead);
}

}  // namespace
}  // namespace levitate::vmm
