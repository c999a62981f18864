#include "vmm/run/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <utility>

#include "vmm/engine/emu/emu_engine.hpp"
#include "vmm/initramfs/cpio.hpp"
#include "vmm/initramfs/init/channel.hpp"
#include "vmm/initramfs/packer.hpp"
#include "vmm/machine/machine.hpp"
#include "vmm/machine/read_file.hpp"
#include "vmm/run/byte_channel.hpp"
#include "vmm/run/diagnosing.hpp"
#include "vmm/run/engine_stops.hpp"
#include "vmm/run/guest_channel.hpp"
#include "vmm/run/ignore_sigpipe.hpp"
#include "vmm/run/kernel_console.hpp"
#include "vmm/run/pacing.hpp"
#include "vmm/run/prepare.hpp"
#include "vmm/run/recording.hpp"
#include "vmm/run/run_end.hpp"
#include "vmm/run/tracing.hpp"
#include "vmm/run/unanswered.hpp"

namespace levitate::vmm {
namespace {

OutputMode output_mode(const RunHooks& hooks) {
    if (hooks.capture_output) {
        return OutputMode::Capture;
    }
    return hooks.sink != nullptr ? OutputMode::StreamAndCapture : OutputMode::Stream;
}

// The key does not come from a seed, because a program could work that out. Nothing that a guest does depends
// on the key's value, so a run is still a function of its seeds.
init::HashKey random_key() {
    init::HashKey key{};
    ::arc4random_buf(key.data(), key.size());
    return key;
}

// Where the kernel or init finds the program that it executes.
const std::string& executed_program(const RunSpec& spec) {
    return spec.init_mode == InitMode::Direct ? spec.init_paths.front() : spec.guest_program;
}

// The program and its libraries, the program first, under the names by which they are executed.
std::vector<FileMapping> modules_of(const RunSpec& spec, const Initramfs& initramfs) {
    std::vector<FileMapping> modules{{.host = initramfs.program.host, .guest = executed_program(spec)}};
    for (const PackedFile& library : initramfs.libraries) {
        modules.push_back({.host = library.host, .guest = library.guest});
    }
    return modules;
}

ProgramStart program_start(const RunSpec& spec) {
    return spec.init_mode == InitMode::Direct
               ? ProgramStart{.by = ProgramStart::By::Process1, .path = {}}
               : ProgramStart{.by = ProgramStart::By::Exec, .path = spec.guest_program};
}

std::optional<KernelConsole> make_console(const RunSpec& spec, const RunHooks& hooks, GuestChannel& channel) {
    if (!is_kernel_alone(spec)) {
        return std::nullopt;
    }
    const auto input = spec.stdin_bytes ? KernelConsole::Input::Given : KernelConsole::Input::Live;
    return std::optional<KernelConsole>{std::in_place, output_mode(hooks), input,
                                        [&channel](std::string_view text) { channel.keep_text(text); }};
}

// What exists once there is a machine: its engine, and what needs one.
struct Running {
    Running(std::unique_ptr<Machine> the_machine, const RunSpec& spec, const RunHooks& hooks,
            traces::EventSink* observer, traces::Header header, const GuestChannel& channel,
            KernelSymbols symbols)
        : machine(std::move(the_machine)),
          engine(make_emu_engine(*machine, spec.schedule_seed)),
          stops(*engine),
          tracing(hooks, observer, *engine, stops, std::move(header), program_start(spec)),
          diagnosing(*engine, channel, hooks, std::move(symbols)) {}

    std::unique_ptr<Machine> machine;
    std::unique_ptr<Engine> engine;
    EngineStops stops;
    Tracing tracing;
    Diagnosing diagnosing;
};

}  // namespace

class Session::Implementation {
  public:
    Implementation(RunSpec spec, const RunHooks& hooks);

    Result<void> set_up();
    AdvanceReason advance(std::uint64_t instructions);
    void request_stop();
    Result<Outcome> finish();

    Running& running() { return *running_; }
    const RunSpec& spec() const { return spec_; }
    const std::vector<FileMapping>& modules() const { return modules_; }
    bool ended() const { return end_.is_over(); }

  private:
    Result<traces::Header> pack_program(std::vector<std::byte>& archive);
    void flush_console();
    std::optional<AdvanceReason> handle(const Exit& exit);
    std::optional<AdvanceReason> cross_boundary(const Exit& exit);
    void feed_tracer(const Exit& exit);
    void handle_attention();
    void handle_idle();
    void look_at_time();
    void receive(std::byte byte);
    void start_directly();
    bool is_direct() const { return spec_.init_mode == InitMode::Direct; }
    std::optional<AdvanceReason> look_at_guest(std::uint64_t instructions);
    std::optional<std::string> task_name(const LastCall& call) const;

    RunSpec spec_;
    const RunHooks& hooks_;
    IgnoreSigpipe ignore_sigpipe_;
    init::HashKey key_ = random_key();  // of the frames
    bool attention_ = false;
    GuestChannel channel_;
    ByteChannel byte_channel_{key_, channel_};
    ConsoleWrites console_writes_{channel_};  // direct
    InitPanic init_panic_;
    std::optional<KernelConsole> console_;  // of a kernel alone, in place of the channel
    Pacing pacing_;
    RunEnd end_;
    std::vector<FileMapping> modules_;
    std::unique_ptr<Running> running_;
    std::chrono::nanoseconds waited_{0};  // by the guest for us, since the guest was looked at last
    std::atomic<bool> stop_requested_ = false;
};

Session::Implementation::Implementation(RunSpec spec, const RunHooks& hooks)
    : spec_(std::move(spec)),
      hooks_(hooks),
      channel_(
          output_mode(hooks), key_,
          [this](std::span<const std::byte> bytes) { running_->machine->board().uart().send(bytes); },
          [this] {
              attention_ = true;
              running_->engine->request_stop();
          }),
      console_(make_console(spec_, hooks, channel_)),
      pacing_(spec_, console_ ? static_cast<StdinReceiver&>(*console_) : channel_),
      end_(spec_, channel_) {
    channel_.set_console(hooks.on_console);
}

// Packs the program into `archive`. Returns the header of its trace.
Result<traces::Header> Session::Implementation::pack_program(std::vector<std::byte>& archive) {
    PackRequest request = pack_request(spec_);
    request.key = key_;
    auto initramfs = pack(request);
    if (!initramfs) {
        return std::unexpected(std::move(initramfs.error()));
    }
    modules_ = modules_of(spec_, *initramfs);
    archive = std::move(initramfs->archive);
    return hooks_.sink == nullptr ? traces::Header{} : make_header(spec_, *initramfs);
}

Result<void> Session::Implementation::set_up() {
    std::vector<std::byte> archive;
    traces::Header header;
    if (!is_kernel_alone(spec_)) {
        auto packed = pack_program(archive);
        if (!packed) {
            return std::unexpected(std::move(packed.error()));
        }
        header = std::move(*packed);
    }
    if (!spec_.initramfs.empty()) {
        auto given =
            read_file("initramfs", spec_.initramfs, spec_.memory_bytes, "give more RAM with --memory");
        if (!given) {
            return std::unexpected(std::move(given.error()));
        }
        archive = std::move(*given);
    }
    auto machine = Machine::create({.memory_bytes = spec_.memory_bytes,
                                    .kernel = spec_.kernel,
                                    .initramfs = archive,
                                    .boot_arguments = boot_arguments(spec_),
                                    .seed = spec_.seed,
                                    .hardware = spec_.hardware,
                                    .board = {.clock_start = kGuestEpoch,
                                              .seed = spec_.seed,
                                              .console = [this](std::byte byte) { receive(byte); }}});
    if (!machine) {
        return std::unexpected(std::move(machine.error()));
    }
    auto symbols = symbols_of(spec_, GuestPhys{(*machine)->entry().pc});
    if (!symbols) {
        return std::unexpected(std::move(symbols.error()));
    }
    running_ = std::make_unique<Running>(std::move(*machine), spec_, hooks_,
                                         is_direct() ? &console_writes_ : nullptr, std::move(header),
                                         channel_, std::move(*symbols));
    if (console_) {
        console_->connect(running_->machine->board().uart());
        running_->machine->board().uart().send(spec_.stdin_bytes.value_or(std::vector<std::byte>{}));
    } else if (is_direct()) {
        start_directly();
    } else if (!spec_.uart_only) {
        running_->engine->set_channel_svc(init::kChannelSvc);
    }
    return {};
}

// There is no init that could say when the program is about to start, or name the kernel.
void Session::Implementation::start_directly() {
    channel_.set_direct();
    running_->tracing.start(spec_.kernel.filename().string());
    if (spec_.stdin_bytes) {
        channel_.send_stdin(*spec_.stdin_bytes);
        channel_.send_stdin_end();
    }
}

void Session::Implementation::receive(std::byte byte) {
    if (console_) {
        console_->receive(byte);
    } else {
        channel_.receive(byte);
    }
    const auto status = init_panic_.feed(byte);
    if (status && is_direct()) {
        constexpr std::uint32_t kSignal = 0x7f;  // man 2 wait: the rest is the exit code, in bits 15 to 8
        const auto signal = static_cast<int>(*status & kSignal);
        channel_.end_program(
            signal == 0 ? std::optional(static_cast<int>(*status >> 8U & 0xffU)) : std::nullopt,
            signal == 0 ? std::nullopt : std::optional(signal));
    } else if (status && !console_ && !channel_.is_done()) {
        channel_.fail(channel_.program_started() ? "Levitate's init has ended before the program"
                                                 : "Levitate's init ended before it could start the program");
    }
}

void Session::Implementation::flush_console() {
    if (console_) {
        console_->flush();
        if (console_->reader_gone()) {
            end_.by_fault("nobody reads the kernel's output any more");
        }
    }
}

AdvanceReason Session::Implementation::advance(std::uint64_t instructions) {
    const Engine& engine = *running_->engine;
    const std::uint64_t start = engine.retired_instructions();
    while (!ended()) {
        if (stop_requested_.exchange(false)) {
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

// nullopt: the engine is to run on.
std::optional<AdvanceReason> Session::Implementation::handle(const Exit& exit) {
    flush_console();
    std::optional<AdvanceReason> reason;
    switch (exit.reason) {
        case ExitReason::Budget:
        case ExitReason::Stopped:
            break;
        case ExitReason::Idle:
            handle_idle();
            break;
        case ExitReason::ChannelCall:
            if (!byte_channel_.serve(*running_->engine, exit.registers)) {
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
        handle_attention();
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
    const BoundaryTracer* const tracer = running_->tracing.tracer();
    if (is_direct() && tracer != nullptr && !channel_.is_done()) {
        if (const auto exit_code = tracer->program_exit_code()) {
            channel_.end_program(exit_code, std::nullopt);
        }
    }
}

void Session::Implementation::handle_attention() {
    attention_ = false;
    if (!channel_.failure().empty()) {
        end_.by_fault(channel_.failure());
    } else if (channel_.is_done()) {
        end_.by_init();
    } else {
        running_->tracing.start(channel_.kernel_name());
    }
}

// What comes after this is not silence of the guest's.
void Session::Implementation::handle_idle() {
    const auto begun = pacing_.wall();
    switch (pacing_.wait_for_input(stop_requested_)) {
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
    if (!pacing_.look(*running_->engine, stop_requested_)) {
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
    running_->engine->request_stop();
}

Result<Outcome> Session::Implementation::finish() {
    // Who stops a program that runs need not be told where it was.
    const bool is_stopped = !end_.is_over() && channel_.program_started();
    const RunEnd::Cause& how = end_.finish();
    channel_.finish();
    // Before the trace ends, and with it what the tracer knows of the tasks.
    EngineStatistics statistics = running_->engine->statistics();
    std::vector<std::string> unanswered = describe_unanswered(statistics);
    std::string report;
    if (!how.incomplete.empty() && !is_stopped) {
        report =
            running_->diagnosing.report(unanswered, [this](const LastCall& call) { return task_name(call); });
    }
    std::string contradiction = running_->tracing.finish({.exit_code = channel_.exit_code(),
                                                          .signal = channel_.signal(),
                                                          .stdout_bytes = channel_.stdout_bytes(),
                                                          .stderr_bytes = channel_.stderr_bytes()},
                                                         channel_.kernel_name(), how.incomplete);
    if (const auto& failed = channel_.exec_failure()) {
        return std::unexpected(explain_exec_failure(spec_, *failed));
    }
    Outcome outcome;
    outcome.started = channel_.program_started();
    outcome.direct = is_direct();
    outcome.notes.assign(channel_.notes().begin(), channel_.notes().end());
    outcome.exit_code = channel_.exit_code();
    outcome.signal = channel_.signal();
    if (hooks_.capture_output) {
        outcome.stdout_bytes = std::move(channel_.stdout_bytes());
        outcome.stderr_bytes = std::move(channel_.stderr_bytes());
    }
    outcome.instructions = statistics.instructions;
    outcome.wall = pacing_.wall();
    outcome.undefined_encodings = std::move(statistics.undefined_encodings);
    if (console_) {
        outcome.exit_code = how.incomplete.empty() ? std::optional{how.status.value_or(0)} : std::nullopt;
        outcome.stdout_bytes = std::move(console_->captured());
    } else {
        outcome.kernel_log = channel_.kernel_log();
    }
    outcome.unanswered = std::move(unanswered);
    outcome.report = std::move(report);
    outcome.contradiction = std::move(contradiction);
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
    return implementation_->modules().front().guest;
}
const std::vector<FileMapping>& Session::modules() const {
    return implementation_->modules();
}
bool Session::ended() const {
    return implementation_->ended();
}
Result<Outcome> Session::finish() {
    return implementation_->finish();
}

}  // namespace levitate::vmm
