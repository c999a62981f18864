#include "vmm/cli/main_span.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "traces/abi/constants.hpp"
#include "vmm/arch/address.hpp"
#include "vmm/debugger/main_symbol.hpp"
#include "vmm/run/session.hpp"
#include "vmm/tracer/boundary_tracer.hpp"

namespace levitate::vmm::cli {
namespace {

constexpr std::size_t kLinkRegister = 30;

class MainWatch {
  public:
    MainWatch(const RunSpec& spec, MainSpan& span) : symbol_(find_main(spec.program)), span_(span) {
        span_.known = symbol_.has_value();
    }

    // False: the run has to stop here, because the program has just been put in its place.
    bool see(const traces::Event& event) {
        next_order_ = event.order + 1;
        const auto* const exec = std::get_if<traces::ExecEvent>(&event.body);
        if (exec == nullptr || !symbol_ || event.task != kFirstTask || placed_) {
            return true;
        }
        placed_ = true;
        const auto entry =
            std::ranges::find(exec->auxv, traces::abi::constant("AT_ENTRY"),
                              [](const traces::AuxvEntry& e) { return static_cast<std::int64_t>(e.type); });
        if (entry == exec->auxv.end()) {
            span_.known = false;
            return true;
        }
        awaited_ = symbol_->main + (entry->value - symbol_->entry_point);
        return false;
    }

    // After the run has stopped for see().
    void arm(Session& session) const {
        const std::array addresses{GuestVirt{awaited_}};
        session.set_breakpoints(std::span{addresses}.first(awaited_ != 0 ? 1 : 0));
    }

    // At the breakpoint. Other tasks, and other programs that the task executes, have the same addresses.
    void stand(Session& session) {
        const auto task = session.tracer() != nullptr ? session.tracer()->current_task() : std::nullopt;
        const VcpuRegisters registers = session.engine().registers();
        if (task != kFirstTask || (span_.begin && registers.sp < stack_)) {
            return;
        }
        if (!span_.begin) {
            span_.begin = next_order_;
            stack_ = registers.sp;
            awaited_ = registers.x[kLinkRegister];
        } else {
            span_.end = next_order_;
            awaited_ = 0;
        }
        arm(session);
    }

  private:
    std::optional<MainSymbol> symbol_;
    MainSpan& span_;
    bool placed_ = false;
    std::uint64_t awaited_ = 0;  // where main begins, then where it returns to; 0: nothing more
    std::uint64_t stack_ = 0;    // SP where main began: a return from what it calls is below
    std::uint64_t next_order_ = 0;
};

}  // namespace

Result<Outcome> run_with_main(const RunSpec& spec, RunHooks hooks, traces::TraceCollector& collector,
                              MainSpan& span) {
    MainWatch watch{spec, span};
    hooks.sink = &collector;
    hooks.capture_output = true;
    if (spec.engine == EngineKind::Native) {
        span.known = false;  // there is no machine that could have breakpoints
        return run(spec, hooks);
    }
    hooks.on_event = [&watch](Engine&, const traces::Event& event) { return watch.see(event); };
    hooks.on_stop = [&watch](Session& session, AdvanceReason reason) {
        if (reason == AdvanceReason::Stopped) {
            watch.arm(session);
        } else {
            watch.stand(session);
        }
    };
    return run(spec, hooks);
}

}  // namespace levitate::vmm::cli
