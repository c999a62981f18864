// What a schedule decides is free within what Linux could have answered, and what no trace may do.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/trace_builder.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/compare/compare.hpp"
#include "traces/compare/contents.hpp"
#include "traces/compare/domain.hpp"

namespace levitate::traces {
namespace {

using detail::impossible;
using test::call_at;
using test::compare_one;
using test::threaded_program;
using test::TraceBuilder;
using test::value;

SyscallEvent futex(std::string_view command, std::uint64_t number, std::int64_t result,
                   std::uint64_t timeout = 0) {
    SyscallEvent call;
    call.number = abi::find_syscall("futex")->number;
    const auto operation =
        command == "wake" ? abi::constant("FUTEX_WAKE_PRIVATE") : abi::constant("FUTEX_WAIT_PRIVATE");
    call.arguments = {0x4000, value(operation), number, timeout, 0, 0};
    call.result = result;
    return call;
}

TEST(Domain, a_wait_returns_zero_or_an_error_that_passes) {
    EXPECT_FALSE(impossible(futex("wait", 7, 0)));
    EXPECT_FALSE(impossible(futex("wait", 7, -abi::error_number("EAGAIN"))));
    EXPECT_FALSE(impossible(futex("wait", 7, -abi::error_number("EINTR"))));
    EXPECT_FALSE(impossible(futex("wait", 7, -abi::error_number("ETIMEDOUT"), 0x5000)));
    EXPECT_TRUE(impossible(futex("wait", 7, -abi::error_number("ETIMEDOUT"))));
    EXPECT_TRUE(impossible(futex("wait", 7, 1)));
    EXPECT_TRUE(impossible(futex("wait", 7, -abi::error_number("EINVAL"))));
}

TEST(Domain, a_wake_returns_at_most_what_it_was_to_wake) {
    EXPECT_FALSE(impossible(futex("wake", 1, 0)));
    EXPECT_FALSE(impossible(futex("wake", 1, 1)));
    EXPECT_TRUE(impossible(futex("wake", 1, 2)));
    EXPECT_TRUE(impossible(futex("wake", 1, 77777)));
    SyscallEvent restarted = futex("wake", 1, 0);
    restarted.restarted = true;
    EXPECT_TRUE(impossible(restarted));
}

SyscallEvent poll(std::uint16_t events, std::uint16_t told, std::int64_t result) {
    SyscallEvent call;
    call.number = abi::find_syscall("ppoll")->number;
    call.arguments = {0x4000, 1, 0, 0, 8, 0};
    call.result = result;
    std::vector<std::byte> entry(8);
    entry[0] = std::byte{3};
    entry[4] = static_cast<std::byte>(events);
    TraceBuilder::payload(call, 0, Direction::In, entry);
    entry[6] = static_cast<std::byte>(told);
    TraceBuilder::payload(call, 0, Direction::Out, entry);
    return call;
}

TEST(Domain, a_poll_tells_what_was_asked_for_and_counts_it) {
    constexpr std::uint16_t kIn = 1;
    constexpr std::uint16_t kOut = 4;
    constexpr std::uint16_t kHangUp = 16;
    EXPECT_FALSE(impossible(poll(kIn, kIn, 1)));
    EXPECT_FALSE(impossible(poll(kIn, kHangUp, 1)));
    EXPECT_FALSE(impossible(poll(kIn, 0, 0)));
    EXPECT_TRUE(impossible(poll(kIn, kOut, 1)));
    EXPECT_TRUE(impossible(poll(kIn, 0xff, 1)));
    EXPECT_TRUE(impossible(poll(kIn, kIn, 0)));
    EXPECT_TRUE(impossible(poll(kIn, kIn, 2)));
}

TEST(Domain, no_allocation_succeeds_beside_a_page) {
    SyscallEvent unmap;
    unmap.number = abi::find_syscall("munmap")->number;
    unmap.arguments = {0x7000, 4096};
    unmap.result = 0;
    EXPECT_FALSE(impossible(unmap));
    unmap.arguments[0] = 0x7001;
    EXPECT_TRUE(impossible(unmap));
}

TEST(CompareBounds, an_impossible_answer_in_a_thread_is_found) {
    for (const std::int64_t result : {77777, -22, 2}) {
        Trace actual = threaded_program();
        call_at(actual, "futex", 1).result = result;
        const Comparison comparison = compare_one(threaded_program(), actual);
        ASSERT_EQ(comparison.verdict, Verdict::Divergent) << result;
        EXPECT_EQ(comparison.first()->kind, DivergenceKind::Result);
    }
}

Trace asks_for_usage(std::uint8_t resident, std::uint8_t switches) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    const abi::Struct& layout = *abi::find_struct("rusage");
    std::vector<std::byte> usage(layout.size);
    usage[layout.field("ru_maxrss")->offset] = static_cast<std::byte>(resident);
    usage[layout.field("ru_nvcsw")->offset] = static_cast<std::byte>(switches);
    TraceBuilder::payload(b.call(1, "getrusage", {0, 0x4000}, 0), 1, Direction::Out, usage);
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "");
    return b.trace();
}

TEST(CompareBounds, of_what_a_program_uses_there_is_some_and_of_what_a_schedule_does_there_may_be_none) {
    const Trace golden = asks_for_usage(5, 6);
    EXPECT_EQ(compare_one(golden, asks_for_usage(7, 0)).verdict, Verdict::Equivalent);
    EXPECT_EQ(test::kind_of(golden, asks_for_usage(0, 6)), DivergenceKind::Data);
    EXPECT_EQ(test::kind_of(asks_for_usage(0, 6), golden), DivergenceKind::Data);
}

// The same file is opened and asked for its inode number twice.
Trace looks_twice(std::string_view path, std::uint8_t first, std::uint8_t second) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    const abi::Struct& layout = *abi::find_struct("stat");
    for (const std::uint8_t number : {first, second}) {
        std::vector<std::byte> stat(layout.size);
        stat[layout.field("st_ino")->offset] = static_cast<std::byte>(number);
        b.open(1, path, 3);
        TraceBuilder::payload(b.call(1, "fstat", {3, 0x4000}, 0), 1, Direction::Out, stat);
        b.call(1, "close", {3}, 0);
    }
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "");
    return b.trace();
}

TEST(CompareBounds, an_inode_under_proc_may_have_another_number_at_each_look) {
    constexpr std::string_view kProc = "/proc/self/maps";
    EXPECT_EQ(test::verdict_of(looks_twice(kProc, 5, 5), looks_twice(kProc, 6, 7)), Verdict::Equivalent);
    EXPECT_EQ(test::verdict_of(looks_twice(kProc, 5, 6), looks_twice(kProc, 7, 7)), Verdict::Equivalent);
    EXPECT_EQ(test::kind_of(looks_twice(kProc, 5, 5), looks_twice(kProc, 6, 0)), DivergenceKind::Data);
    EXPECT_EQ(test::kind_of(looks_twice("/tmp/file", 5, 5), looks_twice("/tmp/file", 6, 7)),
              DivergenceKind::Data);
    EXPECT_EQ(test::kind_of(looks_twice("/process", 5, 5), looks_twice("/process", 6, 7)),
              DivergenceKind::Data);
}

// A program that asks how much of its timer is left.
Trace asks_for_rest(std::int64_t seconds, std::int64_t microseconds) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    const abi::Struct& layout = *abi::find_struct("__kernel_old_itimerval");
    std::vector<std::byte> rest(layout.size);
    const auto put = [&](std::string_view name, std::int64_t value) {
        std::memcpy(&rest[layout.field(name)->offset], &value, sizeof value);
    };
    put("it_value.tv_sec", seconds);
    put("it_value.tv_usec", microseconds);
    TraceBuilder::payload(b.call(1, "getitimer", {2, 0x4000}, 0), 1, Direction::Out, rest);
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "");
    return b.trace();
}

TEST(CompareBounds, what_is_left_of_a_timer_may_be_a_tick_away_from_what_all_recordings_have) {
    const std::vector<Trace> goldens(3, asks_for_rest(100, 4000));
    const auto agrees = [&](std::int64_t seconds, std::int64_t microseconds) {
        return compare(goldens, asks_for_rest(seconds, microseconds)).divergences.empty();
    };
    EXPECT_TRUE(agrees(100, 8000));
    EXPECT_TRUE(agrees(100, 0));
    EXPECT_FALSE(agrees(100, 8001));
    EXPECT_FALSE(agrees(99, 999'999));
    EXPECT_FALSE(agrees(0, 0));
    EXPECT_FALSE(agrees(100, 1'000'000));
}

// A kernel that maps pages when they are first touched, and refuses a call before it looks at its data,
// leaves them unreadable.
TEST(CompareBounds, what_a_kernel_refuses_unread_need_not_be_readable) {
    Trace golden = test::simple_program();
    SyscallEvent& refused = call_at(golden, "write");
    refused.result = -abi::error_number("EPERM");
    const auto with_bytes = [&golden](std::size_t count) {
        Trace actual = golden;
        call_at(actual, "write").payloads[0].bytes.resize(count);
        return actual;
    };
    const std::size_t size = refused.payloads[0].bytes.size();
    ASSERT_GT(size, 3U);
    EXPECT_FALSE(test::kind_of(golden, with_bytes(0)));
    EXPECT_FALSE(test::kind_of(with_bytes(0), golden));
    EXPECT_EQ(test::kind_of(golden, with_bytes(3)), DivergenceKind::Data) << "no page ends there";

    Payload& across = refused.payloads[0];
    across.address = 0x5000 - 3;
    EXPECT_FALSE(test::kind_of(golden, with_bytes(3)));
    Trace other = with_bytes(3);
    call_at(other, "write").payloads[0].bytes[1] ^= std::byte{1};
    EXPECT_EQ(test::kind_of(golden, other), DivergenceKind::Data) << "what could be read";
    other = with_bytes(0);
    call_at(other, "write").payloads[0].length = 0;
    EXPECT_TRUE(test::kind_of(golden, other)) << "the call says that there is less";

    refused.result = static_cast<std::int64_t>(size);
    EXPECT_EQ(test::kind_of(golden, with_bytes(0)), DivergenceKind::Data) << "the kernel took them";
}

TEST(CompareTexts, only_whole_process_numbers_may_differ) {
    const auto equal = [](std::string_view golden, std::string_view actual) {
        return detail::equal_but_for_numbers(golden, actual, [](auto, auto) { return true; });
    };
    EXPECT_TRUE(equal("pid 12.", "pid 345."));
    EXPECT_TRUE(equal("/proc/12/maps", "/proc/7/maps"));
    EXPECT_FALSE(equal("0755", "755"));
    EXPECT_FALSE(equal("12.05", "12.5"));
    EXPECT_FALSE(equal("007", "7"));
    EXPECT_FALSE(equal("0x12", "0x13"));
    EXPECT_FALSE(equal("v12", "v13"));
}

TEST(CompareTexts, a_map_has_lines) {
    const auto same = [](std::uint64_t golden, std::uint64_t actual) { return golden == actual; };
    constexpr std::string_view kMap = "00400000-004de000 r-xp 00000000 00:02 5 /bin/hello\n";
    using detail::Reading;
    EXPECT_FALSE(detail::compare_maps(kMap, kMap, Reading::Part, Reading::Part, same));
    EXPECT_TRUE(detail::compare_maps(kMap, "", Reading::Part, Reading::Part, same));
    EXPECT_TRUE(detail::compare_maps(kMap, std::string(60, '0'), Reading::Part, Reading::Part, same));
    EXPECT_TRUE(detail::compare_maps(kMap, "", Reading::Whole, Reading::Whole, same));
}

TEST(CompareAll, differences_of_one_cause_are_one_and_others_are_told_too) {
    TraceBuilder golden;
    TraceBuilder actual;
    for (TraceBuilder* b : {&golden, &actual}) {
        const bool right = b == &golden;
        b->start(1, 0, 17, 100);
        b->call(1, "getuid", {}, right ? 0 : 5);
        b->call(1, "close", {7}, -9);
        b->call(1, "getuid", {}, right ? 0 : 5);
        b->call(1, "dup", {1}, right ? 3 : -24);
        if (right) {
            b->call(1, "sync", {}, 0);
        }
        b->call(1, "fsync", {1}, 0);
        b->call(1, "fdatasync", {1}, 0);
        b->call(1, "getgid", {}, 0);
        b->call(1, "exit_group", {0}, std::nullopt);
        b->end(1, 0);
        b->outcome(0, "");
    }
    const Comparison all = compare_one(golden.trace(), actual.trace());
    ASSERT_EQ(all.divergences.size(), 3U);
    EXPECT_EQ(all.divergences[0].cause, "getuid → 5, Linux: 0");
    EXPECT_EQ(all.divergences[0].count, 2U);
    EXPECT_EQ(all.divergences[1].cause, "dup → EMFILE, Linux: 3");
    EXPECT_EQ(all.divergences[2].kind, DivergenceKind::MissingCall);
    EXPECT_EQ(all.divergences[2].cause, "sync is missing");
    const Trace right = golden.trace();
    EXPECT_EQ(compare(std::span(&right, 1), actual.trace(), Extent::First).divergences.size(), 1U);
}

}  // namespace
}  // namespace levitate::traces
