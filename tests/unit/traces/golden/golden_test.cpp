// The golden recordings themselves: each has to agree with what the others of its case leave open. A rule of
// the comparator that is too strict for real Linux fails here.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/export/strace.hpp"
#include "traces/format/reader.hpp"

namespace levitate::traces {
namespace {

std::vector<std::string> case_names() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(LEVITATE_SOURCE_DIR "/traces/golden")) {
        if (entry.is_directory()) {
            names.push_back(entry.path().filename().string());
        }
    }
    return names;
}

std::vector<Trace> recordings(const std::string& name) {
    std::vector<Trace> traces;
    for (const auto& entry :
         std::filesystem::directory_iterator(LEVITATE_SOURCE_DIR "/traces/golden/" + name)) {
        if (!entry.path().filename().string().starts_with("recording-")) {
            continue;
        }
        auto trace = read_trace(entry.path());
        EXPECT_TRUE(trace.has_value()) << trace.error().message;
        if (trace) {
            traces.push_back(*std::move(trace));
        }
    }
    return traces;
}

std::string told(const Trace& golden, const Trace& actual, const Divergence& divergence) {
    std::string text = divergence.message + "\n";
    if (divergence.golden_event) {
        text += "golden: " + strace_line(golden, *divergence.golden_event) + "\n";
    }
    if (divergence.actual_event) {
        text += "actual: " + strace_line(actual, *divergence.actual_event) + "\n";
    }
    for (const Difference& difference : divergence.differences) {
        text += difference.field + ": " + difference.golden + " | " + difference.actual + "\n";
    }
    return text;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, recordings_agree_with_one_another) {
    const std::vector<Trace> all = recordings(GetParam());
    ASSERT_FALSE(all.empty());
    std::size_t alone = 0;
    std::string reports;
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].incomplete, "");
        EXPECT_EQ(compare(std::span(&all[i], 1), all[i]).verdict, Verdict::Identical);
        std::vector<Trace> others = all;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        if (others.empty()) {
            continue;
        }
        const Comparison comparison = compare(others, all[i]);
        EXPECT_NE(comparison.verdict, Verdict::OutputOnly) << "recording " << i;
        if (const Divergence* first = comparison.first()) {
            ++alone;
            reports +=
                "recording " + std::to_string(i) + ": " + told(others[comparison.golden], all[i], *first);
        }
    }
    // Real Linux takes a rare path now and then: one recording in five may be alone with its own.
    EXPECT_LE(alone * 5, all.size()) << reports;
}

// What differed between the recordings may not blunt the comparison: in a program of one thread every single
// change of a recording has to be found.
class Mutated : public testing::Test {
  protected:
    void SetUp() override { golden_ = recordings("hello"); }

    void expect_found(const Trace& changed, std::size_t event, const char* what) {
        EXPECT_TRUE(compare(golden_, changed).first() != nullptr)
            << what << ": " << strace_line(golden_[0], event);
    }

    std::vector<Trace> golden_;
};

TEST_F(Mutated, each_dropped_event_is_found) {
    for (std::size_t i = 0; i < golden_[0].events.size(); ++i) {
        Trace changed = golden_[0];
        changed.events.erase(changed.events.begin() + static_cast<std::ptrdiff_t>(i));
        expect_found(changed, i, "dropped");
    }
}

TEST_F(Mutated, each_repeated_event_is_found) {
    for (std::size_t i = 0; i < golden_[0].events.size(); ++i) {
        const Event event = golden_[0].events[i];
        if (std::holds_alternative<OutcomeEvent>(event.body)) {
            continue;
        }
        Trace changed = golden_[0];
        changed.events.insert(changed.events.begin() + static_cast<std::ptrdiff_t>(i), event);
        expect_found(changed, i, "repeated");
    }
}

TEST_F(Mutated, each_failing_call_is_found) {
    for (std::size_t i = 0; i < golden_[0].events.size(); ++i) {
        Trace changed = golden_[0];
        auto* call = std::get_if<SyscallEvent>(&changed.events[i].body);
        if (call != nullptr && call->result) {
            call->result = -38;
            expect_found(changed, i, "failed");
        }
    }
}

TEST_F(Mutated, each_changed_byte_of_output_is_found) {
    for (Trace changed = golden_[0]; Event & event : changed.events) {
        auto* outcome = std::get_if<OutcomeEvent>(&event.body);
        for (std::size_t i = 0; outcome != nullptr && i < outcome->stdout_bytes.size(); ++i) {
            outcome->stdout_bytes[i] ^= std::byte{1};
            EXPECT_TRUE(compare(golden_, changed).first() != nullptr) << "byte " << i;
            outcome->stdout_bytes[i] ^= std::byte{1};
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(case_names()), [](const auto& parameter) {
    std::string name = parameter.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

}  // namespace
}  // namespace levitate::traces
