#include "vmm/cli/application.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "vmm/cli/commands.hpp"

namespace levitate::vmm::cli {
namespace {

constexpr const char* kDescription =
    "Holds an AArch64 Linux program on a kernel against what real Linux did.\n\n"
    "Exit status: that of the guest for run and record (128+n for signal n); for check and diff 0 where\n"
    "they agree and 1 where they differ; 2 for a wrong command line, 125 for a fault of the harness,\n"
    "126 for a program that cannot be executed, 127 for one that is not there.";

// CLI11 does not show the program and its arguments for a command that passes them on, so they are added.
class HelpFormatter final : public CLI::Formatter {
  public:
    std::string make_usage(const CLI::App* app, std::string name) const override {
        std::string usage = CLI::Formatter::make_usage(app, std::move(name));
        if (app->get_prefix_command()) {
            usage.insert(usage.find_last_not_of('\n') + 1, " PROGRAM [ARGS...]");
        }
        return usage;
    }
};

// The error in the form of the tool's other messages.
std::string explain(const CLI::App* app, const CLI::Error& error) {
    std::string what = error.what();
    // CLI11 reports that the command is missing before it looks at what stands in its place.
    if (const auto rest = app->remaining(); app->get_parent() == nullptr && !rest.empty()) {
        what = rest.front() + ": no such " + (rest.front().starts_with('-') ? "option" : "command");
    }
    return "levitate: " + what + "; see levitate --help\n";
}

}  // namespace

std::unique_ptr<CLI::App> make_application(int& status, const std::vector<std::string>& program_arguments) {
    auto app = std::make_unique<CLI::App>(kDescription, "levitate");
    app->require_subcommand(1);
    app->formatter(std::make_shared<HelpFormatter>());
    app->failure_message(explain);
    app->set_version_flag("--version", LEVITATE_VERSION);
    add_run_command(*app, status);
    add_record_command(*app, status);
    add_check_command(*app, status, program_arguments);
    add_reference_command(*app, status, program_arguments);
    add_diff_command(*app, status);
    add_show_command(*app, status);
    add_doctor_command(*app, status);
    return app;
}

std::vector<std::string> take_program_arguments(std::vector<std::string>& words) {
    const bool takes_names = !words.empty() && (words.front() == "check" || words.front() == "reference");
    const auto dashes = takes_names ? std::ranges::find(words, "--") : words.end();
    if (dashes == words.end()) {
        return {};
    }
    std::vector<std::string> arguments(std::next(dashes), words.end());
    words.erase(dashes, words.end());
    return arguments;
}

}  // namespace levitate::vmm::cli
