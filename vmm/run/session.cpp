#include "vmm/run/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "vmm/engine/emu/emu_engine.hpp"
#include "vmm/initramfs/cpio.hpp"
#include "vmm/initramfs/packer.hpp"
#include "vmm/machine/machine.hpp"
#include "vmm/run/guest_channel.hpp"
#include "vmm/run/ignore_sigpipe.hpp"
#include "vmm/run/live_input.hpp"
#include "vmm/run/prepare.hpp"
#include "vmm/run/recording.hpp"
#include "vmm/tracer/boundary_tracer.hpp"

namespace levitate::vmm {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How many instructions go by between two looks at the clock and at standard input: some 10 ms of an
// emulator.
constexpr std::uint64_t kServiceInterval = 1'000'000;
// The same while the guest waits for us, so that its timers pass at about the speed of ours.
constexpr std::uint64_t kThrottledInterval = 20'000;
// How far the guest's clock may be ahead of ours while it could wait for live input.
constexpr std::chrono::seconds kThrottleSlack{1};

OutputMode output_mode(const RunHooks& hooks) {
    if (hooks.capture_output) {
        return OutputMode::Capture;
    }
    return hooks.sink != nullptr ? OutputMode::StreamAndCapture : OutputMode::Stream;
}

}  // namespace

struct Session::Implementation {
    Implementation(RunSpec the_spec, const RunHooks& the_hooks)
        : spec(std::move(the_spec)),
          hooks(the_hooks),
          channel(
              output_mode(hooks), [this](std::span<const std::byte> bytes) { machine->uart().send(bytes); },
              [this] {
                  attention = true;
                  engine->request_stop();
              }),
          sink(hooks, [this]() -> Engine& { return *engine; }) {
        if (!spec.stdin_bytes) {
            input = std::make_unique<LiveInput>(channel);
        }
    }

    Result<void> set_up();
    AdvanceReason advance(std::uint64_t instructions);
    std::optional<AdvanceReason> handle(const Exit& exit);
    std::optional<AdvanceReason> handle_boundary(const Exit& exit);
    std::optional<AdvanceReason> handle_breakpoint(const Exit& exit);
    void handle_attention();
    void handle_idle();
    void start_tracer();
    void feed_tracer(const Exit& exit);
    void merge_breakpoints();
    void service();
    void throttle();
    milliseconds time_left() const;
    void end(std::string why);
    Result<Outcome> finish();

    RunSpec spec;
    const RunHooks& hooks;
    IgnoreSigpipe ignore_sigpipe;
    GuestChannel channel;
    std::unique_ptr<LiveInput> input;  // nullptr: its bytes are in the run description
    HookSink sink;
    traces::Header header;  // empty where nothing is recorded; the tracer takes it
    std::vector<FileMapping> modules;
    std::unique_ptr<Machine> machine;
    std::unique_ptr<Engine> engine;
    std::unique_ptr<BoundaryTracer> tracer;

    Clock::time_point begun = Clock::now();
    std::uint64_t next_service = 0;
    std::optional<std::chrono::nanoseconds> guest_lead;  // guest time minus ours when the program started
    std::vector<GuestVirt> breakpoints;                  // the debugger's
    std::vector<GuestVirt> tracer_breakpoints;           // as they were merged last
    BoundaryStops boundary_stops = BoundaryStops::Off;
    std::atomic<bool> stop_requested = false;
    bool attention = false;
    bool ended = false;
    std::string incomplete;
};

Result<void> Session::Implementation::set_up() {
    auto initramfs = pack(pack_request(spec));
    if (!initramfs) {
        return std::unexpected(std::move(initramfs.error()));
    }
    modules.push_back({.host = initramfs->program.host, .guest = initramfs->program.guest});
    for (const PackedFile& library : initramfs->libraries) {
        modules.push_back({.host = library.host, .guest = library.guest});
    }
    if (hooks.sink != nullptr) {
        header = make_header(spec, *initramfs);
    }
    auto created = Machine::create({.memory_bytes = spec.memory_bytes,
                                    .kernel = spec.kernel,
                                    .initramfs = initramfs->archive,
                                    .boot_arguments = boot_arguments(spec),
                                    .seed = spec.seed,
                                    .clock_start = kGuestEpoch,
                                    .console = [this](std::byte byte) { channel.receive(byte); }});
    if (!created) {
        return std::unexpected(std::move(created.error()));
    }
    machine = std::move(*created);
    engine = make_emu_engine(*machine, spec.seed);
    return {};
}

AdvanceReason Session::Implementation::advance(std::uint64_t instructions) {
    const std::uint64_t start = engine->retired_instructions();
    while (!ended) {
        if (stop_requested.exchange(false)) {
            return AdvanceReason::Stopped;
        }
        const std::uint64_t now = engine->retired_instructions();
        if (now - start >= instructions) {
            return AdvanceReason::Budget;
        }
        if (now >= next_service) {
            service();
            continue;
        }
        const Exit exit = engine->run(std::min(instructions - (now - start), next_service - now));
        if (const auto reason = handle(exit)) {
            return *reason;
        }
    }
    return AdvanceReason::Ended;
}

// nullopt: the engine is to run on.
std::optional<AdvanceReason> Session::Implementation::handle(const Exit& exit) {
    std::optional<AdvanceReason> reason;
    switch (exit.reason) {
        case ExitReason::Budget:
        case ExitReason::Stopped:
            break;
        case ExitReason::Idle:
            handle_idle();
            break;
        case ExitReason::ExceptionFromEl0:
        case ExitReason::ReturnToEl0:
            reason = handle_boundary(exit);
            break;
        case ExitReason::WatchedLoad:
            feed_tracer(exit);
            break;
        case ExitReason::Breakpoint:
            reason = handle_breakpoint(exit);
            break;
        case ExitReason::PowerOff:
            end(channel.is_done() ? "" : "the kernel powered off: " + channel.last_words());
            break;
        case ExitReason::Reset:
            end(channel.is_done() ? "" : "the kernel reset the machine: " + channel.last_words());
            break;
    }
    if (attention) {
        handle_attention();
    }
    if (sink.take_stop_wanted() && !reason) {
        reason = AdvanceReason::Stopped;
    }
    return ended ? AdvanceReason::Ended : reason;
}

std::optional<AdvanceReason> Session::Implementation::handle_boundary(const Exit& exit) {
    feed_tracer(exit);
    return boundary_stops == BoundaryStops::On ? std::optional{AdvanceReason::Boundary} : std::nullopt;
}

std::optional<AdvanceReason> Session::Implementation::handle_breakpoint(const Exit& exit) {
    feed_tracer(exit);
    const GuestVirt pc{engine->registers().pc};
    return std::ranges::find(breakpoints, pc) != breakpoints.end() ? std::optional{AdvanceReason::Breakpoint}
                                                                   : std::nullopt;
}

void Session::Implementation::feed_tracer(const Exit& exit) {
    if (!tracer) {
        return;
    }
    tracer->handle(exit);
    merge_breakpoints();
    if (!tracer->refusal().empty()) {
        end("this kernel cannot be traced: " + tracer->refusal());
    }
}

// The tracer gives the engine its own breakpoints only.
void Session::Implementation::merge_breakpoints() {
    const auto own = tracer->breakpoints();
    if (std::ranges::equal(own, tracer_breakpoints)) {
        return;
    }
    tracer_breakpoints.assign(own.begin(), own.end());
    std::vector<GuestVirt> all = breakpoints;
    all.insert(all.end(), own.begin(), own.end());
    engine->set_breakpoints(all);
}

void Session::Implementation::handle_attention() {
    attention = false;
    if (!channel.failure().empty()) {
        end(channel.failure());
    } else if (channel.is_done()) {
        end("");
    } else if (hooks.sink != nullptr && !tracer) {
        start_tracer();
    }
}

void Session::Implementation::start_tracer() {
    header.kernel = channel.kernel_name();
    tracer = std::make_unique<BoundaryTracer>(*engine, std::move(header), spec.guest_program, sink);
}

void Session::Implementation::handle_idle() {
    while (input && input->is_wanted()) {
        if (input->serve(time_left(), stop_requested) || stop_requested) {
            return;
        }
        if (time_left() == milliseconds{0}) {
            service();
            return;
        }
    }
    end(channel.program_started() ? "every task of the guest sleeps for ever"
                                  : "the kernel waits for ever: " + channel.last_words());
}

milliseconds Session::Implementation::time_left() const {
    if (spec.timeout == milliseconds{0}) {
        return std::chrono::hours{1};
    }
    const auto left = spec.timeout - std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
    return std::max(left, milliseconds{0});
}

void Session::Implementation::service() {
    next_service = engine->retired_instructions() + kServiceInterval;
    if (time_left() == milliseconds{0}) {
        end(fmt::format("time limit of {} ms reached", spec.timeout.count()));
        return;
    }
    if (input && input->is_open()) {
        input->serve(milliseconds{0}, stop_requested);
        throttle();
    }
}

// Waiting costs an emulated guest no time, so one that waits for a person would pass years at full speed:
// while input can come, its clock is held back to about ours.
void Session::Implementation::throttle() {
    if (!channel.program_started()) {
        return;
    }
    const std::chrono::nanoseconds lead = engine->guest_time() - (Clock::now() - begun);
    if (!guest_lead) {
        guest_lead = lead;
    }
    const auto ahead = std::chrono::duration_cast<milliseconds>(lead - *guest_lead - kThrottleSlack);
    if (ahead > milliseconds{0}) {
        input->serve(std::min(ahead, time_left()), stop_requested);
        next_service = engine->retired_instructions() + kThrottledInterval;
    }
}

// `why` is empty where the run is over because init has said so.
void Session::Implementation::end(std::string why) {
    if (!ended) {
        ended = true;
        incomplete = std::move(why);
    }
}

Result<Outcome> Session::Implementation::finish() {
    if (!ended) {
        end("stopped");
    }
    if (incomplete.empty() && channel.lost_frames() > 0) {
        incomplete = fmt::format("{} frames between init and levitate were damaged", channel.lost_frames());
    }
    if (hooks.sink != nullptr) {
        if (!tracer) {
            start_tracer();
        }
        tracer->finish({.exit_code = channel.exit_code(),
                        .signal = channel.signal(),
                        .stdout_bytes = channel.stdout_bytes(),
                        .stderr_bytes = channel.stderr_bytes()},
                       incomplete);
    }
    if (const auto& failed = channel.exec_failure()) {
        return std::unexpected(explain_exec_failure(spec, *failed));
    }
    EngineStatistics statistics = engine->statistics();
    Outcome outcome;
    outcome.exit_code = channel.exit_code();
    outcome.signal = channel.signal();
    if (hooks.capture_output) {
        outcome.stdout_bytes = std::move(channel.stdout_bytes());
        outcome.stderr_bytes = std::move(channel.stderr_bytes());
    }
    outcome.instructions = statistics.instructions;
    outcome.wall = Clock::now() - begun;
    outcome.undefined_encodings = std::move(statistics.undefined_encodings);
    outcome.kernel_log = channel.kernel_log();
    for (const std::string& access : machine->bus().unanswered()) {
        outcome.kernel_log.append("levitate: nothing answers a ").append(access).append("\n");
    }
    outcome.incomplete = incomplete;
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
    implementation_->stop_requested = true;
    implementation_->engine->request_stop();
}

void Session::set_boundary_stops(BoundaryStops stops) {
    implementation_->boundary_stops = stops;
    implementation_->engine->set_boundary_exits(stops == BoundaryStops::On ||
                                                implementation_->tracer != nullptr);
}

void Session::set_breakpoints(std::span<const GuestVirt> addresses) {
    implementation_->breakpoints.assign(addresses.begin(), addresses.end());
    std::vector<GuestVirt> all = implementation_->breakpoints;
    const auto& tracers = implementation_->tracer_breakpoints;
    all.insert(all.end(), tracers.begin(), tracers.end());
    implementation_->engine->set_breakpoints(all);
}

Engine& Session::engine() {
    return *implementation_->engine;
}
const Engine& Session::engine() const {
    return *implementation_->engine;
}
const BoundaryTracer* Session::tracer() const {
    return implementation_->tracer.get();
}
const std::string& Session::guest_program() const {
    return implementation_->spec.guest_program;
}
const std::vector<FileMapping>& Session::modules() const {
    return implementation_->modules;
}
bool Session::ended() const {
    return implementation_->ended;
}
Result<Outcome> Session::finish() {
    return implementation_->finish();
}

}  // namespace levitate::vmm
