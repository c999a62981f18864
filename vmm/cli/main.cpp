#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "vmm/cli/commands.hpp"
#include "vmm/cli/options.hpp"

namespace {

constexpr const char* kDescription =
    "Holds an AArch64 Linux program on a kernel against what real Linux did.\n\n"
    "Exit status: that of the guest for run and record (128+n for signal n); for check and diff 0 where\n"
    "they agree and 1 where they differ; 2 for a wrong command line, 125 for a fault of the harness,\n"
    "126 for a program that cannot be executed, 127 for one that is not there.";

// A command that passes on what follows its options names none of it itself.
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

// In the form of the tool's other messages.
std::string explain(const CLI::App* app, const CLI::Error& error) {
    std::string what = error.what();
    // CLI11 misses the command before it looks at what stands in its place.
    if (const auto rest = app->remaining(); app->get_parent() == nullptr && !rest.empty()) {
        what = rest.front() + ": no such " + (rest.front().starts_with('-') ? "option" : "command");
    }
    return "levitate: " + what + "; see levitate --help\n";
}

}  // namespace

int main(int argc, char** argv) {
    using namespace levitate::vmm::cli;
    int status = kSuccess;
    try {
        spdlog::set_default_logger(spdlog::stderr_color_st("levitate"));
        spdlog::set_pattern("%n: %v");

        CLI::App app{kDescription, "levitate"};
        app.require_subcommand(1);
        app.formatter(std::make_shared<HelpFormatter>());
        app.failure_message(explain);
        app.set_version_flag("--version", LEVITATE_VERSION);
        add_run_command(app, status);
        add_record_command(app, status);
        add_check_command(app, status);
        add_diff_command(app, status);
        add_show_command(app, status);
        add_doctor_command(app, status);
        try {
            app.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            return app.exit(error) == 0 ? kSuccess : kUsage;
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "levitate: internal error: %s\n", error.what());
        return kHarnessFault;
    }
    return status;
}
