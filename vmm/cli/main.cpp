#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "vmm/cli/commands.hpp"
#include "vmm/cli/options.hpp"

namespace {

constexpr const char* kDescription =
    "Holds an AArch64 Linux program on a kernel against what real Linux did.\n\n"
    "Exit status: that of the guest for run and record (128+n for signal n); for check and diff 0 where\n"
    "they agree and 1 where they differ; 2 for a wrong command line, 125 for a fault of the harness,\n"
    "126 for a program that cannot be executed, 127 for one that is not there.";

}  // namespace

int main(int argc, char** argv) {
    using namespace levitate::vmm::cli;
    int status = kSuccess;
    try {
        spdlog::set_default_logger(spdlog::stderr_color_st("levitate"));
        spdlog::set_pattern("%n: %v");

        CLI::App app{kDescription, "levitate"};
        app.require_subcommand(1);
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
