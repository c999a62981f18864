#include "vmm/cli/check_case.hpp"

#include <algorithm>
#include <chrono>

#include "traces/format/sinks.hpp"
#include "vmm/cli/rerun.hpp"

namespace levitate::vmm::cli {

namespace {

bool is_outcome(const traces::Trace& trace, std::size_t event) {
    return std::holds_alternative<traces::OutcomeEvent>(trace.events[event].body);
}

bool has_started(const traces::Trace& trace) {
    return std::ranges::any_of(trace.events, [](const traces::Event& event) {
        return std::holds_alternative<traces::ExecEvent>(event.body);
    });
}

// A program that never started has done nothing that could be judged.
std::string why_unjudged(const CaseResult& result, const Outcome& outcome) {
    const std::string& incomplete = result.actual.incomplete;
    if (!has_started(result.actual)) {
        return incomplete;
    }
    const bool agrees = result.comparison.divergences.empty();
    return incomplete.empty() || (outcome.never_ends && !agrees) ? std::string{} : incomplete;
}

// It does not count as a difference that the trace ends where the harness ended the run. What differs before
// that does.
void forget_divergence_at_end(CaseResult& result) {
    std::erase_if(result.comparison.divergences, [&](const traces::Divergence& divergence) {
        return !divergence.actual_event || is_outcome(result.actual, *divergence.actual_event);
    });
}

}  // namespace

std::optional<std::size_t> divergent_event(const CaseResult& result) {
    const traces::Divergence* divergence = result.comparison.first();
    if (divergence == nullptr) {
        return std::nullopt;
    }
    const auto& events = result.actual.events;
    if (divergence->actual_event && !is_outcome(result.actual, *divergence->actual_event)) {
        return divergence->actual_event;
    }
    for (std::size_t index = events.size(); index > 0; --index) {
        if (events[index - 1].task == divergence->task && !is_outcome(result.actual, index - 1)) {
            return index - 1;
        }
    }
    return std::nullopt;
}

Result<CaseResult> check_case(GoldenCase golden, RunSpec spec, const Comparing& how, const RunHooks& hooks) {
    traces::TraceCollector collector;
    MainSpan main;
    auto outcome = run_with_main(spec, hooks, collector, main);
    if (!outcome) {
        return std::unexpected(std::move(outcome.error()));
    }
    if (outcome->direct) {
        spec.init_mode = InitMode::Direct;  // for whoever runs it again
    }
    if (outcome->direct && golden.recordings.front().header.direct_init.empty()) {
        auto direct = how.direct_reference(spec);
        if (!direct) {
            return std::unexpected(std::move(direct.error()));
        }
        golden = std::move(*direct);
    }
    CaseResult result{.golden = std::move(golden),
                      .spec = std::move(spec),
                      .actual = collector.take(),
                      .main = main,
                      .comparison = {},
                      .backtrace = {},
                      .unjudged = {},
                      .seconds = std::chrono::duration<double>(outcome->wall).count(),
                      .report = std::move(outcome->report),
                      .undefined_encodings = std::move(outcome->undefined_encodings),
                      .notes = std::move(outcome->notes)};
    result.comparison = traces::compare(result.golden.recordings, result.actual, how.extent, how.layout);
    result.unjudged = why_unjudged(result, *outcome);
    if (!result.unjudged.empty()) {
        forget_divergence_at_end(result);
    }
    if (const auto event = divergent_event(result)) {
        // A run that cannot be stopped there again (its last event, a native one) has no backtrace to show.
        if (auto rerun = Rerun::to_event(result.spec, result.actual.events[*event].order)) {
            result.backtrace = (*rerun)->backtrace();
        }
    }
    return result;
}

}  // namespace levitate::vmm::cli
