#include "vmm/cli/work_list.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/traces/sample.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::vmm::cli {
namespace {

using traces::Divergence;
using traces::DivergenceKind;

Sighting sighting(const char* name, const char* cause, Stage stage, bool is_first = false) {
    return {
        .name = name, .kind = "result", .cause = cause, .stage = stage, .area = "fs", .is_first = is_first};
}

std::vector<std::string> causes_of(const std::vector<WorkItem>& items) {
    std::vector<std::string> causes;
    causes.reserve(items.size());
    for (const WorkItem& item : items) {
        causes.push_back(item.cause);
    }
    return causes;
}

TEST(WorkList, puts_first_what_stops_most_cases) {
    const std::vector<Sighting> sightings{
        sighting("a", "rare", Stage::BeforeMain, true),
        sighting("a", "common", Stage::AtExit),
        sighting("b", "common", Stage::AtExit, true),
    };
    const auto items = work_list(sightings);
    EXPECT_EQ(causes_of(items), (std::vector<std::string>{"common", "rare"}));
    EXPECT_EQ(items.front().cases, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(items.front().first_in, 1);
}

TEST(WorkList, puts_what_is_early_before_what_is_late) {
    const std::vector<Sighting> sightings{
        sighting("a", "unknown", Stage::Unknown),
        sighting("a", "exit", Stage::AtExit),
        sighting("a", "main", Stage::InMain, true),
        sighting("a", "start", Stage::BeforeMain),
    };
    EXPECT_EQ(causes_of(work_list(sightings)),
              (std::vector<std::string>{"start", "main", "exit", "unknown"}));
}

TEST(WorkList, puts_what_comes_first_in_a_case_before_what_follows) {
    const std::vector<Sighting> sightings{
        sighting("a", "follows", Stage::InMain),
        sighting("b", "first", Stage::InMain, true),
    };
    EXPECT_EQ(causes_of(work_list(sightings)), (std::vector<std::string>{"first", "follows"}));
}

TEST(WorkList, sorts_by_area_and_keeps_the_order_otherwise) {
    std::vector<Sighting> sightings{sighting("a", "net", Stage::InMain), sighting("a", "fs 2", Stage::InMain),
                                    sighting("a", "fs 1", Stage::InMain)};
    sightings.front().area = "net";
    EXPECT_EQ(causes_of(work_list(sightings)), (std::vector<std::string>{"fs 2", "fs 1", "net"}));
}

TEST(WorkList, counts_each_cause_once_and_takes_its_earliest_stage) {
    std::vector<Sighting> sightings{sighting("a", "same", Stage::InMain),
                                    sighting("b", "same", Stage::BeforeMain)};
    sightings.front().count = 5;
    const auto items = work_list(sightings);
    ASSERT_EQ(items.size(), 1);
    EXPECT_EQ(items.front().count, 6);
    EXPECT_EQ(items.front().stage, Stage::BeforeMain);
    // The same words for another kind are another cause.
    sightings.back().kind = "data";
    EXPECT_EQ(work_list(sightings).size(), 2);
}

TEST(WorkList, names_some_cases) {
    std::vector<Sighting> sightings;
    for (const char* const name : {"a", "b", "c", "d", "e", "f"}) {
        sightings.push_back(sighting(name, "same", Stage::InMain));
    }
    const std::string text = work_list_text(work_list(sightings));
    EXPECT_NE(text.find("1 cause,"), std::string::npos) << text;
    EXPECT_NE(text.find("(a, b, c, d and 2 more)"), std::string::npos) << text;
    EXPECT_EQ(work_list_text({}), "");
}

// A trace of calls of the first task.
traces::Trace trace_of_calls(std::initializer_list<const char*> names) {
    traces::Trace trace{.header = traces::test::sample_header(), .events = {}, .incomplete = {}};
    std::uint64_t index = 0;
    for (const char* const name : names) {
        traces::SyscallEvent call;
        call.number = traces::abi::find_syscall(name)->number;
        call.entry_order = 2 * index;
        call.result = 0;
        trace.events.push_back(traces::test::make_event(1, index, 2 * index + 1, call));
        ++index;
    }
    return trace;
}

Divergence divergence(DivergenceKind kind, std::optional<std::size_t> golden,
                      std::optional<std::size_t> actual) {
    Divergence found;
    found.kind = kind;
    found.task = traces::TaskNumber{1};
    found.golden_event = golden;
    found.actual_event = actual;
    found.cause = "cause";
    return found;
}

TEST(Stages, follow_the_beginning_and_end_of_main) {
    const auto trace = trace_of_calls({"brk", "getrandom", "read", "write", "munmap", "exit_group"});
    const MainSpan main{.known = true, .begin = 4, .end = 8};
    std::vector<Divergence> divergences;
    divergences.reserve(trace.events.size());
    for (std::size_t i = 0; i < trace.events.size(); ++i) {
        divergences.push_back(divergence(DivergenceKind::Result, i, i));
    }
    using enum Stage;
    EXPECT_EQ(stages_of(divergences, trace, trace, main),
              (std::vector{BeforeMain, BeforeMain, InMain, InMain, AtExit, AtExit}));
    // main never began, or never ended, or is not known.
    EXPECT_EQ(stages_of(divergences, trace, trace, {.known = true, .begin = {}, .end = {}}),
              (std::vector{BeforeMain, BeforeMain, BeforeMain, BeforeMain, BeforeMain, AtExit}));
    EXPECT_EQ(stages_of(divergences, trace, trace, {.known = true, .begin = 4, .end = {}}),
              (std::vector{BeforeMain, BeforeMain, InMain, InMain, InMain, AtExit}));
    EXPECT_EQ(stages_of(divergences, trace, trace, MainSpan{}),
              (std::vector{Unknown, Unknown, Unknown, Unknown, Unknown, AtExit}));
}

TEST(Stages, find_the_place_of_what_is_missing) {
    const auto golden = trace_of_calls({"brk", "getrandom", "ppoll", "read", "write", "exit_group"});
    const auto actual = trace_of_calls({"brk", "read", "write", "exit_group"});
    const MainSpan main{.known = true, .begin = 2, .end = {}};  // at read
    const std::vector divergences{
        divergence(DivergenceKind::MissingCall, 1, std::nullopt),
        divergence(DivergenceKind::MissingCall, 2, std::nullopt),
        divergence(DivergenceKind::Data, 3, std::nullopt),
    };
    using enum Stage;
    EXPECT_EQ(stages_of(divergences, golden, actual, main), (std::vector{InMain, InMain, InMain}));
}

TEST(Stages, take_another_task_for_mains) {
    auto trace = trace_of_calls({"brk", "read"});
    trace.events.front().task = traces::TaskNumber{2};
    const std::vector divergences{divergence(DivergenceKind::Result, 0, 0)};
    EXPECT_EQ(stages_of(divergences, trace, trace, {.known = true, .begin = 2, .end = {}}),
              (std::vector{Stage::InMain}));
}

CaseReport report_of(const std::string& name, std::vector<Divergence> divergences) {
    CaseResult result{
        .golden = {.name = name, .path = {}, .recordings = {trace_of_calls({"openat", "connect"})}},
        .spec = {},
        .actual = trace_of_calls({"openat", "nanosleep"}),
        .main = {.known = true, .begin = 0, .end = {}},
        .comparison = {},
        .backtrace = {},
        .unjudged = {},
        .seconds = 0,
        .report = {},
        .undefined_encodings = {},
        .notes = {}};
    result.comparison.verdict = divergences.empty() ? traces::Verdict::Identical : traces::Verdict::Divergent;
    result.comparison.divergences = std::move(divergences);
    return {.name = name, .result = std::move(result)};
}

TEST(Sightings, have_the_area_of_the_call) {
    const auto found = sightings_in({report_of(
        "a", {divergence(DivergenceKind::Result, 0, 0), divergence(DivergenceKind::MissingCall, 1, 1),
              divergence(DivergenceKind::ExtraCall, 1, 1), divergence(DivergenceKind::Output, 1, 1)})});
    ASSERT_EQ(found.size(), 4);
    EXPECT_EQ(found[0].area, "fs");
    EXPECT_EQ(found[1].area, "net");
    EXPECT_EQ(found[2].area, "time");
    EXPECT_EQ(found[3].area, "io");
    EXPECT_TRUE(found[0].is_first);
    EXPECT_FALSE(found[1].is_first);
}

TEST(Sightings, are_of_cases_that_diverge_or_have_no_verdict) {
    std::vector<CaseReport> reports;
    reports.push_back(report_of("agrees", {}));
    reports.push_back(report_of("stale", {divergence(DivergenceKind::Result, 0, 0)}));
    reports.back().result->comparison.verdict = traces::Verdict::Stale;
    reports.push_back({.name = "absent", .result = failure(Error::Kind::Usage, "no such golden")});
    reports.push_back(report_of("panics", {}));
    reports.back().result->unjudged = "kernel panic";
    const auto found = sightings_in(reports);
    ASSERT_EQ(found.size(), 1);
    EXPECT_EQ(found.front().name, "panics");
    EXPECT_EQ(found.front().kind, "no verdict");
    EXPECT_EQ(found.front().cause, "kernel panic");
    EXPECT_TRUE(found.front().is_first);
}

}  // namespace
}  // namespace levitate::vmm::cli
