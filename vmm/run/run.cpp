#include "vmm/run/run.hpp"

#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "vmm/run/prepare.hpp"
#include "vmm/run/recording.hpp"
#include "vmm/run/run_native.hpp"
#include "vmm/run/session.hpp"

namespace levitate::vmm {
namespace {

Result<Outcome> run_on_this_host(const RunSpec& spec, const RunHooks& hooks) {
    const auto complete = complete_spec(spec);
    if (!complete) {
        return std::unexpected(complete.error());
    }
    // What the program needs is looked up as for a machine, so that the trace's header says the same.
    const auto initramfs = pack(pack_request(*complete));
    if (!initramfs) {
        return std::unexpected(initramfs.error());
    }
    traces::Header header;
    if (hooks.sink != nullptr) {
        header = make_header(*complete, *initramfs);
        header.engine = "native";
    }
    return run_native(*complete, hooks, header);
}

Result<Outcome> run_on_machine(const RunSpec& spec, const RunHooks& hooks) {
    auto session = Session::create(spec, hooks);
    if (!session) {
        return std::unexpected(std::move(session.error()));
    }
    if (hooks.on_session) {
        hooks.on_session(session->get());
    }
    AdvanceReason reason = AdvanceReason::Budget;
    while (reason != AdvanceReason::Ended && reason != AdvanceReason::Stopped) {
        reason = (*session)->advance(std::numeric_limits<std::uint64_t>::max());
        const bool stands = reason == AdvanceReason::Stopped || reason == AdvanceReason::Breakpoint;
        if (stands && hooks.on_stop) {
            hooks.on_stop(**session, reason);
            reason = AdvanceReason::Budget;
        }
    }
    if (hooks.on_session) {
        hooks.on_session(nullptr);
    }
    auto outcome = (*session)->finish();
    if (outcome) {
        outcome->stopped = reason == AdvanceReason::Stopped;
    }
    return outcome;
}

// Keeps a trace to itself until the program has started, so that one without a program can be dropped.
class StartedTrace final : public traces::EventSink {
  public:
    explicit StartedTrace(traces::EventSink& sink) : sink_(sink) {}

    void begin(const traces::Header& header) override { header_ = header; }
    void event(const traces::Event& event) override {
        if (!started_ && !std::holds_alternative<traces::OutcomeEvent>(event.body)) {
            sink_.begin(header_);
            started_ = true;
        }
        if (started_) {
            sink_.event(event);
        }
    }
    void end(const std::string& incomplete) override {
        if (started_) {
            sink_.end(incomplete);
        }
    }

  private:
    traces::EventSink& sink_;
    traces::Header header_;
    bool started_ = false;
};

// What init could not do, if it is something that a program can do without: a program that cannot be executed
// cannot be process 1 either.
std::optional<std::string> why_init_fails(const Result<Outcome>& outcome) {
    if (!outcome) {
        const bool is_inits = outcome.error().kind == Error::Kind::Harness;
        return is_inits ? std::optional(outcome.error().message) : std::nullopt;
    }
    return outcome->started || outcome->stopped ? std::nullopt : std::optional(outcome->incomplete);
}

Result<Outcome> run_with_either_init(RunSpec spec, const RunHooks& hooks) {
    spec.init_mode = InitMode::Harness;
    RunHooks first = hooks;
    std::optional<StartedTrace> trace;
    if (hooks.sink != nullptr) {
        first.sink = &trace.emplace(*hooks.sink);
    }
    auto outcome = run_on_machine(spec, first);
    const std::optional<std::string> reason = why_init_fails(outcome);
    if (!reason) {
        return outcome;
    }
    spec.init_mode = InitMode::Direct;
    auto direct = run_on_machine(spec, hooks);
    if (direct && direct->started) {
        direct->notes.insert(direct->notes.begin(),
                             "this kernel does not run Levitate's init (" + *reason +
                                 "), so the program was process 1 itself, as with --init direct");
    }
    return direct;
}

}  // namespace

Result<Outcome> run(const RunSpec& spec, const RunHooks& hooks) {
    if (spec.engine == EngineKind::Native) {
        return run_on_this_host(spec, hooks);
    }
    const bool has_choice = spec.init_mode == InitMode::Auto && !is_kernel_alone(spec);
    return has_choice ? run_with_either_init(spec, hooks) : run_on_machine(spec, hooks);
}

}  // namespace levitate::vmm
