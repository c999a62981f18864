#include "tests/mutation/cuts.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/traces/compare/compared.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::mutation {
namespace {

constexpr DivergenceKind kMissing = DivergenceKind::MissingCall;

CutTrial tried(const Cut& cut) {
    const GoldenCase golden{"case", {test::threaded_program()}};
    return try_cut(cut, golden, Judge(golden.recordings));
}

std::size_t calls_left(const Cut& cut, std::string_view name) {
    Trace trace = test::threaded_program();
    apply(cut, trace);
    std::size_t count = 0;
    for (const Event& event : trace.events) {
        const auto* call = std::get_if<SyscallEvent>(&event.body);
        count += call != nullptr && abi::find_syscall(call->number)->name == name ? 1U : 0U;
    }
    return count;
}

TEST(Cuts, calls_are_deleted_by_name) {
    const Cut cut{"case", Operation::DeleteCalls, "futex mmap", 0, kMissing};
    EXPECT_EQ(calls_left(cut, "futex"), 0U);
    EXPECT_EQ(calls_left(cut, "mmap"), 0U);
    EXPECT_EQ(calls_left(cut, "munmap"), 1U);
}

TEST(Cuts, calls_before_the_second_task_stay) {
    const Cut cut{"case", Operation::DeleteOnceConcurrent, "mmap clone", 0, kMissing};
    EXPECT_EQ(calls_left(cut, "mmap"), 1U);
    EXPECT_EQ(calls_left(cut, "clone"), 1U);
}

TEST(Cuts, a_task_loses_the_second_half_of_its_calls) {
    const Cut cut{"case", Operation::EndTaskEarly, "", 2, kMissing};
    EXPECT_EQ(calls_left(cut, "mprotect"), 1U);
    EXPECT_EQ(calls_left(cut, "gettid"), 0U);
    EXPECT_EQ(calls_left(cut, "exit"), 0U);
    EXPECT_EQ(calls_left(cut, "exit_group"), 1U);
}

TEST(Cuts, the_last_third_goes_with_the_outcome) {
    Trace trace = test::threaded_program();
    const std::size_t before = trace.events.size();
    const std::size_t removed = apply({"case", Operation::RemoveLastThird, "", 0, kMissing}, trace);
    EXPECT_EQ(removed, before - before * 2 / 3);
    EXPECT_FALSE(std::holds_alternative<OutcomeEvent>(trace.events.back().body));
}

TEST(Cuts, a_cut_is_right_where_the_kind_is_the_expected_one) {
    const Cut result{"case", Operation::SetResults, "gettid", -22, DivergenceKind::Result};
    EXPECT_TRUE(tried(result).right());
    const Cut wrong_kind{"case", Operation::SetResults, "gettid", -22, DivergenceKind::Exit};
    EXPECT_FALSE(tried(wrong_kind).right());
}

TEST(Cuts, one_that_changes_nothing_is_never_right) {
    const Cut nothing{"case", Operation::DeleteCalls, "openat", 0, kMissing};
    const CutTrial trial = tried(nothing);
    EXPECT_EQ(trial.events, 0U);
    EXPECT_FALSE(trial.right());
}

TEST(Cuts, the_list_has_fifty_and_no_name_twice) {
    std::set<std::string> names;
    for (const Cut& cut : all_cuts()) {
        EXPECT_TRUE(names.insert(cut.name()).second) << cut.name();
    }
    EXPECT_GE(names.size(), 50U);
}

}  // namespace
}  // namespace levitate::traces::mutation
