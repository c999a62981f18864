#include "vmm/cli/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <string_view>
#include <system_error>

#include "vmm/cli/choice.hpp"
#include "vmm/cli/debian_kernel.hpp"
#include "vmm/cli/paths.hpp"
#include "vmm/run/raw_terminal.hpp"

namespace levitate::vmm::cli {
namespace {

// What --kernel calls Debian's Linux; a file of this name is ./linux.
constexpr std::string_view kLinux = "linux";

constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 30;

// Turns "256M" into the number of bytes, in place. Returns what is wrong, for people.
std::string parse_size(std::string& text, std::uint64_t least) {
    constexpr std::string_view kUnits = "KMG";
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    unsigned shift = 0;
    if (error == std::errc{} && end - rest == 1) {
        const auto unit = kUnits.find(static_cast<char>(std::toupper(static_cast<unsigned char>(*rest))));
        shift = unit == std::string_view::npos ? 0 : 10 * (static_cast<unsigned>(unit) + 1);
    }
    const bool is_size = error == std::errc{} && (rest == end || shift != 0);
    if (!is_size || number > kMostBytes >> shift || number << shift < least) {
        return "'" + text + "' is not a size from " + (least == 0 ? "0" : std::to_string(least >> 20) + "M") +
               " to 64G";
    }
    text = std::to_string(number << shift);
    return {};
}

std::string positive_seconds(const std::string& text) {
    double seconds = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, seconds);
    constexpr double kMost = 1e9;  // some thirty years
    const bool valid = error == std::errc{} && rest == end && seconds > 0 && seconds <= kMost;
    return valid ? std::string{} : "'" + text + "' is not a positive number of seconds";
}

}  // namespace

CLI::Validator size_validator(std::uint64_t least) {
    return CLI::Validator{[least](std::string& text) { return parse_size(text, least); }, ""};
}

void MemoryOption::add_to(CLI::App& app) {
    app.add_option("--memory", bytes, "The guest's RAM, for example 256M or 1G (default 512M)")
        ->transform(size_validator(std::uint64_t{32} << 20))
        ->option_text("SIZE");
}

void MachineOptions::add_to(CLI::App& app) {
    static const std::map<std::string, EngineKind> kEngines{
        {"auto", EngineKind::Auto}, {"emu", EngineKind::Emu}, {"native", EngineKind::Native}};
    offer(app.add_option("--engine", engine, "What executes the guest (default auto)"), kEngines);
    app.add_option(
           "--kernel", kernel,
           "A kernel to boot instead of Levitate's own: an ELF file, an Image, or what else QEMU's virt "
           "machine boots; linux: Debian's, fetched through apt the first time")
        ->option_text("PATH");
    static const std::map<std::string, InitMode> kInitModes{
        {"auto", InitMode::Auto}, {"harness", InitMode::Harness}, {"direct", InitMode::Direct}};
    offer(
        app.add_option("--init", init_mode,
                       "Who is process 1: Levitate's init, the program itself, or init if the kernel can run "
                       "it (default auto, and harness for Levitate's own kernel)"),
        kInitModes);
    app.add_option("--init-path", init_paths,
                   "With --init direct: where the program stands (default /init, /sbin/init and /bin/init)")
        ->option_text("PATH")
        ->allow_extra_args(false);
    app.add_option("--kernel-args", kernel_arguments, "Appended to the kernel's command line")
        ->option_text("TEXT");
    app.add_option("--append", append,
                   "The kernel's command line, in place of 'console=ttyAMA0 panic=-1 quiet'")
        ->option_text("TEXT");
    app.add_option("--initrd", initramfs,
                   "The initramfs, for a kernel that runs alone, or that has PROGRAM in it as process 1 "
                   "(--init direct)")
        ->option_text("FILE");
    app.add_option("--kernel-symbols", kernel_symbols,
                   "The kernel's ELF or System.map, for names in what is said of a kernel that goes wrong "
                   "(default: the kernel, if it is an ELF)")
        ->option_text("FILE");
    app.add_option("--kernel-log", kernel_log, "Write all that the kernel prints on its console to this file")
        ->option_text("FILE");
    app.add_flag("--cold-start", cold_start,
                 "Boot the kernel, rather than go on from a snapshot of it booted before, as Levitate's own "
                 "and Debian's do");
    memory.add_to(app);
    add_hardware_to(app);
    app.add_option(
           "--schedule-seed", schedule_seed,
           "Seeds another order of tasks and timers: guest time jumps ahead at instructions drawn from "
           "it (default 0: no jumps)")
        ->option_text("NUMBER");
    app.add_option("--timeout", timeout_seconds, "End the run after this many seconds of host time")
        ->check(CLI::Validator{positive_seconds, ""})
        ->option_text("SECONDS");
    app.add_option(
           "--max-instructions", instruction_limit,
           "End the run when the machine has retired this many instructions, the kernel's boot included")
        ->option_text("NUMBER");
    app.add_flag("--stats", statistics, "Print instructions, time and MIPS to stderr at the end");
    app.add_flag("-v,--verbose", verbosity,
                 "Show the kernel's console on stderr as it comes, and what no device answers");
    app.add_flag("-q,--quiet", quiet,
                 "Do not say on stderr where the guest is when nothing has been heard of it for 10 s");
}

void MachineOptions::add_hardware_to(CLI::App& app) {
    static const std::map<std::string, GicVersion> kGics{{"2", GicVersion::V2}, {"3", GicVersion::V3}};
    offer(
        app.add_option("--gic", gic,
                       "The version of the interrupt controller (default 2, as QEMU's; 3 for Levitate's own "
                       "kernel)"),
        kGics);
    app.add_option(
           "--disk", disks,
           "A raw image that the guest has as a virtio disk; what it writes is lost at the end and leaves "
           "the file as it is")
        ->option_text("FILE")
        ->allow_extra_args(false);
    static const std::map<std::string, VirtioKind> kKinds{{"console", VirtioKind::Console},
                                                          {"rng", VirtioKind::Entropy}};
    offer(app.add_option("--virtio", virtio, "A further virtio device; the random numbers come from --seed"),
          kKinds)
        ->allow_extra_args(false);
    static const std::map<std::string, VirtioForm> kForms{{"1", VirtioForm::Legacy},
                                                          {"2", VirtioForm::Modern}};
    offer(app.add_option("--virtio-version", virtio_form,
                         "The version that virtio slots report (default 1, the legacy interface, as QEMU's)"),
          kForms);
}

void MachineOptions::add_gdb_to(CLI::App& app, const std::string& stops_at) {
    app.add_option("--gdb", gdb, "Stop " + stops_at + ", and wait here for gdb-multiarch")
        ->option_text("[ADDR:]PORT");
}

Result<void> MachineOptions::apply_to(RunSpec& spec) const {
    spec.engine = engine;
    if (kernel == kLinux) {
        auto found = debian_kernel();
        if (!found) {
            return std::unexpected(std::move(found.error()));
        }
        spec.kernel = std::move(*found);
    } else {
        spec.kernel = kernel.empty() ? guest_kernel_path() : std::filesystem::path{kernel};
    }
    spec.init = init_path();
    if (init_mode) {
        spec.init_mode = *init_mode;
    } else if (!kernel.empty() && engine != EngineKind::Native && spec.init_mode == InitMode::Harness) {
        spec.init_mode = InitMode::Auto;
    }
    if (!init_paths.empty()) {
        spec.init_paths = init_paths;
    }
    spec.kernel_symbols = kernel_symbols;
    spec.kernel_command_line = kernel_arguments;
    spec.replaced_command_line = append;
    spec.initramfs = initramfs;
    spec.memory_bytes = memory.bytes;
    spec.hardware = {.gic = gic.value_or(kernel.empty() ? GicVersion::V3 : GicVersion::V2),
                     .virtio = virtio_form,
                     .disks = {disks.begin(), disks.end()},
                     .virtio_console = std::ranges::count(virtio, VirtioKind::Console) != 0,
                     .virtio_entropy = std::ranges::count(virtio, VirtioKind::Entropy) != 0};
    // Of a kernel that somebody works on more would be asked than that it boots.
    if (!cold_start && (kernel.empty() || kernel == kLinux)) {
        spec.snapshots = snapshots_directory();
    }
    spec.schedule_seed = schedule_seed.value_or(spec.schedule_seed);
    spec.instruction_limit = instruction_limit;
    spec.timeout = std::chrono::milliseconds{std::llround(timeout_seconds * 1000)};
    return {};
}

Result<void> MachineOptions::apply_to(RunHooks& hooks, bool is_output) const {
    std::shared_ptr<std::ofstream> log;
    if (!kernel_log.empty()) {
        log = std::make_shared<std::ofstream>(kernel_log, std::ios::binary | std::ios::trunc);
        if (!*log) {
            return failure(Error::Kind::Harness, "--kernel-log " + kernel_log + ": cannot be written");
        }
    }
    const bool is_shown = verbosity > 0 && !is_output;
    hooks.console_is_shown = is_shown || is_output;
    if (log || is_shown) {
        hooks.on_console = [log, is_shown](std::string_view text) {
            if (is_shown) {
                std::fwrite(text.data(), 1, text.size(), stderr);
            }
            if (log) {
                *log << text << std::flush;
            }
        };
    }
    if (!quiet) {
        hooks.on_silence = [](const std::string& line) {
            fmt::print(stderr, "levitate: {}{}\n", line, RawTerminal::needs_carriage_return() ? "\r" : "");
        };
    }
    return {};
}

void ProgramOptions::add_to(CLI::App& app) {
    app.add_option("--env,-e", environment,
                   "Set a variable in the program's environment, which is otherwise empty")
        ->option_text("NAME=VALUE")
        ->allow_extra_args(false);
    app.add_option("--file", files, "Put a host file into the guest's root at the given absolute path")
        ->option_text("HOST:GUEST")
        ->allow_extra_args(false);
    app.add_option("--root", roots, "Copy a host directory's contents into the guest's root")
        ->option_text("DIR")
        ->allow_extra_args(false);
    app.add_option("--sysroot", sysroots, "Look here first for the interpreter and shared libraries")
        ->option_text("DIR")
        ->allow_extra_args(false);
    app.add_option("--cwd", cwd, "The program's working directory in the guest (default /)")
        ->option_text("DIR");
    app.add_option("--seed", seed, "Seeds the guest's random numbers (default 0)")->option_text("NUMBER");
    app.add_flag("--randomize-addresses", randomize_addresses,
                 "Leave address-space randomisation on (default off)");
}

bool ProgramOptions::describe_program() const {
    return !environment.empty() || !files.empty() || !roots.empty() || cwd != "/" || seed != 0 ||
           randomize_addresses;
}

Result<RunSpec> ProgramOptions::to_spec(const std::vector<std::string>& command) const {
    const auto usage = [](std::string message) {
        return std::unexpected(Error{.kind = Error::Kind::Usage, .message = std::move(message)});
    };
    if (command.empty()) {
        return usage("no PROGRAM given; see --help");
    }
    if (command.front().starts_with('-')) {
        return usage(command.front() + ": unknown option; see --help");
    }
    auto program = find_program(command.front());
    if (!program) {
        return std::unexpected(std::move(program.error()));
    }
    RunSpec spec;
    spec.program = std::move(*program);
    spec.argv = command;
    // Programs look for themselves there; the path of the command line means nothing in the guest.
    spec.argv.front() = usual_guest_path(spec.program);
    spec.cwd = cwd;
    spec.seed = seed;
    spec.randomize_addresses = randomize_addresses;
    for (const std::string& variable : environment) {
        if (variable.find('=') == std::string::npos || variable.front() == '=') {
            return usage("--env " + variable + ": not NAME=VALUE");
        }
        spec.envp.push_back(variable);
    }
    for (const std::string& mapping : files) {
        const auto colon = mapping.rfind(':');
        if (colon == std::string::npos || colon == 0 || mapping.substr(colon + 1, 1) != "/") {
            return usage("--file " + mapping + ": not HOST:GUEST with an absolute GUEST path");
        }
        spec.files.push_back({.host = mapping.substr(0, colon), .guest = mapping.substr(colon + 1)});
    }
    spec.roots.assign(roots.begin(), roots.end());
    spec.sysroots.assign(sysroots.begin(), sysroots.end());
    return spec;
}

Result<RunSpec> ProgramOptions::to_spec_without_program() const {
    const bool is_any_given = !environment.empty() || !files.empty() || !roots.empty() || !sysroots.empty() ||
                              cwd != "/" || randomize_addresses;
    if (is_any_given) {
        return failure(
            Error::Kind::Usage,
            "no PROGRAM given, which --env, --file, --root, --sysroot, --cwd and --randomize-addresses "
            "are for; see --help");
    }
    RunSpec spec;
    spec.seed = seed;
    return spec;
}

void add_layout_to(CLI::App& app, bool& strict) {
    app.add_flag("--strict-layout", strict,
                 "Hold stack, vDSO and mappings to Linux's places with every kernel, not only with Linux and "
                 "Levitate's own");
}

traces::Layout layout_of(bool strict) {
    return strict ? traces::Layout::Strict : traces::Layout::ByKernel;
}

int fail(const Error& error) {
    fmt::print(stderr, "levitate: {}\n", error.message);
    switch (error.kind) {
        case Error::Kind::Usage:
            return kUsage;
        case Error::Kind::NotExecutable:
            return kNotExecutable;
        case Error::Kind::NotFound:
            return kNotFound;
        case Error::Kind::Harness:
            return kHarnessFault;
    }
    return kHarnessFault;
}

int exit_status(const Outcome& outcome) {
    if (!outcome.incomplete.empty()) {
        fmt::print(stderr, "levitate: the run did not end by itself: {}\n", outcome.incomplete);
        return kHarnessFault;
    }
    constexpr int kSignalBase = 128;
    return outcome.signal ? kSignalBase + *outcome.signal : outcome.exit_code.value_or(kHarnessFault);
}

namespace {

// Whether the guest's kernel has ended the program because there was no memory left, as its log says (Linux
// mm/oom_kill.c; our own words differ little).
bool is_killed_for_memory(const Outcome& outcome) {
    const std::string& log = outcome.kernel_log;
    return outcome.signal == SIGKILL && (log.find("Out of memory: Killed") != std::string::npos ||
                                         log.find("out of memory: killed") != std::string::npos);
}

}  // namespace

void print_run_report(const Outcome& outcome, const MachineOptions& options) {
    // A program that handles SIGILL knows what it does: probes for features are made so.
    if (options.statistics || options.verbosity > 0 || outcome.signal == SIGILL ||
        !outcome.incomplete.empty()) {
        for (const std::string& encoding : outcome.undefined_encodings) {
            fmt::print(stderr, "levitate: undefined instruction {}\n", encoding);
        }
    }
    if (is_killed_for_memory(outcome)) {
        fmt::print(stderr,
                   "levitate: the guest had no memory left, so its kernel killed the program; give it more "
                   "with --memory (now {} MiB)\n",
                   options.memory.bytes >> 20U);
    }
    for (const std::string& note : outcome.notes) {
        fmt::print(stderr, "levitate: {}\n", note);
    }
    if (!outcome.contradiction.empty()) {
        fmt::print(stderr, "levitate: {}\n", outcome.contradiction);
    }
    if (options.verbosity > 0 && outcome.report.empty()) {
        for (const std::string& access : outcome.unanswered) {
            fmt::print(stderr, "levitate: nothing answers: {}\n", access);
        }
    }
    fmt::print(stderr, "{}", outcome.report);
    if (options.statistics) {
        const double seconds = std::chrono::duration<double>(outcome.wall).count();
        const auto instructions = static_cast<double>(outcome.instructions);
        fmt::print(stderr, "instructions {}\nseconds {:.3f}\nMIPS {:.1f}\n", outcome.instructions, seconds,
                   seconds > 0 ? instructions / seconds / 1e6 : 0.0);
    }
}

}  // namespace levitate::vmm::cli
