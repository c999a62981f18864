#include "traces/compare/compare.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/trace_builder.hpp"

namespace levitate::traces {
namespace {

using test::compare_one;
using test::divergence_of;
using test::erase_call;
using test::simple_program;
using test::threaded_program;
using test::TraceBuilder;
using test::verdict_of;

Trace says(std::string_view text, std::int64_t size = 5, std::int64_t seconds = 0) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    auto& clock = b.call(1, "clock_gettime", {0, 0x4000}, 0);
    std::vector<std::byte> time(16);
    time[0] = static_cast<std::byte>(seconds);
    TraceBuilder::payload(clock, 1, Direction::Out, time);
    b.call(1, "lseek", {3, 0, 2}, size);
    b.write(1, 1, text);
    b.end(1, 0);
    b.outcome(0, text);
    return b.trace();
}

TEST(CompareRecordings, what_varied_among_them_may_vary) {
    const std::vector<Trace> golden{says("took 12 ms\n", 5), says("took 31 ms\n", 6)};
    EXPECT_EQ(compare(golden, says("took 45 ms\n", 9)).verdict, Verdict::Equivalent);
    EXPECT_EQ(divergence_of(compare(golden, says("took 45 us\n", 9))).kind, DivergenceKind::Data);
    EXPECT_EQ(divergence_of(compare(golden, says("took 45 ms\n", -9))).kind, DivergenceKind::Result);
}

TEST(CompareRecordings, what_did_not_vary_may_not) {
    const std::vector<Trace> golden{says("took 12 ms\n"), says("took 31 ms\n")};
    EXPECT_EQ(divergence_of(compare(golden, says("took 12 ms\n", 6))).kind, DivergenceKind::Result);
    const std::vector<Trace> equal{says("a\n"), says("a\n")};
    EXPECT_EQ(divergence_of(compare(equal, says("b\n"))).kind, DivergenceKind::Data);
}

TEST(CompareRecordings, a_time_on_which_all_agree_is_exact) {
    const std::vector<Trace> agree{says("a", 5, 1), says("a", 5, 1)};
    EXPECT_EQ(divergence_of(compare(agree, says("a", 5, 2))).kind, DivergenceKind::Data);
    const std::vector<Trace> differ{says("a", 5, 1), says("a", 5, 2)};
    EXPECT_EQ(compare(differ, says("a", 5, 3)).verdict, Verdict::Equivalent);
    EXPECT_EQ(compare(std::span(agree).first(1), says("a", 5, 2)).verdict, Verdict::Equivalent);
}

TEST(CompareRecordings, another_path_that_one_of_them_took_is_fine) {
    Trace other = simple_program();
    erase_call(other, "close");
    const std::vector<Trace> golden{simple_program(), other};
    EXPECT_EQ(compare(golden, other).verdict, Verdict::Identical);
    EXPECT_EQ(compare(golden, other).golden, 1U);
    EXPECT_EQ(compare(golden, simple_program()).verdict, Verdict::Identical);
    Trace neither = simple_program();
    erase_call(neither, "getpid");
    EXPECT_EQ(compare(golden, neither).verdict, Verdict::Divergent);
}

TEST(CompareHostile, any_traces_can_be_compared) {
    std::mt19937 random(3);
    const Trace golden = threaded_program();
    for (int round = 0; round < 400; ++round) {
        Trace damaged = threaded_program();
        for (int change = 0; change < 4; ++change) {
            Event& event = damaged.events[random() % damaged.events.size()];
            event.task = static_cast<TaskNumber>(random() % 4);
            event.order = random() % 20;
            event.index = random() % 20;
            event.body = damaged.events[random() % damaged.events.size()].body;
            if (auto* call = std::get_if<SyscallEvent>(&event.body)) {
                call->number = random() % 460;
                call->result = static_cast<std::int64_t>(random());
                call->payloads.push_back({.argument = static_cast<unsigned>(random() % 6),
                                          .direction = Direction::Out,
                                          .element = {.piece = static_cast<Piece>(random() % 3)},
                                          .bytes = std::vector<std::byte>(random() % 200),
                                          .length = 0});
            }
            if (auto* start = std::get_if<TaskStartEvent>(&event.body)) {
                start->parent = static_cast<TaskNumber>(random() % 4);
            }
        }
        compare_one(golden, damaged);
        compare_one(damaged, golden);
        EXPECT_NE(verdict_of(damaged, damaged), Verdict::Stale);
    }
}

TEST(CompareHostile, an_empty_trace_is_equal_to_itself_only) {
    EXPECT_EQ(verdict_of({}, {}), Verdict::Identical);
    EXPECT_EQ(verdict_of(simple_program(), {}), Verdict::Divergent);
    EXPECT_EQ(verdict_of({}, simple_program()), Verdict::Divergent);
}

}  // namespace
}  // namespace levitate::traces
