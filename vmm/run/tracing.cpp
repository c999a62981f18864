#include "vmm/run/tracing.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace levitate::vmm {

Tracing::Tracing(const RunHooks& hooks, traces::EventSink* observer, Engine& engine, EngineStops& stops,
                 traces::Header header, ProgramStart start)
    : is_wanted_(hooks.sink != nullptr || observer != nullptr),
      engine_(engine),
      stops_(stops),
      sink_(hooks, observer, engine),
      header_(std::move(header)),
      start_(std::move(start)) {}

void Tracing::start(const std::string& kernel) {
    if (is_wanted_ && !tracer_) {
        header_.kernel = kernel;
        tracer_ = std::make_unique<BoundaryTracer>(engine_, std::move(header_), start_, sink_);
        stops_.set_tracers(tracer_->stops());
    }
}

std::string Tracing::feed(const Exit& exit) {
    if (!tracer_) {
        return {};
    }
    tracer_->handle(exit);
    stops_.set_tracers(tracer_->stops());
    return tracer_->refusal();
}

std::string Tracing::finish(const traces::OutcomeEvent& outcome, const std::string& kernel,
                            const std::string& incomplete) {
    start(kernel);
    if (!tracer_) {
        return {};
    }
    const std::optional<int> seen = tracer_->program_exit_code();
    tracer_->finish(outcome, incomplete);
    stops_.set_tracers(tracer_->stops());
    if (!incomplete.empty() || !seen || outcome.exit_code == seen) {
        return {};
    }
    return fmt::format("the kernel reports {}, but the program was seen to exit with {}",
                       outcome.signal ? fmt::format("an end by signal {}", *outcome.signal)
                                      : fmt::format("exit status {}", outcome.exit_code.value_or(0)),
                       *seen);
}

}  // namespace levitate::vmm
