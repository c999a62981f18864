// What `levitate check` and `levitate diff` say: for people, as JSON and as JUnit's XML.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vmm/cli/check_case.hpp"
#include "vmm/cli/text_style.hpp"

namespace levitate::vmm::cli {

// One case after its run, or the fault that kept it from running.
struct CaseReport {
    std::string name;
    Result<CaseResult> result;
};

// Whether nothing diverges. Verdict::OutputOnly counts as conformant, and is also counted separately.
bool conformant(const traces::Comparison& comparison);

// Why the case has no verdict, for people; empty: it has one.
std::string fault_of(const CaseReport& report);

// "hello identical 57 events 0.08 s", with what was normalised, if anything was.
std::string case_line(const CaseReport& report);

// Kind, task, event number, the events before, golden and actual event in a line each and then side by side
// with the differing fields marked, for the first divergence; a line for each cause; the backtrace. Empty
// where the traces do not diverge.
std::string divergence_text(const traces::Trace& golden, const traces::Trace& actual,
                            const traces::Comparison& comparison, const std::vector<Frame>& backtrace,
                            const TextStyle& style);

// {"cases": [{"name", "verdict", "reference", "events", "seconds", "notes"?, "divergence"?, "divergences"?}],
// "conformant", "output_only", "divergent"}: the first divergence, with a backtrace, and one for each cause.
// A case that could not be run, or not to its end, has the verdict "error" and a "message", and is counted in
// "errors". "work" is the list of causes over all cases (vmm/cli/work_list.hpp).
std::string to_json(const std::vector<CaseReport>& reports);

// Writes one test suite with one test case for each report. False: the file could not be written.
bool write_junit(const std::vector<CaseReport>& reports, const std::filesystem::path& file);

}  // namespace levitate::vmm::cli
