// The entry point of the tool `levitate`.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "vmm/cli/application.hpp"
#include "vmm/cli/options.hpp"

int main(int argc, char** argv) {
    using namespace levitate::vmm::cli;
    int status = kSuccess;
    try {
        spdlog::set_default_logger(spdlog::stderr_color_st("levitate"));
        spdlog::set_pattern("%n: %v");

        const auto app = make_application(status);
        try {
            app->parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            return app->exit(error) == 0 ? kSuccess : kUsage;
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "levitate: internal error: %s\n", error.what());
        return kHarnessFault;
    }
    return status;
}
