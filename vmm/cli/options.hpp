// The options that several commands share.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "traces/compare/compare.hpp"
#include "vmm/gdb/connection.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm::cli {

// Exit statuses of the tool itself. Otherwise the tool exits with the guest's own status.
enum ExitStatus : int {
    kSuccess = 0,
    kDivergent = 1,
    kUsage = 2,
    kHarnessFault = 125,
    kNotExecutable = 126,
    kNotFound = 127,
};

// A device that --virtio adds.
enum class VirtioKind { Console, Entropy };
// Takes a size such as 256M, of at least so many bytes, and gives the number of bytes.
CLI::Validator size_validator(std::uint64_t least);

struct MemoryOption {
    std::uint64_t bytes = 512ULL << 20;

    void add_to(CLI::App& app);
};

// How to run. The options are the same for run, record and check.
struct MachineOptions {
    EngineKind engine = EngineKind::Auto;
    std::string kernel;
    std::optional<InitMode> init_mode;
    std::vector<std::string> init_paths;
    std::string kernel_arguments;
    std::optional<std::string> append;
    std::string initramfs;
    std::string kernel_symbols;
    std::string kernel_log;
    MemoryOption memory;
    std::optional<GicVersion> gic;
    std::vector<std::string> disks;
    std::vector<VirtioKind> virtio;
    VirtioForm virtio_form = VirtioForm::Legacy;
    bool cold_start = false;
    std::optional<std::uint64_t> schedule_seed;
    double timeout_seconds = 0;
    std::uint64_t instruction_limit = 0;
    bool statistics = false;
    unsigned verbosity = 0;
    bool quiet = false;
    std::string gdb;

    void add_to(CLI::App& app);
    // `stops_at` completes "stop … and wait for gdb-multiarch".
    void add_gdb_to(CLI::App& app, const std::string& stops_at);
    // Error: the kernel has to be fetched, and cannot be.
    Result<void> apply_to(RunSpec& spec) const;
    // Shows the kernel's console and says where a silent guest is, as the options ask. Error: --kernel-log
    // cannot be written.
    // `is_output`: the console is the tool's own output.
    Result<void> apply_to(RunHooks& hooks, bool is_output = false) const;

  private:
    void add_hardware_to(CLI::App& app);
};

// What to run, for the commands that take a program.
struct ProgramOptions {
    std::vector<std::string> environment;
    std::vector<std::string> files;
    std::vector<std::string> roots;
    std::vector<std::string> sysroots;
    std::string cwd = "/";
    std::uint64_t seed = 0;
    bool randomize_addresses = false;

    void add_to(CLI::App& app);
    // `command` is PROGRAM and its arguments.
    Result<RunSpec> to_spec(const std::vector<std::string>& command) const;
    // For a run of a kernel alone. Error (Usage): an option is given that needs a program.
    Result<RunSpec> to_spec_without_program() const;
    // Whether an option is set that says what the program is given. (Where its libraries are is not that.)
    bool describe_program() const;
};

// For commands that compare: --strict-layout.
void add_layout_to(CLI::App& app, bool& strict);
traces::Layout layout_of(bool strict);

// Prints the error as "levitate: …" and returns the exit status for its kind.
int fail(const Error& error);

// The exit status that a shell would give to what became of the program: its own, or 128 plus the signal. A
// run that ended without either is a fault of the harness or a time limit, which is reported on stderr.
int exit_status(const Outcome& outcome);

// Prints on stderr what --stats and -v ask for, among it the undefined encodings that were met, and in any
// case what contradicts the outcome, that memory ran out, and what is known of a run that did not end by
// itself.
void print_run_report(const Outcome& outcome, const MachineOptions& options);

}  // namespace levitate::vmm::cli
