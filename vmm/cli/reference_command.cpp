// `levitate reference`: keeps what real Linux does with a program as a golden of one's own.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "vmm/cli/commands.hpp"
#include "vmm/cli/options.hpp"
#include "vmm/cli/paths.hpp"
#include "vmm/cli/references.hpp"
#include "vmm/cli/standard_input.hpp"
#include "vmm/reference/keep.hpp"

namespace levitate::vmm::cli {
namespace {

struct ReferenceCommand {
    ProgramOptions given;
    ReferenceOptions reference;
    MemoryOption memory;
    std::string program;
    std::string folder;
    const std::vector<std::string>* arguments = nullptr;

    Result<void> make() const {
        if (auto checked = check_golden_folder(folder); !checked) {
            return checked;
        }
        std::vector<std::string> command{program};
        command.insert(command.end(), arguments->begin(), arguments->end());
        auto spec = given.to_spec(command);
        if (!spec) {
            return std::unexpected(std::move(spec.error()));
        }
        auto input = read_standard_input();
        if (!input) {
            return std::unexpected(std::move(input.error()));
        }
        spec->stdin_bytes = std::move(*input);
        spec->init = init_path();
        spec->memory_bytes = memory.bytes;
        const auto made = reference.obtain(*spec, program);
        if (!made) {
            return std::unexpected(made.error());
        }
        auto kept = keep_as_golden(folder, made->spec, made->key, made->golden.recordings);
        if (kept) {
            fmt::print("{}: {}\n", folder, reference_text(made->golden));
        }
        return kept;
    }

    int execute() const {
        const auto made = make();
        return made ? static_cast<int>(kSuccess) : fail(made.error());
    }
};

}  // namespace

void add_reference_command(CLI::App& app, int& status, const std::vector<std::string>& program_arguments) {
    auto command = std::make_shared<ReferenceCommand>();
    command->arguments = &program_arguments;
    CLI::App* reference =
        app.add_subcommand("reference", "Record a program on real Linux, and keep that as a golden");
    reference->footer(
        "Debian's Linux runs the program in Levitate's own machine, under several schedules. The folder has "
        "the\nrecordings and all that is needed to run the program again; check takes it, and folders of "
        "such "
        "folders.\nWhat stands behind -- are the program's arguments; standard input is read to its end and "
        "kept.\n\n"
        "Examples:\n"
        "  levitate reference ./tool -o references/tool -- --verbose input\n"
        "  levitate check --kernel ./Image references\n\n"
        "Exit status: 0 kept, 2 wrong command line, 125 a fault of the harness, or a program that does not "
        "end,\n126 or 127 a program that cannot be executed or is not there.");
    reference->add_option("program", command->program, "The program")->option_text("PATH")->required();
    reference
        ->add_option("-o,--output", command->folder, "The folder to write; a reference in it is replaced")
        ->option_text("DIR")
        ->required();
    command->reference.add_to(*reference);
    command->given.add_to(*reference);
    command->memory.add_to(*reference);
    reference->callback([command, &status] { status = command->execute(); });
}

}  // namespace levitate::vmm::cli
