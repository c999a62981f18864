// One case of `levitate check`: runs again what a golden describes, and compares.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "traces/compare/compare.hpp"
#include "vmm/cli/goldens.hpp"
#include "vmm/cli/main_span.hpp"
#include "vmm/debugger/backtrace.hpp"
#include "vmm/error.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm::cli {

struct CaseResult {
    GoldenCase golden;
    RunSpec spec;
    traces::Trace actual;
    MainSpan main;  // of the actual trace
    traces::Comparison comparison;
    std::vector<Frame> backtrace;  // of the divergence, if there is one
    // Why there is no verdict: the harness ended the run (a time limit, a kernel panic). Empty: there is one.
    // `comparison` has a divergence then only if the run got to it.
    std::string unjudged;
    double seconds = 0;  // of the run
    std::string report;  // Outcome::report
    std::vector<std::string> undefined_encodings;
    std::vector<std::string> notes;  // Outcome::notes
};

struct Comparing {
    traces::Extent extent = traces::Extent::All;
    traces::Layout layout = traces::Layout::ByKernel;
    // Makes the reference for a run whose program was process 1, which has other surroundings than a
    // golden's: Linux that runs it in the same way.
    std::function<Result<GoldenCase>(const RunSpec&)> direct_reference;
};

// `hooks` say what to do with the kernel's console and with silence; the rest of them is set here.
// An Error is a fault of the harness before the run, CaseResult::unjudged one in it; what the kernel or the
// program does wrong is a divergence.
Result<CaseResult> check_case(GoldenCase golden, RunSpec spec, const Comparing& how, const RunHooks& hooks);

// The event in CaseResult::actual at which the divergence is best looked at: the differing one, else the last
// of its task. Not the program's outcome: the guest is gone by then. nullopt: the actual trace has no events
// of that task.
std::optional<std::size_t> divergent_event(const CaseResult& result);

}  // namespace levitate::vmm::cli
