#include "vmm/run/session.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "vmm/engine/emu/emu_engine.hpp"
#include "vmm/initramfs/cpio.hpp"
#include "vmm/initramfs/packer.hpp"
#include "vmm/run/prepare.hpp"
#include "vmm/run/session_implementation.hpp"

namespace levitate::vmm {
namespace {

OutputMode output_mode(const RunHooks& hooks) {
    if (hooks.capture_output) {
        return OutputMode::Capture;
    }
    return hooks.sink != nullptr ? OutputMode::StreamAndCapture : OutputMode::Stream;
}

// Not from a seed: a program could work that out. Nothing that a guest does depends on the key's value, so a
// run is still a function of its seeds.
init::HashKey random_key() {
    init::HashKey key{};
    ::arc4random_buf(key.data(), key.size());
    return key;
}

}  // namespace

Session::Implementation::Implementation(RunSpec the_spec, const RunHooks& the_hooks)
    : spec(std::move(the_spec)),
      hooks(the_hooks),
      key(random_key()),
      channel(
          output_mode(hooks), key, [this](std::span<const std::byte> bytes) { machine->uart().send(bytes); },
          [this] {
              attention = true;
              engine->request_stop();
          }),
      sink(hooks, [this]() -> Engine& { return *engine; }) {
    if (!spec.stdin_bytes) {
        input = std::make_unique<LiveInput>(channel);
    }
}

Result<void> Session::Implementation::set_up() {
    PackRequest request = pack_request(spec);
    request.key = key;
    auto initramfs = pack(request);
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
    engine = make_emu_engine(*machine, {.random = spec.seed, .schedule = spec.schedule_seed});
    return {};
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
    outcome.wall = std::chrono::steady_clock::now() - begun;
    outcome.undefined_encodings = std::move(statistics.undefined_encodings);
    outcome.kernel_log = channel.kernel_log();
    for (const std::string& access : machine->bus().unanswered()) {
        outcome.kernel_log.append("levitate: nothing answers a ").append(access).append("\n");
    }
    outcome.incomplete = incomplete;
    outcome.never_ends = never_ends;
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
