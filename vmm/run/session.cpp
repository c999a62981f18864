#include "vmm/run/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <csignal>
#include <utility>

#include "vmm/engine/emu/emu_engine.hpp"
#include "vmm/run/boot.hpp"
#include "vmm/run/diagnosing.hpp"
#include "vmm/run/engine_stops.hpp"
#include "vmm/run/ignore_sigpipe.hpp"
#include "vmm/run/pacing.hpp"
#include "vmm/run/prepare.hpp"
#include "vmm/run/run_end.hpp"
#include "vmm/run/signal_waits.hpp"
#include "vmm/run/tracing.hpp"
#include "vmm/run/unanswered.hpp"
#include "vmm/run/workload.hpp"

namespace levitate::vmm {

// What exists once there is a machine: its engine, and what needs one.
struct Session::Running {
    Running(Boot boot, const RunSpec& spec, const RunHooks& hooks, Workload& workload)
        : machine(std::move(boot.machine)),
          modules(std::move(boot.modules)),
          engine(make_emu_engine(*machine, spec.schedule_seed)),
          stops(*engine),
          tracing(hooks, workload.observer(), *engine, stops, std::move(boot.header),
                  workload.program_start()),
          diagnosing(*engine, workload, hooks, std::move(boot.symbols)) {}

    std::unique_ptr<Machine> machine;
    std::vector<FileMapping> modules;
    std::unique_ptr<Engine> engine;
    EngineStops stops;
    Tracing tracing;
    Diagnosing diagnosing;
};

class Session::Implementation {
  public:
    Implementation(RunSpec spec, const RunHooks& hooks);

    Result<void> set_up();
    AdvanceReason advance(std::uint64_t instructions);
    void request_stop();
    void pass_signal(int signal, bool to_group);
    Result<Outcome> finish();

    Running& running() { return *running_; }
    bool ended() const { return end_.is_over(); }

  private:
    bool go_on_from(const Snapshot& snapshot, std::span<const std::byte> archive);
    bool pass_signals_on();
    Pacing::Idle wait();
    std::optional<AdvanceReason> handle(const Exit& exit);
    std::optional<AdvanceReason> cross_boundary(const Exit& exit);
    void feed_tracer(const Exit& exit);
    void look_at_workload();
    void handle_idle();
    void look_at_time();
    std::optional<AdvanceReason> look_at_guest(std::uint64_t instructions);
    std::optional<std::string> task_name(const LastCall& call) const;

    RunSpec spec_;
    const RunHooks& hooks_;
    IgnoreSigpipe ignore_sigpipe_;
    std::unique_ptr<Workload> workload_;
    bool attention_ = false;  // workload_ has called it
    Pacing pacing_;
    RunEnd end_;
    std::unique_ptr<Running> running_;
    std::chrono::nanoseconds waited_{0};  // by the guest for us, since the guest was looked at last
    std::atomic<bool> stop_requested_ = false;
    // Signals that are to be passed on: bit n - 1 is signal n, for the program or for its group.
    std::atomic<std::uint64_t> signals_ = 0;
    std::atomic<std::uint64_t> group_signals_ = 0;
    std::atomic<bool> takes_signals_ = false;
    std::atomic<bool> interrupted_ = false;  // something of the above: waits end
};

Session::Implementation::Implementation(RunSpec spec, const RunHooks& hooks)
    : spec_(std::move(spec)),
      hooks_(hooks),
      workload_(make_workload(spec_, hooks)),
      pacing_(spec_, *workload_),
      end_(spec_, *workload_) {}

Result<void> Session::Implementation::set_up() {
    auto booted =
        boot(spec_, hooks_, workload_->pack_request(), [this](std::byte byte) { workload_->receive(byte); });
    if (!booted) {
        return std::unexpected(std::move(booted.error()));
    }
    const std::optional<Snapshot> resumed = std::move(booted->resumed);
    const std::vector<std::byte> archive = std::move(booted->archive);
    running_ = std::make_unique<Running>(std::move(*booted), spec_, hooks_, *workload_);
    if (const auto svc = workload_->channel_svc()) {
        running_->engine->set_channel_svc(*svc);
    }
    workload_->connect(running_->machine->board().uart(), [this] {
        attention_ = true;
        running_->engine->request_stop();
    });
    if (resumed && !go_on_from(*resumed, archive)) {
        return failure(Error::Kind::Harness,
                       "the snapshot is of another CPU; remove " + spec_.snapshots.string());
    }
    look_at_workload();
    return {};
}

// From where init waits. False: this engine cannot.
bool Session::Implementation::go_on_from(const Snapshot& snapshot, std::span<const std::byte> archive) {
    if (!running_->engine->restore(snapshot.saved().cpu)) {
        return false;
    }
    for (const std::byte byte : snapshot.saved().console) {
        workload_->receive(byte);
    }
    workload_->hand_over(*running_->engine, archive);
    return true;
}

AdvanceReason Session::Implementation::advance(std::uint64_t instructions) {
    const Engine& engine = *running_->engine;
    const std::uint64_t start = engine.retired_instructions();
    while (!ended()) {
        interrupted_ = false;
        if (stop_requested_.exchange(false) || !pass_signals_on()) {
            return AdvanceReason::Stopped;
        }
        const std::uint64_t now = engine.retired_instructions();
        if (now - start >= instructions) {
            return AdvanceReason::Budget;
        }
        if (spec_.instruction_limit != 0 && now >= spec_.instruction_limit) {
            end_.by_instruction_limit();
            continue;
        }
        std::uint64_t budget = instructions - (now - start);
        if (spec_.instruction_limit != 0) {
            budget = std::min(budget, spec_.instruction_limit - now);
        }
        if (now >= pacing_.next_look()) {
            look_at_time();
            if (const auto reason = look_at_guest(budget)) {
                return *reason;
            }
            continue;
        }
        budget = std::min(budget, pacing_.next_look() - now);
        if (const auto reason = handle(running_->engine->run(budget))) {
            return *reason;
        }
    }
    return AdvanceReason::Ended;
}

// False: the guest does not take them.
bool Session::Implementation::pass_signals_on() {
    takes_signals_ = spec_.passes_signals && workload_->takes_signals();
    const std::uint64_t to_program = signals_.exchange(0);
    const std::uint64_t to_group = group_signals_.exchange(0);
    bool taken = true;
    for (std::uint64_t rest = to_program | to_group; rest != 0; rest &= rest - 1) {
        const auto index = static_cast<unsigned>(std::countr_zero(rest));
        taken = workload_->pass_signal(static_cast<int>(index) + 1, (to_group >> index & 1) != 0) && taken;
    }
    return taken;
}

// For input, or for a signal of ours: a task waits for nothing else, or has a handler.
Pacing::Idle Session::Implementation::wait() {
    if (!spec_.passes_signals || !workload_->takes_signals()) {
        return pacing_.wait_for_input(interrupted_);
    }
    if (!waits_for_signal(*running_->engine)) {
        const std::optional<bool> has_handler = workload_->handles_signals();
        if (!has_handler) {
            return Pacing::Idle::HasInput;  // it has been asked
        }
        if (!*has_handler) {
            return pacing_.wait_for_input(interrupted_);
        }
    }
    return pacing_.wait_for_signal(interrupted_);
}

// nullopt: the engine is to run on.
std::optional<AdvanceReason> Session::Implementation::handle(const Exit& exit) {
    workload_->flush();
    if (!workload_->failure().empty()) {
        end_.by_fault(workload_->failure());
    }
    std::optional<AdvanceReason> reason;
    switch (exit.reason) {
        case ExitReason::Budget:
        case ExitReason::Stopped:
            break;
        case ExitReason::Idle:
            handle_idle();
            break;
        case ExitReason::ChannelCall:
            if (!workload_->serve_call(*running_->engine, exit.registers)) {
                Exit of_program = exit;
                of_program.reason = ExitReason::ExceptionFromEl0;
                reason = cross_boundary(of_program);
            }
            break;
        case ExitReason::ExceptionFromEl0:
        case ExitReason::ReturnToEl0:
            reason = cross_boundary(exit);
            break;
        case ExitReason::WatchedLoad:
            feed_tracer(exit);
            break;
        case ExitReason::Breakpoint:
            feed_tracer(exit);
            if (running_->stops.debugger_has_breakpoint(GuestVirt{exit.registers.pc})) {
                reason = AdvanceReason::Breakpoint;
            }
            break;
        case ExitReason::PowerOff:
            end_.by_power_off();
            break;
        case ExitReason::Reset:
            end_.by_reset();
            break;
        case ExitReason::SemihostingExit:
            end_.by_semihosting(exit.status);
            break;
    }
    if (attention_) {
        look_at_workload();
    }
    if (running_->tracing.take_stop_wanted() && !reason) {
        reason = AdvanceReason::Stopped;
    }
    return ended() ? AdvanceReason::Ended : reason;
}

std::optional<AdvanceReason> Session::Implementation::cross_boundary(const Exit& exit) {
    feed_tracer(exit);
    return running_->stops.debugger_wants_boundary() ? std::optional(AdvanceReason::Boundary) : std::nullopt;
}

void Session::Implementation::feed_tracer(const Exit& exit) {
    const std::string refusal = running_->tracing.feed(exit);
    if (!refusal.empty()) {
        end_.by_fault("this kernel cannot be traced: " + refusal);
    }
    if (const BoundaryTracer* const tracer = running_->tracing.tracer()) {
        workload_->look_at(*tracer);
    }
}

void Session::Implementation::look_at_workload() {
    attention_ = false;
    if (!workload_->failure().empty()) {
        end_.by_fault(workload_->failure());
    } else if (workload_->program().over) {
        end_.by_init();
    } else if (const std::string kernel = workload_->kernel_name(); !kernel.empty()) {
        running_->tracing.start(kernel);
    }
}

// What comes after this is not silence of the guest's.
void Session::Implementation::handle_idle() {
    const auto begun = pacing_.wall();
    switch (wait()) {
        case Pacing::Idle::HasInput:
            break;
        case Pacing::Idle::TimeIsUp:
            end_.by_time_limit();
            break;
        case Pacing::Idle::ForEver:
            running_->diagnosing.note_idle();
            end_.by_sleep();
            break;
    }
    waited_ += pacing_.wall() - begun;
}

void Session::Implementation::look_at_time() {
    const auto begun = pacing_.wall();
    if (!pacing_.look(*running_->engine, interrupted_)) {
        end_.by_time_limit();
    }
    waited_ += pacing_.wall() - begun;
}

// Whether it can go on, and what people may want to hear of it. The engine executes at most so many
// instructions; nullopt: it is to run on.
std::optional<AdvanceReason> Session::Implementation::look_at_guest(std::uint64_t instructions) {
    // A debugger's stops are not to be stepped over.
    if (ended() || running_->stops.debugger_wants_any()) {
        return std::nullopt;
    }
    const auto exit = running_->diagnosing.look(instructions, pacing_, std::exchange(waited_, {}));
    if (const std::string what = running_->diagnosing.end(); !what.empty()) {
        end_.by_loop(what);
    }
    return exit ? handle(*exit) : std::nullopt;
}

std::optional<std::string> Session::Implementation::task_name(const LastCall& call) const {
    const BoundaryTracer* const tracer = running_->tracing.tracer();
    const auto number = tracer == nullptr ? std::nullopt : tracer->task_on(call.sp_el1, call.table);
    return number ? std::optional{fmt::format("task {}", static_cast<std::uint32_t>(*number))} : std::nullopt;
}

void Session::Implementation::request_stop() {
    stop_requested_ = true;
    interrupted_ = true;
    running_->engine->request_stop();
}

void Session::Implementation::pass_signal(int signal, bool to_group) {
    if (!takes_signals_) {
        // Before the program has started there is nothing that a new size could be told to.
        if (signal != SIGWINCH) {
            request_stop();
        }
        return;
    }
    (to_group ? group_signals_ : signals_) |= std::uint64_t{1} << static_cast<unsigned>(signal - 1);
    interrupted_ = true;
    running_->engine->request_stop();
}

Result<Outcome> Session::Implementation::finish() {
    // Who stops a program that runs need not be told where it was.
    const ProgramStatus& program = workload_->program();
    const bool is_stopped = !end_.is_over() && program.started;
    const RunEnd::Cause& how = end_.finish();
    workload_->finish();
    Outcome outcome;
    // Before the trace ends, and with it what the tracer knows of the tasks.
    EngineStatistics statistics = running_->engine->statistics();
    outcome.unanswered = describe_unanswered(statistics);
    if (!how.incomplete.empty() && !is_stopped) {
        outcome.report = running_->diagnosing.report(
            outcome.unanswered, [this](const LastCall& call) { return task_name(call); });
    }
    outcome.contradiction =
        running_->tracing.finish({.exit_code = program.exit_code,
                                  .signal = program.signal,
                                  .stdout_bytes = workload_->captured(OutputStream::Stdout),
                                  .stderr_bytes = workload_->captured(OutputStream::Stderr)},
                                 workload_->kernel_name(), how.incomplete);
    if (auto refusal = workload_->refusal()) {
        return std::unexpected(std::move(*refusal));
    }
    outcome.started = program.started;
    outcome.direct = spec_.init_mode == InitMode::Direct;
    outcome.notes.assign(program.notes.begin(), program.notes.end());
    outcome.exit_code = how.status ? how.status : program.exit_code;
    outcome.signal = program.signal;
    if (hooks_.capture_output) {
        outcome.stdout_bytes = std::move(workload_->captured(OutputStream::Stdout));
        outcome.stderr_bytes = std::move(workload_->captured(OutputStream::Stderr));
    }
    outcome.instructions = statistics.instructions;
    outcome.wall = pacing_.wall();
    outcome.undefined_encodings = std::move(statistics.undefined_encodings);
    outcome.kernel_log = workload_->kernel_log();
    outcome.incomplete = how.incomplete;
    outcome.never_ends = how.never_ends;
    return outcome;
}

Session::Session(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::create(const RunSpec& spec, const RunHooks& hooks) {
    auto complete = complete_spec(spec);
    if (!complete) {
        return std::unexpected(std::move(complete.error()));
    }
    if (auto available = check_machine_engine(spec.engine); !available) {
        return std::unexpected(std::move(available.error()));
    }
    auto implementation = std::make_unique<Implementation>(std::move(*complete), hooks);
    if (auto done = implementation->set_up(); !done) {
        return std::unexpected(std::move(done.error()));
    }
    return std::unique_ptr<Session>{new Session{std::move(implementation)}};
}

AdvanceReason Session::advance(std::uint64_t instructions) {
    return implementation_->advance(instructions);
}

void Session::request_stop() {
    implementation_->request_stop();
}

void Session::pass_signal(int signal, bool to_group) {
    implementation_->pass_signal(signal, to_group);
}

void Session::set_boundary_stops(BoundaryStops stops) {
    implementation_->running().stops.set_debuggers_boundary(stops == BoundaryStops::On);
}

void Session::leave_to_debugger() {
    implementation_->running().diagnosing.leave_to_debugger();
}

void Session::set_breakpoints(std::span<const GuestVirt> addresses) {
    implementation_->running().stops.set_debuggers_breakpoints(addresses);
}

Engine& Session::engine() {
    return *implementation_->running().engine;
}
const Engine& Session::engine() const {
    return *implementation_->running().engine;
}
const BoundaryTracer* Session::tracer() const {
    return implementation_->running().tracing.tracer();
}
const std::string& Session::guest_program() const {
    return implementation_->running().modules.front().guest;
}
const std::vector<FileMapping>& Session::modules() const {
    return implementation_->running().modules;
}
bool Session::ended() const {
    return implementation_->ended();
}
Result<Outcome> Session::finish() {
    return implementation_->finish();
}

}  // namespace levitate::vmm
