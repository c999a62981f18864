#include "traces/compare/compare.hpp"

#include <gtest/gtest.h>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/trace_builder.hpp"

namespace levitate::traces {
namespace {

using test::kind_of;
using test::TraceBuilder;
using test::value;
using test::verdict_of;

// A task that sends itself the signal that ends it. Who sees the call's result depends on where one looks
// from.
Trace suicide(std::optional<std::int64_t> result, TaskEndEvent end) {
    TraceBuilder b;
    b.start(1, 0, value(abi::constant("SIGCHLD")), 100);
    b.call(1, "tgkill", {100, 100, value(abi::constant("SIGABRT"))}, result);
    b.add(1, end);
    b.add(1, OutcomeEvent{end.exit_code, end.signal, {}, {}});
    return b.trace();
}

constexpr TaskEndEvent kAborted{.exit_code = std::nullopt, .signal = 6};

TEST(CompareEnds, a_result_that_a_task_does_not_live_to_see_may_be_missing) {
    EXPECT_EQ(verdict_of(suicide(0, kAborted), suicide(std::nullopt, kAborted)), Verdict::Equivalent);
    EXPECT_EQ(verdict_of(suicide(std::nullopt, kAborted), suicide(0, kAborted)), Verdict::Equivalent);
    EXPECT_EQ(verdict_of(suicide(0, kAborted), suicide(-1, kAborted)), Verdict::Divergent);
}

TEST(CompareEnds, a_result_that_a_living_task_does_not_get_is_missed) {
    const auto outlive = [](Trace trace) {
        TraceBuilder b;
        b.trace() = std::move(trace);
        const Event end = b.trace().events[2];
        const Event outcome = b.trace().events[3];
        b.trace().events.resize(2);
        Event after = b.trace().events[1];
        std::get<SyscallEvent>(after.body).result = 0;
        for (Event event : {after, end, outcome}) {
            event.index = event.order = b.trace().events.size();
            b.trace().events.push_back(event);
        }
        return b.trace();
    };
    EXPECT_EQ(kind_of(outlive(suicide(0, kAborted)), outlive(suicide(std::nullopt, kAborted))),
              DivergenceKind::Result);
    // It ends by itself: it was there to see the result.
    const TaskEndEvent exited{.exit_code = 0, .signal = std::nullopt};
    EXPECT_EQ(verdict_of(suicide(0, exited), suicide(std::nullopt, exited)), Verdict::Divergent);
}

TEST(CompareEnds, a_number_that_was_not_known_at_birth_is_not_compared) {
    const auto with_child = [](std::int64_t at_birth, std::int64_t asked) {
        TraceBuilder b;
        b.start(1, 0, value(abi::constant("SIGCHLD")), 100);
        const std::uint64_t flags = value(abi::constant("CLONE_VM") | abi::constant("CLONE_VFORK"));
        b.start(2, 1, flags, at_birth);
        b.call(2, "getpid", {}, asked);
        b.call(2, "getpid", {}, 101);
        b.call(1, "clone", {flags, 0, 0, 0, 0}, 101);
        return b.trace();
    };
    EXPECT_EQ(verdict_of(with_child(101, 101), with_child(0, 101)), Verdict::Identical);
    EXPECT_EQ(verdict_of(with_child(0, 101), with_child(101, 101)), Verdict::Identical);
    // Where both know it, it is the number that the child has everywhere else.
    EXPECT_EQ(verdict_of(with_child(101, 101), with_child(102, 101)), Verdict::Divergent);
}

}  // namespace
}  // namespace levitate::traces
