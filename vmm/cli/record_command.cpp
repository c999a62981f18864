// `levitate record`: runs a program and writes the trace.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "traces/format/writer.hpp"
#include "vmm/cli/commands.hpp"
#include "vmm/cli/interruption.hpp"
#include "vmm/cli/options.hpp"

namespace levitate::vmm::cli {
namespace {

// A trace holds its run's whole input, so that it can be run again: all of our stdin, or nothing if that is a
// terminal.
Result<std::vector<std::byte>> read_stdin() {
    std::vector<std::byte> bytes;
    if (::isatty(STDIN_FILENO) == 1) {
        return bytes;
    }
    std::array<std::byte, 65536> buffer{};
    while (true) {
        const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && errno != EBADF) {
            return failure(Error::Kind::Harness,
                           "cannot read standard input: " + std::generic_category().message(errno));
        }
        if (count <= 0) {
            return bytes;
        }
        bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + count);
    }
}

struct RecordCommand {
    MachineOptions machine;
    ProgramOptions program;
    std::string output;

    int execute(const std::vector<std::string>& command) const {
        auto spec = program.to_spec(command);
        if (!spec) {
            return fail(spec.error());
        }
        machine.apply_to(*spec);
        auto writer = traces::JsonLinesWriter::create(output);
        if (!writer) {
            return fail({.kind = Error::Kind::Harness, .message = writer.error().message});
        }
        auto input = read_stdin();
        if (!input) {
            return fail(input.error());
        }
        spec->stdin_bytes = std::move(*input);
        RunHooks hooks;
        hooks.sink = writer->get();
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
