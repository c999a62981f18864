// One run of a program on a kernel and an engine, or of a kernel alone: what every command of the tool is
// built on.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/error.hpp"
#include "vmm/machine/hardware.hpp"

namespace levitate::vmm {

class Engine;
class Session;
enum class AdvanceReason;

enum class EngineKind { Auto, Emu, Native };

// Who is process 1 of the guest.
enum class InitMode {
    Harness,  // Levitate's init, which sets the surroundings, starts the program and reports on it
    Direct,   // the program itself: nothing is asked of the kernel that the program does not ask
    Auto,     // Harness, and Direct if that does not get as far as starting the program
};

struct FileMapping {
    std::filesystem::path host;
    std::string guest;  // absolute
};

// Where a program stands in the guest's root unless another path is given: /bin/NAME.
std::string usual_guest_path(const std::filesystem::path& program);

struct RunSpec {
    // On the host. Empty: the kernel runs alone, and nothing below that belongs to a program counts.
    std::filesystem::path program;
    std::string guest_program;      // its path in the guest's root; empty: usual_guest_path(program)
    std::vector<std::string> argv;  // argv[0] included; empty: the guest path
    std::vector<std::string> envp;
    std::string cwd = "/";
    std::vector<FileMapping> files;               // --file
    std::vector<std::filesystem::path> roots;     // --root: directories copied into the root
    std::vector<std::filesystem::path> sysroots;  // where interpreter and libraries are looked for
    // Absent: our own stdin is passed on as it arrives. Present: exactly these bytes, then end of file.
    std::optional<std::vector<std::byte>> stdin_bytes;
    // The terminals among our own 0, 1 and 2 that are to be the program's: a text such as "012"; empty: it
    // has pipes.
    std::string terminal;
    // Signals that we get go to the program (Session::pass_signal), so one that waits for nothing else waits.
    bool passes_signals = false;
    bool randomize_addresses = false;
    bool batch = false;  // the program runs under SCHED_BATCH: a task that is woken waits for its turn

    EngineKind engine = EngineKind::Auto;
    std::filesystem::path kernel;     // of one of the forms that read_kernel() knows
    std::filesystem::path initramfs;  // --initrd, in place of the one with init and program; empty: none
    std::filesystem::path init;       // Levitate's own pid 1, an AArch64 executable
    InitMode init_mode = InitMode::Harness;
    // No engine answers init's calls, so its frames go over the UART. For tests of that way.
    bool uart_only = false;
    // Direct: where else the program stands in the guest's root; empty: where kernels look for process 1. The
    // first is what the kernel executes, and so argv[0]. Arguments and environment go to it by way of the
    // kernel's command line.
    std::vector<std::string> init_paths;
    std::filesystem::path kernel_symbols;  // its ELF or System.map; empty: the kernel, if it is an ELF
    std::string kernel_command_line;       // appended to what the run needs
    std::optional<std::string> replaced_command_line;  // --append: instead of what the run needs
    // Where snapshots of booted machines are kept, from which runs under init start; empty: the kernel boots.
    std::filesystem::path snapshots;
    std::uint64_t memory_bytes = 512ULL << 20;
    Hardware hardware;
    std::uint64_t seed = 0;
    std::uint64_t schedule_seed = 0;       // where guest time jumps ahead; 0: nowhere
    std::chrono::milliseconds timeout{0};  // host time; 0: none
    std::uint64_t instruction_limit = 0;   // of the whole machine, boot included; 0: none
};

// Whether no program runs, and the kernel's UART is our stdin and stdout.
inline bool is_kernel_alone(const RunSpec& spec) {
    return spec.program.empty();
}

struct Outcome {
    bool started = false;          // the program's first instruction was reached
    bool stopped = false;          // Session::request_stop() or RunHooks::on_event has ended the run
    bool direct = false;           // the program was process 1
    std::optional<int> exit_code;  // 0 for a kernel alone that powered off
    std::optional<int> signal;
    std::vector<std::byte> stdout_bytes;  // kept only if RunHooks::capture_output
    std::vector<std::byte> stderr_bytes;
    std::uint64_t instructions = 0;  // retired, kernel and user; 0 under native
    std::chrono::nanoseconds wall{0};
    std::vector<std::string> undefined_encodings;
    std::string kernel_log;  // what the kernel wrote to its console outside the frames, the last of it
    std::vector<std::string> unanswered;  // "write of 4 bytes at 0x0a000000": accesses that nothing answered
    // If `incomplete` says something: what the guest did last, for people; indented lines.
    std::string report;
    // What the reader of the outcome should know of how it was obtained, for people.
    std::vector<std::string> notes;
    // What a recorded run did that is against the status above, for people; empty: nothing. The kernel's wait
    // status is wrong then.
    std::string contradiction;
    // Why the run ended before the program did (time limit, kernel panic, idle for ever); empty otherwise.
    std::string incomplete;
    // The run is incomplete because of what the guest does on every host: all its tasks sleep for ever, or
    // the program has not ended within the limit of instructions. Otherwise the harness ended the run, which
    // says nothing about the guest.
    bool never_ends = false;
};

struct RunHooks {
    traces::EventSink* sink = nullptr;  // nullptr: nothing is recorded and no boundary exits are taken
    bool capture_output = false;        // else the guest's stdout and stderr go to ours
    // Called with each event after the sink, while the guest stands at the boundary. False: stop the run
    // there.
    std::function<bool(Engine&, const traces::Event&)> on_event;
    // Called with what the kernel writes to its console outside the frames, as it comes.
    std::function<void(std::string_view)> on_console;
    bool console_is_shown = false;  // to people, by on_console or because it is our stdout
    // Called with a line for people while nothing is heard of the guest.
    std::function<void(const std::string&)> on_silence;
    // Called with each session before it advances, and with nullptr when it will not be advanced any more.
    std::function<void(Session*)> on_session;
    // Called where a session stands because on_event has said false or a breakpoint was reached, and goes on
    // afterwards. Absent: the first ends the run, and there are no breakpoints.
    std::function<void(Session&, AdvanceReason)> on_stop;
};

// Runs the program to its end, or to the time limit. An Error means that the run could not be set up or that
// the guest could not execute the program; whatever the program does wrong is an Outcome.
Result<Outcome> run(const RunSpec& spec, const RunHooks& hooks);

}  // namespace levitate::vmm
