#include "vmm/cli/check_case.hpp"

#include <chrono>

#include "vmm/cli/rerun.hpp"
#include "vmm/cli/trace_collector.hpp"

namespace levitate::vmm::cli {

std::optional<std::size_t> divergent_event(const CaseResult& result) {
    const traces::Divergence* divergence = result.comparison.first();
    if (divergence == nullptr) {
        return std::nullopt;
    }
    const auto& events = result.actual.events;
    const auto is_outcome = [&events](std::size_t index) {
        return std::holds_alternative<traces::OutcomeEvent>(events[index].body);
    };
    if (divergence->actual_event && !is_outcome(*divergence->actual_event)) {
        return divergence->actual_event;
    }
    for (std::size_t index = events.size(); index > 0; --index) {
        if (events[index - 1].task == divergence->task && !is_outcome(index - 1)) {
            return index - 1;
        }
    }
    return std::nullopt;
}

Result<CaseResult> check_case(GoldenCase golden, RunSpec spec) {
    TraceCollector collector;
    RunHooks hooks;
    hooks.sink = &collector;
    hooks.capture_output = true;
    auto outcome = run(spec, hooks);
    if (!outcome) {
        return std::unexpected(std::move(outcome.error()));
    }
    CaseResult result{.golden = std::move(golden),
                      .spec = std::move(spec),
                      .actual = collector.take(),
                      .comparison = {},
                      .backtrace = {},
                      .seconds = std::chrono::duration<double>(outcome->wall).count(),
                      .kernel_log = std::move(outcome->kernel_log),
                      .undefined_encodings = std::move(outcome->undefined_encodings)};
    result.comparison = traces::compare(result.golden.recordings, result.actual);
    if (const auto event = divergent_event(result)) {
        // A run that cannot be stopped there again (its last event, a native one) has no backtrace to show.
        if (auto rerun = Rerun::to_event(result.spec, result.actual.events[*event].order)) {
            result.backtrace = (*rerun)->backtrace();
        }
    }
    return result;
}

}  // namespace levitate::vmm::cli
