// `levitate record`: runs a program and writes the trace.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "traces/format/writer.hpp"
#include "vmm/cli/commands.hpp"
#include "vmm/cli/interruption.hpp"
#include "vmm/cli/options.hpp"
#include "vmm/cli/standard_input.hpp"

namespace levitate::vmm::cli {
namespace {

struct RecordCommand {
    MachineOptions machine;
    ProgramOptions program;
    std::string output;

    int execute(const std::vector<std::string>& command) const {
        auto spec = program.to_spec(command);
        if (!spec) {
            return fail(spec.error());
        }
        if (const auto applied = machine.apply_to(*spec); !applied) {
            return fail(applied.error());
        }
        auto writer = traces::JsonLinesWriter::create(output);
        if (!writer) {
            return fail({.kind = Error::Kind::Harness, .message = writer.error().message});
        }
        auto input = read_standard_input();
        if (!input) {
            return fail(input.error());
        }
        spec->stdin_bytes = std::move(*input);
        RunHooks hooks;
        hooks.sink = writer->get();
        if (const auto ready = machine.apply_to(hooks); !ready) {
            return fail(ready.error());
        }
        std::optional<int> signal;
        const auto outcome = run_until_signal(*spec, hooks, signal);
        if (!outcome) {
            return fail(outcome.error());
        }
        if (const auto& error = (*writer)->error()) {
            return fail({.kind = Error::Kind::Harness, .message = error->message});
        }
        print_run_report(*outcome, machine);
        if (signal) {
            fmt::print(stderr, "levitate: stopped; {} holds the run up to here, marked as incomplete\n",
                       output);
            end_by_signal(*signal);
        }
        return exit_status(*outcome);
    }
};

}  // namespace

void add_record_command(CLI::App& app, int& status) {
    auto command = std::make_shared<RecordCommand>();
    CLI::App* record = app.add_subcommand("record", "PROGRAM [ARGS...]: run it and write its trace");
    record->footer(
        "Standard input is read to its end first and kept in the trace; a terminal counts as empty.\n\n"
        "Examples:\n"
        "  levitate record -o hello.jsonl hello\n"
        "  levitate record -o tool.jsonl.zst --env LANG=C ./tool --verbose < input\n"
        "  levitate record -o linux.jsonl --kernel ./Image ./tool");
    record->add_option("-o,--output", command->output, "The trace; compressed if its name ends in .zst")
        ->option_text("TRACE")
        ->required();
    command->machine.add_to(*record);
    command->program.add_to(*record);
    record->prefix_command();
    record->callback([command, record, &status] { status = command->execute(record->remaining()); });
}

}  // namespace levitate::vmm::cli
