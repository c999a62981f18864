// The entry point of the tool `levitate`.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "vmm/cli/application.hpp"
#include "vmm/cli/options.hpp"

int main(int argc, char** argv) {
    using namespace levitate::vmm::cli;
    int status = kSuccess;
    try {
        spdlog::set_default_logger(spdlog::stderr_color_st("levitate"));
        spdlog::set_pattern("%n: %v");

        std::vector<std::string> words(std::next(argv, std::min(argc, 1)), std::next(argv, argc));
        const std::vector<std::string> program_arguments = take_program_arguments(words);
        const auto app = make_application(status, program_arguments);
        try {
            std::ranges::reverse(words);  // CLI11 wants them so
            app->parse(std::move(words));
        } catch (const CLI::ParseError& error) {
            return app->exit(error) == 0 ? kSuccess : kUsage;
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "levitate: internal error: %s\n", error.what());
        return kHarnessFault;
    }
    return status;
}
