#include "traces/compare/compare.hpp"

#include <gtest/gtest.h>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/trace_builder.hpp"
#include "traces/compare/equivalence.hpp"

namespace levitate::traces {
namespace {

using test::call_at;
using test::compare_one;
using test::divergence_of;
using test::erase_call;
using test::index_of;
using test::kind_of;
using test::threaded_program;
using test::ThreadedOptions;
using test::told;
using test::TraceBuilder;
using test::value;
using test::verdict_of;

TEST(CompareThreads, another_schedule_is_equivalent) {
    const Trace golden = threaded_program();
    for (const ThreadedOptions& o :
         {ThreadedOptions{.main_waits = false}, ThreadedOptions{.wake_count = 0},
          ThreadedOptions{.child_first = true}, ThreadedOptions{.tid = 77},
          ThreadedOptions{.wait_result = -11}, ThreadedOptions{.stack = 0x7ffff7600000}}) {
        const Comparison result = compare_one(golden, threaded_program(o));
        EXPECT_NE(result.verdict, Verdict::Divergent) << told(result);
        const Comparison reverse = compare_one(threaded_program(o), golden);
        EXPECT_NE(reverse.verdict, Verdict::Divergent) << told(reverse);
    }
}

TEST(CompareThreads, repeated_waits_are_equivalent) {
    const Trace golden = threaded_program();
    Trace actual = threaded_program();
    Event again = actual.events[index_of(actual, "futex")];
    std::get<SyscallEvent>(again.body).result = -abi::error_number("EAGAIN");
    actual.events.insert(actual.events.begin() + static_cast<std::ptrdiff_t>(index_of(actual, "futex")),
                         again);
    EXPECT_EQ(verdict_of(golden, actual), Verdict::Equivalent);
}

TEST(CompareThreads, a_futex_that_is_refused_diverges) {
    const Comparison result =
        compare_one(threaded_program(), threaded_program({.wait_result = -abi::error_number("ENOSYS")}));
    EXPECT_EQ(result.verdict, Verdict::Divergent);
    EXPECT_EQ(divergence_of(result).kind, DivergenceKind::Result);
}

TEST(CompareThreads, a_timeout_without_a_timeout_diverges) {
    const Comparison result =
        compare_one(threaded_program(), threaded_program({.wait_result = -abi::error_number("ETIMEDOUT")}));
    EXPECT_EQ(result.verdict, Verdict::Divergent);
}

TEST(CompareThreads, a_mapping_in_another_place_stays_the_same_mapping) {
    Trace actual = threaded_program({.stack = 0x7ffff7600000});
    ASSERT_EQ(verdict_of(threaded_program(), actual), Verdict::Equivalent);
    call_at(actual, "mprotect").arguments[0] += 0x1000;
    EXPECT_EQ(verdict_of(threaded_program(), actual), Verdict::Divergent) << "another page of it";
    call_at(actual, "mprotect").arguments[0] = 0x7ffff7a01000;
    EXPECT_EQ(verdict_of(threaded_program(), actual), Verdict::Divergent) << "another mapping";
}

TEST(CompareThreads, nothing_stands_for_what_lies_in_a_mapping_of_one_side) {
    constexpr auto kMode = detail::AddressMode::Exact;
    detail::AddressMap map;
    map.note_golden_only(0xffffe4000000, 0x4000000);
    EXPECT_TRUE(map.equal(0xffffe4000b70, 0xfffff0000b70, kMode, {}));
    EXPECT_FALSE(map.equal(0xffffe4000b70, 0xfffff0000b78, kMode, {})) << "allocators align their blocks";
    EXPECT_FALSE(map.equal(0xfffff0000b70, 0xffffe4000b70, kMode, {}));
}

TEST(CompareThreads, before_the_first_thread_all_is_exact) {
    TraceBuilder golden;
    golden.start(1, 0, 17, 100);
    golden.call(1, "futex", {0x4000, value(abi::constant("FUTEX_WAKE_PRIVATE")), 1}, 0);
    golden.end(1, 0);
    TraceBuilder actual;
    actual.start(1, 0, 17, 100);
    actual.end(1, 0);
    EXPECT_EQ(kind_of(golden.trace(), actual.trace()), DivergenceKind::MissingCall);
}

TEST(CompareThreads, a_missing_and_an_extra_thread_diverge) {
    Trace fewer = threaded_program();
    std::erase_if(fewer.events, [](const Event& event) { return event.task == TaskNumber{2}; });
    EXPECT_EQ(kind_of(threaded_program(), fewer), DivergenceKind::MissingCall);
    EXPECT_EQ(kind_of(fewer, threaded_program()), DivergenceKind::ExtraCall);
}

// A thread that the process' end overtakes after so many of its four calls.
Trace overtaken_after(std::size_t calls) {
    Trace trace = threaded_program();
    std::erase_if(trace.events, [&](const Event& event) {
        const auto* call = std::get_if<SyscallEvent>(&event.body);
        return event.task == TaskNumber{2} && call != nullptr && (calls == 0 || calls-- == 0);
    });
    const auto end = std::ranges::find_if(trace.events, [](const Event& event) {
        return event.task == TaskNumber{2} && std::holds_alternative<TaskEndEvent>(event.body);
    });
    std::rotate(end, end + 1, trace.events.end() - 1);
    for (std::size_t i = 0; i < trace.events.size(); ++i) {
        trace.events[i].order = 2 * i + 1;
        if (auto* call = std::get_if<SyscallEvent>(&trace.events[i].body)) {
            call->entry_order = 2 * i;
        }
    }
    return trace;
}

TEST(CompareThreads, a_thread_that_its_process_ends_may_stop_anywhere) {
    for (const std::size_t calls : {0U, 1U, 2U, 4U}) {
        const Comparison result = compare_one(threaded_program(), overtaken_after(calls));
        EXPECT_EQ(result.verdict, Verdict::Equivalent) << calls << ": " << told(result);
    }
}

TEST(CompareThreads, what_no_recording_lived_to_do_is_undecided) {
    const std::vector<Trace> golden{overtaken_after(1), overtaken_after(2)};
    EXPECT_EQ(compare(golden, overtaken_after(1)).verdict, Verdict::Identical);
    EXPECT_EQ(compare(golden, threaded_program()).verdict, Verdict::OutputOnly);
    const std::vector<Trace> complete{overtaken_after(1), threaded_program()};
    EXPECT_EQ(compare(complete, threaded_program()).verdict, Verdict::Equivalent);
    Trace wrong = threaded_program();
    call_at(wrong, "gettid").result = 55;
    EXPECT_EQ(divergence_of(compare(complete, wrong)).kind, DivergenceKind::Result);
}

TEST(CompareThreads, a_thread_that_was_dead_before_has_not_been_overtaken) {
    Trace cut = threaded_program();
    erase_call(cut, "exit");
    EXPECT_EQ(verdict_of(threaded_program(), cut), Verdict::Divergent);
}

TEST(CompareThreads, a_mutation_inside_a_thread_is_found) {
    Trace actual = threaded_program();
    call_at(actual, "mprotect").result = -12;
    const Divergence divergence = divergence_of(compare_one(threaded_program(), actual));
    EXPECT_EQ(divergence.kind, DivergenceKind::Result);
    EXPECT_EQ(divergence.task, TaskNumber{2});
}

}  // namespace
}  // namespace levitate::traces
