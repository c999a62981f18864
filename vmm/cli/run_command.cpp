// `levitate run`: runs a program.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "vmm/cli/choice.hpp"
#include "vmm/cli/commands.hpp"
#include "vmm/cli/debug_session.hpp"
#include "vmm/cli/interruption.hpp"
#include "vmm/cli/options.hpp"
#include "vmm/run/host_terminal.hpp"

namespace levitate::vmm::cli {
namespace {

struct RunCommand {
    MachineOptions machine;
    ProgramOptions program;
    std::optional<GdbStop> gdb_stop;
    bool environment_from_host = false;

    Result<RunSpec> to_spec(const std::vector<std::string>& command) const {
        const bool is_kernel_given = !machine.kernel.empty() || !machine.initramfs.empty();
        if (!command.empty() || !is_kernel_given) {
            auto spec = program.to_spec(command);
            if (spec && environment_from_host) {
                add_host_environment(*spec);
            }
            return spec;
        }
        if (gdb_stop == GdbStop::Program) {
            return failure(
                Error::Kind::Usage,
                "--gdb-stop program stops before a program's first instruction, and no PROGRAM is given");
        }
        return program.to_spec_without_program();
    }

    // Our own variables, but for those that --env sets.
    static void add_host_environment(RunSpec& spec) {
        std::vector<std::string> variables;
        for (char** variable = environ; *variable != nullptr; ++variable) {
            const std::string text = *variable;
            const std::string name = text.substr(0, text.find('=') + 1);
            const auto is_given = [&name](const std::string& given) { return given.starts_with(name); };
            if (std::ranges::none_of(spec.envp, is_given)) {
                variables.push_back(text);
            }
        }
        spec.envp.insert(spec.envp.begin(), variables.begin(), variables.end());
    }

    // Of what runs, the program if there is one.
    GdbStop stop_of(const RunSpec& spec) const {
        return gdb_stop.value_or(is_kernel_alone(spec) ? GdbStop::Kernel : GdbStop::Program);
    }

    // Without a debugger, the program is at our terminal and gets our signals.
    Result<Outcome> run_it(RunSpec spec, const RunHooks& hooks, std::optional<int>& signal) const {
        if (!machine.gdb.empty()) {
            if (stop_of(spec) == GdbStop::Kernel) {
                spec.snapshots.clear();  // its first instruction is to come
            }
            return debug(spec, hooks, machine.gdb, stop_of(spec));
        }
        if (is_kernel_alone(spec) || spec.engine == EngineKind::Native) {
            return run_until_signal(spec, hooks, signal);
        }
        spec.terminal = own_terminals();
        const char* const type = std::getenv("TERM");
        const auto is_type = [](const std::string& variable) { return variable.starts_with("TERM="); };
        if (!spec.terminal.empty() && type != nullptr && std::ranges::none_of(spec.envp, is_type)) {
            spec.envp.push_back(std::string{"TERM="} + type);
        }
        return run_and_pass_signals(std::move(spec), hooks, signal);
    }

    int execute(const std::vector<std::string>& command) const {
        auto spec = to_spec(command);
        if (!spec) {
            return fail(spec.error());
        }
        if (const auto applied = machine.apply_to(*spec); !applied) {
            return fail(applied.error());
        }
        RunHooks hooks;
        if (const auto ready = machine.apply_to(hooks, spec->program.empty()); !ready) {
            return fail(ready.error());
        }
        std::optional<int> signal;
        const auto outcome = run_it(*spec, hooks, signal);
        if (!outcome) {
            return fail(outcome.error());
        }
        print_run_report(*outcome, machine);
        if (signal) {
            end_by_signal(*signal);
        }
        return exit_status(*outcome);
    }
};

}  // namespace

void add_run_command(CLI::App& app, int& status) {
    auto command = std::make_shared<RunCommand>();
    CLI::App* run =
        app.add_subcommand("run", "PROGRAM [ARGS...]: run it; its output and exit status are ours");
    run->footer(
        "The program stands at /bin/NAME in the guest, which is its argv[0]; its libraries stand where "
        "Debian has them.\nIt is at this terminal if there is one, and gets SIGINT, SIGTERM, SIGHUP and "
        "SIGWINCH; SIGQUIT ends the tool.\n\n"
        "Examples:\n"
        "  levitate run hello\n"
        "  levitate run --stats ./target/aarch64-unknown-linux-gnu/release/tool --verbose input\n"
        "  levitate run --kernel ./Image --env RUST_BACKTRACE=1 ./tool\n"
        "  levitate run --kernel ./kernel.elf    the kernel alone: its UART is our stdin and stdout\n"
        "  levitate run --kernel kernel.elf --gdb 1234 --gdb-stop kernel ./tool\n"
        "  levitate run --gdb 1234 ./tool        then: gdb-multiarch ./tool -ex 'target remote :1234'");
    command->machine.add_to(*run);
    command->machine.add_gdb_to(*run,
                                "before the program's first instruction, or the kernel's if it runs alone");
    static const std::map<std::string, GdbStop> kStops{{"kernel", GdbStop::Kernel},
                                                       {"program", GdbStop::Program}};
    offer(run->add_option(
              "--gdb-stop", command->gdb_stop,
              "Before whose first instruction --gdb stops (default program, or kernel if it runs alone)"),
          kStops);
    run->add_flag("--env-from-host", command->environment_from_host,
                  "Give the program this tool's environment too, but for variables that --env sets");
    command->program.add_to(*run);
    run->prefix_command();
    run->callback([command, run, &status] { status = command->execute(run->remaining()); });
}

}  // namespace levitate::vmm::cli
