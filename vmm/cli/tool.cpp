#include "vmm/cli/tool.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "vmm/cli/application.hpp"
#include "vmm/cli/options.hpp"

namespace levitate::vmm::cli {

int run_tool(std::span<char* const> command_line) {
    int status = kSuccess;
    try {
        spdlog::set_default_logger(spdlog::stderr_color_st("levitate"));
        spdlog::set_pattern("%n: %v");

        const auto arguments = command_line.subspan(std::min<std::size_t>(command_line.size(), 1));
        std::vector<std::string> words(arguments.begin(), arguments.end());
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

}  // namespace levitate::vmm::cli
