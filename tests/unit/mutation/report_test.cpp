#include "tests/mutation/report.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/traces/compare/compared.hpp"

namespace levitate::traces::mutation {
namespace {

Mutant mutant(const char* event, const char* field, const char* change, const char* detail) {
    return {{event, field, change}, 0, detail, [](Trace&) {}};
}

TEST(Accepted, patterns_hold_for_every_part_and_for_the_kind_of_case) {
    const Accepted rule{Where::Concurrent, "futex *", "result", "*1", "0 -> 1", ""};
    EXPECT_TRUE(is_accepted(rule, mutant("futex FUTEX_WAKE", "result", "+1", "0 -> 1"), true));
    EXPECT_FALSE(is_accepted(rule, mutant("futex FUTEX_WAKE", "result", "+1", "0 -> 1"), false));
    EXPECT_FALSE(is_accepted(rule, mutant("futex_waitv", "result", "+1", "0 -> 1"), true));
    EXPECT_FALSE(is_accepted(rule, mutant("futex FUTEX_WAKE", "op", "+1", "0 -> 1"), true));
    EXPECT_FALSE(is_accepted(rule, mutant("futex FUTEX_WAKE", "result", "another", "0 -> 1"), true));
    EXPECT_FALSE(is_accepted(rule, mutant("futex FUTEX_WAKE", "result", "+1", "1 -> 2"), true));
}

TEST(Accepted, every_row_has_a_sentence_as_its_reason) {
    for (const Accepted& rule : all_accepted()) {
        EXPECT_TRUE(rule.reason.ends_with('.')) << rule.reason;
        EXPECT_GT(rule.reason.size(), 20U) << rule.reason;
    }
}

// A subject whose trials are made by hand: eleven of one stratum, one of them not noticed, and one of
// another, accepted and not noticed.
Subject subject_of(bool concurrent, const Accepted& rule) {
    Subject subject;
    subject.golden = {concurrent ? "threads" : "hello", {test::simple_program()}};
    subject.concurrent = concurrent;
    for (int i = 0; i < 11; ++i) {
        subject.mutants.push_back(mutant("close", "fd", "+1", "3 -> 4"));
    }
    subject.mutants.push_back(mutant("getrandom", "out buffer", "byte", ""));
    for (std::size_t i = 0; i < subject.mutants.size(); ++i) {
        const bool noticed = i != 0 && i != 11;
        subject.trials.push_back(
            {&subject.mutants[i], i == 11 ? &rule : nullptr, {noticed, {}, "identical"}});
    }
    return subject;
}

class Reported : public testing::Test {
  protected:
    Reported() {
        subjects_.push_back(subject_of(false, rule_));
        subjects_.push_back(subject_of(true, rule_));
    }

    Accepted rule_;
    std::vector<Subject> subjects_;
};

TEST_F(Reported, what_is_accepted_does_not_count) {
    const Report report = make_report(subjects_, {}, false);
    EXPECT_EQ(report.single.made, 12U);
    EXPECT_EQ(report.single.accepted, 1U);
    EXPECT_EQ(report.single.accepted_survived, 1U);
    EXPECT_EQ(report.single.counted(), 11U);
    EXPECT_EQ(report.single.survived(), 1U);
    EXPECT_NEAR(report.single.rate(), 100.0 * 10 / 11, 1e-9);
    EXPECT_EQ(report.cases.at("threads").noticed, 10U);
    EXPECT_EQ(report.reasons.at(&rule_).accepted_survived, 2U);
}

TEST_F(Reported, strata_of_concurrent_cases_are_apart) {
    const Report report = make_report(subjects_, {}, false);
    ASSERT_EQ(report.weakest().size(), 2U);
    EXPECT_EQ(report.strata.at({false, {"close", "fd", "+1"}}).survivors.size(), 1U);
    EXPECT_EQ(report.strata.at({true, {"close", "fd", "+1"}}).tally.counted(), 11U);
}

TEST_F(Reported, thresholds_are_held_for_both_kinds_of_case_and_every_stratum) {
    const Report report = make_report(subjects_, {}, false);
    EXPECT_EQ(misses_of(report, {99.5, 97, 90, 10}).size(), 2U);
    EXPECT_EQ(misses_of(report, {90, 90, 95, 10}).size(), 2U);
    EXPECT_EQ(misses_of(report, {90, 90, 95, 12}).size(), 0U);
    EXPECT_EQ(misses_of(report, {90, 90, 90, 10}).size(), 0U);
}

TEST_F(Reported, a_cut_with_another_kind_is_a_miss_and_one_of_nothing_a_fault) {
    const Cut cut{"threads", Operation::DeleteCalls, "clone", 0, DivergenceKind::MissingCall};
    const std::vector<CutTrial> trials{{&cut, 3, {true, {DivergenceKind::MissingCall}, ""}},
                                       {&cut, 3, {true, {DivergenceKind::Result}, "divergent"}},
                                       {&cut, 0, {false, {}, "identical"}}};
    const Report report = make_report(subjects_, trials, false);
    EXPECT_EQ(misses_of(report, {0, 0, 0, 10}).size(), 1U);
    EXPECT_EQ(faults_of(report).size(), 1U);
}

TEST_F(Reported, a_reason_that_takes_no_mutant_is_a_fault) {
    EXPECT_TRUE(faults_of(make_report(subjects_, {}, false)).empty());
    const Report whole = make_report(subjects_, {}, true);
    // The subjects have getrandom's bytes, and nothing else that accepted.inc lists.
    EXPECT_EQ(whole.unused.size(), all_accepted().size() - 1);
    EXPECT_EQ(faults_of(whole).size(), whole.unused.size());
}

TEST_F(Reported, a_recording_that_is_divergent_itself_is_a_fault) {
    subjects_.front().of_the_recording = Judgement{true, {}, "divergent"};
    EXPECT_EQ(faults_of(make_report(subjects_, {}, false)).size(), 1U);
}

TEST_F(Reported, the_text_names_case_event_change_and_what_was_said) {
    std::ostringstream out;
    write_text(out, make_report(subjects_, {}, false), subjects_, 1);
    EXPECT_NE(out.str().find("hello, recording 1, event 0: 3 -> 4"), std::string::npos) << out.str();
    EXPECT_NE(out.str().find("one task: close [fd] +1"), std::string::npos);
    EXPECT_NE(out.str().find("identical"), std::string::npos);
}

TEST(Campaign, a_sample_is_the_same_for_the_same_seed) {
    const auto details = [](std::uint64_t seed) {
        std::vector<Subject> subjects;
        subjects.push_back(make_subject({"hello", {test::simple_program()}}));
        try_mutants(subjects, {.most = 20, .seed = seed}, 2);
        std::string all;
        for (const Trial& trial : subjects.front().trials) {
            all += trial.mutant->stratum.event + trial.mutant->stratum.change + trial.mutant->detail + "\n";
        }
        EXPECT_EQ(subjects.front().trials.size(), 20U);
        return all;
    };
    EXPECT_EQ(details(1), details(1));
    EXPECT_NE(details(1), details(2));
}

TEST(Campaign, every_mutant_is_judged_once_and_the_recording_too) {
    std::vector<Subject> subjects;
    subjects.push_back(make_subject({"hello", {test::simple_program()}}));
    try_mutants(subjects, {.most = 0}, 2);
    const Subject& subject = subjects.front();
    EXPECT_EQ(subject.trials.size(), subject.mutants.size());
    EXPECT_FALSE(subject.of_the_recording);
    const Report report = make_report(subjects, {}, false);
    EXPECT_GT(report.single.rate(), 80);
    EXPECT_LT(report.single.accepted, report.single.made / 10);
}

}  // namespace
}  // namespace levitate::traces::mutation
