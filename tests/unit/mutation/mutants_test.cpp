#include "tests/mutation/mutants.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/mutation/edit.hpp"
#include "tests/mutation/judge.hpp"
#include "tests/mutation/places.hpp"
#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/sample.hpp"
#include "tests/unit/traces/trace_builder.hpp"
#include "traces/format/lines.hpp"
#include "traces/format/reader.hpp"

namespace levitate::traces::mutation {
namespace {

std::string text_of(const Trace& trace) {
    std::string text = header_line(trace.header) + "\n";
    for (const Event& event : trace.events) {
        text += event_line(event) + "\n";
    }
    return text + footer_line({trace.events.size(), trace.incomplete}) + "\n";
}

Trace mutated(const Trace& trace, const Mutant& mutant) {
    Trace changed = trace;
    mutant.apply(changed);
    return changed;
}

std::string told(const Mutant& mutant) {
    return mutant.stratum.event + " [" + mutant.stratum.field + "] " + mutant.stratum.change + " " +
           mutant.detail;
}

// The first mutant of that stratum. Without one the test fails.
Mutant find(const std::vector<Mutant>& mutants, const Stratum& stratum) {
    const auto found = std::ranges::find(mutants, stratum, &Mutant::stratum);
    if (found == mutants.end()) {
        throw std::logic_error("no mutant " + stratum.event + " " + stratum.field + " " + stratum.change);
    }
    return *found;
}

std::set<std::string> details(const Trace& trace, const std::string& event, const std::string& field) {
    std::set<std::string> result;
    for (const Mutant& mutant : mutants_of(trace)) {
        if (mutant.stratum.event == event && mutant.stratum.field == field) {
            result.insert(mutant.stratum.change + ": " + mutant.detail);
        }
    }
    return result;
}

class EveryMutant : public testing::TestWithParam<Trace (*)()> {};

TEST_P(EveryMutant, differs_from_the_recording) {
    const Trace trace = GetParam()();
    const std::string text = text_of(trace);
    const std::vector<Mutant> mutants = mutants_of(trace);
    ASSERT_FALSE(mutants.empty());
    for (const Mutant& mutant : mutants) {
        EXPECT_NE(text_of(mutated(trace, mutant)), text) << told(mutant);
    }
}

TEST_P(EveryMutant, is_a_well_formed_trace) {
    const Trace trace = GetParam()();
    ASSERT_TRUE(parse_trace(text_of(trace), "recording"));
    for (const Mutant& mutant : mutants_of(trace)) {
        const Trace changed = mutated(trace, mutant);
        const auto read = parse_trace(text_of(changed), told(mutant));
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(read->incomplete, trace.incomplete);
    }
}

INSTANTIATE_TEST_SUITE_P(Programs, EveryMutant,
                         testing::Values([] { return test::sample_trace(); },
                                         [] { return test::simple_program(); },
                                         [] { return test::threaded_program(); }));

TEST(Mutants, every_kind_of_event_is_changed_in_its_fields) {
    const std::vector<Mutant> mutants = mutants_of(test::sample_trace());
    for (const Stratum& stratum : std::initializer_list<Stratum>{
             {"write", "", "deleted"},
             {"write", "", "doubled"},
             {"write", "", "swapped"},
             {"write", "buffer", "+1"},
             {"write", "in buffer", "byte"},
             {"write", "in buffer", "cut"},
             {"write", "in buffer", "removed"},
             {"write", "result", "error"},
             {"write", "result", "removed"},
             {"read", "result", "neighbouring error"},
             {"read", "restarted", "toggled"},
             {"read of AT_PAGESZ", "value", "-1"},
             {"read of AT_PAGESZ", "offset", "+1"},
             {"__kernel_clock_gettime", "clockid", "+1"},
             {"__kernel_clock_gettime", "result", "error"},
             {"__kernel_clock_gettime", "out time.tv_nsec", "+1"},
             {"__kernel_clock_gettime", "out time", "removed"},
             {"signal", "mask", "bit set"},
             {"signal", "fault_address", "+1"},
             {"signal", "stack.flags", "bit set"},
             {"signal", "records", "removed"},
             {"signal", "records.size", "+1"},
             {"signal", "esr", "bit cleared"},
             {"signal", "siginfo.si_code", "+1"},
             {"signal", "handler", "+1"},
             {"signal", "frame", "+1"},
             {"signal", "interrupted_pc", "+1"},
             {"exec", "AT_PAGESZ", "+1"},
             {"exec", "AT_PAGESZ", "removed"},
             {"exec", "argv", "byte"},
             {"exec", "argv", "added"},
             {"exec", "sp", "+1"},
             {"registers", "name", "byte"},
             {"registers", "after", "byte"},
             {"registers", "changes", "removed"},
             {"task_start", "clone_flags", "bit set"},
             {"task_end", "exit_code", "+1"},
             {"task_end", "exit_code", "a signal"},
             {"outcome", "signal", "an exit code"},
             {"outcome", "stdout", "byte"},
             {"outcome", "stderr", "cut"},
             {"outcome", "", "deleted"},
         }) {
        EXPECT_NO_THROW(find(mutants, stratum));
    }
}

TEST(Mutants, results_become_errors_and_errors_successes) {
    test::TraceBuilder b;
    b.start(1, 0, 17, 100);
    b.call(1, "close", {3}, 0);
    b.call(1, "close", {9}, -abi::error_number("EBADF"));
    EXPECT_EQ(details(b.trace(), "close", "result"),
              (std::set<std::string>{"error: 0 -> -22", "+1: 0 -> 1", "-1: 0 -> -1", "another: 0 -> -9",
                                     "neighbouring error: -9 -> -10", "success: -9 -> 0", "removed: "}));
}

TEST(Mutants, another_value_is_one_that_the_same_argument_has_elsewhere) {
    test::TraceBuilder b;
    b.start(1, 0, 17, 100);
    b.call(1, "close", {3}, 0);
    b.call(1, "close", {70}, 0);
    b.call(1, "dup", {40}, 5);
    EXPECT_EQ(details(b.trace(), "close", "fd"),
              (std::set<std::string>{"+1: 3 -> 4", "-1: 3 -> 2", "another: 3 -> 70", "+1: 70 -> 71",
                                     "-1: 70 -> 69", "another: 70 -> 3"}));
}

TEST(Mutants, of_flags_one_bit_is_set_and_one_cleared) {
    test::TraceBuilder b;
    b.start(1, 0, 17, 100);
    b.call(1, "dup3", {1, 2, 6}, 2);
    EXPECT_EQ(details(b.trace(), "dup3", "flags"),
              (std::set<std::string>{"bit cleared: 6 -> 4", "bit set: 6 -> 7"}));
}

TEST(Mutants, the_number_of_a_task_is_changed_where_a_clone_returned_it) {
    EXPECT_TRUE(details(test::simple_program(), "task_start", "tid").empty());
    EXPECT_FALSE(details(test::threaded_program(), "task_start", "tid").empty());
}

TEST(Mutants, structs_are_changed_field_by_field) {
    test::TraceBuilder b;
    b.start(1, 0, 17, 100);
    SyscallEvent& call = b.call(1, "clock_getres", {1, 0x5000}, 0);
    std::vector<std::byte> resolution(16);
    resolution[8] = std::byte{5};
    test::TraceBuilder::payload(call, 1, Direction::Out, resolution);
    const Mutant mutant = find(mutants_of(b.trace()), {"clock_getres", "out resolution.tv_nsec", "+1"});
    EXPECT_EQ(mutant.detail, "5 -> 6");
    resolution[8] = std::byte{6};
    EXPECT_EQ(std::get<SyscallEvent>(mutated(b.trace(), mutant).events[1].body).payloads[0].bytes,
              resolution);
}

TEST(Mutants, calls_with_commands_are_told_apart) {
    test::TraceBuilder b;
    b.start(1, 0, 17, 100);
    const auto wake = test::value(abi::constant("FUTEX_WAKE_PRIVATE"));
    EXPECT_EQ(label_of(b.add(1, SyscallEvent{.number = abi::syscall_number("futex"),
                                             .arguments = {0x4000, wake, 1},
                                             .result = 0,
                                             .payloads = {}})),
              "futex FUTEX_WAKE_PRIVATE");
    EXPECT_EQ(label_of(b.add(
                  1,
                  SyscallEvent{
                      .number = abi::syscall_number("close"), .arguments = {}, .result = 0, .payloads = {}})),
              "close");
}

TEST(Edit, a_task_is_removed_with_its_descendants_and_the_rest_renumbered) {
    test::TraceBuilder b;
    b.start(1, 0, 17, 100);
    b.start(2, 1, 17, 101);
    b.start(3, 2, 17, 102);
    b.start(4, 1, 17, 103);
    b.start(5, 4, 17, 104);
    b.end(5, 7);
    Trace trace = b.trace();
    erase_task(trace, static_cast<TaskNumber>(2));
    ASSERT_EQ(trace.events.size(), 4U);
    EXPECT_EQ(trace.events[1].task, static_cast<TaskNumber>(2));
    EXPECT_EQ(trace.events[2].task, static_cast<TaskNumber>(3));
    EXPECT_EQ(std::get<TaskStartEvent>(trace.events[2].body).parent, static_cast<TaskNumber>(2));
    EXPECT_EQ(trace.events[3].index, 1U);
    EXPECT_EQ(trace.events[3].order, 3U);
}

TEST(Edit, a_call_that_changes_places_is_made_and_done_there) {
    Trace trace = test::sample_trace();
    const std::size_t write = test::index_of(trace, "write");
    const std::uint64_t before = trace.events[write - 1].order;
    swap_events(trace, write - 1, write);
    const auto& call = std::get<SyscallEvent>(trace.events[write - 1].body);
    EXPECT_EQ(call.entry_order, before);
    EXPECT_EQ(trace.events[write - 1].order, before + 1);
    EXPECT_EQ(trace.events[write].order, before + 2);
    EXPECT_EQ(call.entry_time, trace.events[write - 1].time);
}

TEST(Edit, a_second_call_is_made_when_the_first_is_done) {
    Trace trace = test::sample_trace();
    const std::size_t write = test::index_of(trace, "write");
    const std::uint64_t order = trace.events[write].order;
    double_event(trace, write);
    EXPECT_EQ(std::get<SyscallEvent>(trace.events[write + 1].body).entry_order, order + 1);
    EXPECT_EQ(trace.events[write + 1].order, order + 2);
}

TEST(Judge, tells_what_is_noticed_from_what_is_not) {
    const std::vector<Trace> golden{test::simple_program()};
    const Judge judge(golden);
    const Judgement same = judge.judge(golden.front());
    EXPECT_FALSE(same.noticed);
    EXPECT_TRUE(same.kinds.empty());
    Trace changed = golden.front();
    test::call_at(changed, "openat").result = -1;
    const Judgement other = judge.judge(changed);
    EXPECT_TRUE(other.noticed);
    EXPECT_EQ(other.kinds, std::vector{DivergenceKind::Result});
    EXPECT_NE(other.said.find("result"), std::string::npos);
}

}  // namespace
}  // namespace levitate::traces::mutation
