// What clocks and waits for a time do in any trace.
#include <gtest/gtest.h>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/trace_builder.hpp"
#include "traces/compare/clocks.hpp"
#include "traces/compare/compare.hpp"

namespace levitate::traces {
namespace {

using test::compare_one;
using test::TraceBuilder;
using test::value;

// Two tasks read the clock; the second reading begins after the first is done.
Trace reads_clock(std::int64_t first, std::int64_t second) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    const auto read = [&](std::uint32_t task, std::int64_t seconds) {
        auto& call = b.call(task, "clock_gettime", {value(abi::constant("CLOCK_MONOTONIC")), 0x4000}, 0);
        std::vector<std::byte> time(16);
        time[0] = static_cast<std::byte>(seconds);
        TraceBuilder::payload(call, 1, Direction::Out, time);
    };
    b.call(1, "clone", {test::kThreadFlags, 0x7000}, 101);
    b.start(2, 1, test::kThreadFlags, 101);
    read(1, first);
    b.call(2, "gettid", {}, 101);
    read(2, second);
    b.call(2, "exit", {0}, std::nullopt);
    b.end(2, 0);
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "");
    return b.trace();
}

TEST(CompareClocks, no_clock_runs_backwards) {
    const Trace forward = reads_clock(5, 6);
    const Trace backward = reads_clock(6, 5);
    EXPECT_TRUE(detail::clock_problems(detail::TraceIndex(forward)).empty());
    EXPECT_EQ(detail::clock_problems(detail::TraceIndex(backward)).size(), 1U);
    EXPECT_EQ(compare_one(forward, reads_clock(7, 8)).verdict, Verdict::Equivalent);
    EXPECT_EQ(test::kind_of(forward, backward), DivergenceKind::Data);
    EXPECT_EQ(test::verdict_of(backward, backward), Verdict::Identical)
        << "where Linux's ran backwards, it may";
}

// CLOCK_REALTIME in nanoseconds, then the same clock in microseconds.
Trace reads_clock_in_two_units(std::uint8_t nanoseconds, std::uint8_t seconds) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    std::vector<std::byte> time(16);
    time[0] = std::byte{5};
    time[8] = static_cast<std::byte>(nanoseconds);
    auto& exact = b.call(1, "clock_gettime", {value(abi::constant("CLOCK_REALTIME")), 0x4000}, 0);
    TraceBuilder::payload(exact, 1, Direction::Out, time);
    time[0] = static_cast<std::byte>(seconds);
    time[8] = std::byte{0};
    TraceBuilder::payload(b.call(1, "gettimeofday", {0x4000, 0}, 0), 0, Direction::Out, time);
    return b.trace();
}

TEST(CompareClocks, a_clock_that_is_cut_to_microseconds_does_not_run_backwards) {
    const Trace same = reads_clock_in_two_units(200, 5);
    const Trace backward = reads_clock_in_two_units(200, 4);
    EXPECT_TRUE(detail::clock_problems(detail::TraceIndex(same)).empty());
    EXPECT_EQ(detail::clock_problems(detail::TraceIndex(backward)).size(), 1U);
}

std::vector<std::byte> time_of(std::uint64_t nanoseconds) {
    std::vector<std::byte> time(16);
    for (std::size_t i = 0; i < 8; ++i) {
        time[i] = static_cast<std::byte>(nanoseconds / 1'000'000'000 >> 8 * i);
        time[8 + i] = static_cast<std::byte>(nanoseconds % 1'000'000'000 >> 8 * i);
    }
    return time;
}

constexpr std::uint64_t kMillisecond = 1'000'000;

// The clock is read a second and two seconds after the program's start, and then a wait for a time is over.
class TimedProgram {
  public:
    TimedProgram(std::uint64_t first, std::uint64_t second,
                 std::int64_t clock = abi::constant("CLOCK_MONOTONIC"))
        : clock_(value(clock)) {
        builder_.start(1, 0, 17, 100);
        read(1000 * kMillisecond, first);
        read(2000 * kMillisecond, second);
    }

    // A call from `begin` to `end` that has `time` as its argument.
    TimedProgram& wait(std::string_view name, std::initializer_list<std::uint64_t> arguments,
                       unsigned timeout, std::uint64_t time, std::uint64_t begin, std::uint64_t end,
                       std::int64_t result) {
        SyscallEvent& call = builder_.call(1, name, arguments, result);
        TraceBuilder::payload(call, timeout, Direction::In, time_of(time));
        call.entry_time = begin;
        builder_.trace().events.back().time = end;
        return *this;
    }

    // The vDSO's function has made the last call, and is left later.
    TimedProgram& return_from_vdso(std::uint64_t at, std::uint64_t clock) {
        VdsoCallEvent call{
            .symbol = "__kernel_clock_gettime", .arguments = {clock_, 0x4000}, .result = 0, .payloads = {}};
        call.payloads.push_back({.argument = 1,
                                 .direction = Direction::Out,
                                 .address = 0x4000,
                                 .bytes = time_of(clock),
                                 .length = 16});
        builder_.add(1, std::move(call)).time = at;
        return *this;
    }
    TimedProgram& read(std::uint64_t begin, std::uint64_t end, std::uint64_t clock) {
        read(begin, clock);
        builder_.trace().events.back().time = end;
        return *this;
    }

    std::vector<std::string> problems() {
        std::vector<std::string> texts;
        for (const detail::ClockProblem& problem :
             detail::clock_problems(detail::TraceIndex(builder_.trace()))) {
            texts.push_back(problem.text);
        }
        return texts;
    }

  private:
    void read(std::uint64_t at, std::uint64_t clock) {
        auto& call = builder_.call(1, "clock_gettime", {clock_, 0x4000}, 0);
        TraceBuilder::payload(call, 1, Direction::Out, time_of(clock));
        call.entry_time = at;
        builder_.trace().events.back().time = at + 500;
    }

    std::uint64_t clock_;
    TraceBuilder builder_;
};

using Problems = std::vector<std::string>;

TEST(CompareClocks, a_clock_goes_with_the_time_that_passes) {
    const std::uint64_t start = 7000 * kMillisecond;
    EXPECT_EQ(TimedProgram(start, start + 1000 * kMillisecond).problems(), Problems());
    EXPECT_EQ(TimedProgram(start, start + 1000 * kMillisecond + 400'000).problems(), Problems())
        << "the rate of a clock may be set";
    const Problems not_kept = {"CLOCK_MONOTONIC does not keep time"};
    EXPECT_EQ(TimedProgram(start, start + 2000 * kMillisecond).problems(), not_kept);
    EXPECT_EQ(TimedProgram(start, start + 500 * kMillisecond).problems(), not_kept);
    EXPECT_EQ(TimedProgram(start, start).problems(), not_kept);
}

TEST(CompareClocks, a_task_does_not_work_for_longer_than_time_passes) {
    const auto of_task = abi::constant("CLOCK_THREAD_CPUTIME_ID");
    EXPECT_EQ(TimedProgram(kMillisecond, 3 * kMillisecond, of_task).problems(), Problems());
    EXPECT_EQ(TimedProgram(kMillisecond, 1001 * kMillisecond, of_task).problems(), Problems());
    EXPECT_EQ(TimedProgram(kMillisecond, 1100 * kMillisecond, of_task).problems(),
              Problems{"CLOCK_THREAD_CPUTIME_ID does not keep time"});
}

TEST(CompareClocks, what_the_vdso_gets_from_its_own_call_was_read_in_that) {
    const auto of_task = abi::constant("CLOCK_THREAD_CPUTIME_ID");
    const auto leaves_vdso_late = [&](std::uint64_t clock) {
        return TimedProgram(kMillisecond, 1001 * kMillisecond, of_task)
            .read(2001 * kMillisecond, 2005 * kMillisecond, 1002 * kMillisecond)
            .return_from_vdso(2006 * kMillisecond, clock)
            .read(2007 * kMillisecond, 2008 * kMillisecond, 1007 * kMillisecond)
            .problems();
    };
    EXPECT_EQ(leaves_vdso_late(1002 * kMillisecond), Problems());
    EXPECT_EQ(leaves_vdso_late(1010 * kMillisecond).size(), 2U) << "it says what the call did not";
}

TEST(CompareClocks, a_wait_does_not_give_up_before_its_time) {
    const std::uint64_t now = 3000 * kMillisecond;
    const std::uint64_t clock = 10'000 * kMillisecond;  // says 8 s at 2 s
    const auto problems = [&](std::string_view name, std::initializer_list<std::uint64_t> arguments,
                              unsigned timeout, std::uint64_t time, std::uint64_t length,
                              std::int64_t result) {
        return TimedProgram(clock - 3000 * kMillisecond, clock - 2000 * kMillisecond)
            .wait(name, arguments, timeout, time, now, now + length, result)
            .problems();
    };
    const std::uint64_t wait = value(abi::constant("FUTEX_WAIT_PRIVATE"));
    const std::uint64_t wait_until = value(abi::constant("FUTEX_WAIT_BITSET"));
    const std::int64_t timed_out = -abi::error_number("ETIMEDOUT");
    const std::uint64_t length = 5 * kMillisecond;
    const std::uint64_t until = clock - 1000 * kMillisecond + length;
    for (const bool early : {false, true}) {
        const std::uint64_t took = early ? length - 3 * kMillisecond : length;
        const auto expected = [&](const char* name) {
            return early ? Problems{std::string(name) + " gives up before its time"} : Problems();
        };
        EXPECT_EQ(problems("futex", {0x4000, wait, 1, 0x5000}, 3, length, took, timed_out),
                  expected("futex"));
        EXPECT_EQ(problems("futex", {0x4000, wait_until, 1, 0x5000}, 3, until, took, timed_out),
                  expected("futex"));
        EXPECT_EQ(problems("nanosleep", {0x5000}, 0, length, took, 0), expected("nanosleep"));
        EXPECT_EQ(problems("clock_nanosleep", {value(abi::constant("CLOCK_MONOTONIC")), 1, 0x5000}, 2, until,
                           took, 0),
                  expected("clock_nanosleep"));
        EXPECT_EQ(problems("ppoll", {0x4000, 0, 0x5000}, 2, length, took, 0), expected("ppoll"));
    }
    EXPECT_EQ(problems("futex", {0x4000, wait, 1, 0x5000}, 3, length, 10, 0), Problems()) << "it was woken";
}

TEST(CompareClocks, what_times_returns_does_not_go_back) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    b.call(1, "times", {0}, 1000);
    b.call(1, "times", {0}, 999);
    const auto problems = detail::clock_problems(detail::TraceIndex(b.trace()));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].text, "what times returns runs backwards");
}

TEST(CompareClocks, what_a_clock_does_stands_before_what_a_program_says_of_it) {
    const auto program = [](std::uint64_t second, std::string_view said) {
        TraceBuilder b;
        b.start(1, 0, 17, 100);
        for (const std::uint64_t time : {5000 * kMillisecond, second}) {
            auto& call = b.call(1, "clock_gettime", {value(abi::constant("CLOCK_MONOTONIC")), 0x4000}, 0);
            TraceBuilder::payload(call, 1, Direction::Out, time_of(time));
        }
        b.write(1, 1, said);
        b.call(1, "exit_group", {0}, std::nullopt);
        b.end(1, 0);
        b.outcome(0, said);
        return b.trace();
    };
    const Trace golden = program(6000 * kMillisecond, "forward");
    const Trace actual = program(4000 * kMillisecond, "back!");
    const Comparison comparison = compare_one(golden, actual);
    ASSERT_GE(comparison.divergences.size(), 2U);
    EXPECT_EQ(comparison.first()->cause, "CLOCK_MONOTONIC runs backwards");
    const Comparison first = compare({&golden, 1}, actual, Extent::First);
    ASSERT_EQ(first.divergences.size(), 1U);
    EXPECT_EQ(first.first()->cause, "CLOCK_MONOTONIC runs backwards");
}

TEST(CompareClocks, a_clock_is_not_zero_where_linux_gives_a_time) {
    EXPECT_EQ(test::kind_of(reads_clock(5, 6), reads_clock(0, 6)), DivergenceKind::Data);
}

}  // namespace
}  // namespace levitate::traces
