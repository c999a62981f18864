// `levitate show`: prints a trace as strace would, or as JSON.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <system_error>

#include "traces/export/strace.hpp"
#include "traces/format/lines.hpp"
#include "vmm/cli/choice.hpp"
#include "vmm/cli/commands.hpp"
#include "vmm/cli/goldens.hpp"
#include "vmm/cli/options.hpp"
#include "vmm/cli/paths.hpp"

namespace levitate::vmm::cli {
namespace {

enum class Format { Strace, JsonLines };

// A trace file, or the first recording of a golden or folder.
Result<traces::Trace> load_shown(const std::string& name) {
    std::error_code error;
    const bool is_golden = std::filesystem::is_directory(goldens_directory() / name, error) ||
                           std::filesystem::is_directory(name, error);
    if (!is_golden || std::filesystem::is_regular_file(name, error)) {
        return load_trace(name);
    }
    auto golden = load_golden(name);
    if (!golden) {
        return std::unexpected(std::move(golden.error()));
    }
    return std::move(golden->recordings.front());
}

int show(const std::string& file, Format format) {
    const auto trace = load_shown(file);
    if (!trace) {
        return fail(trace.error());
    }
    if (format == Format::JsonLines) {
        fmt::print("{}\n", traces::header_line(trace->header));
    }
    for (std::size_t index = 0; index < trace->events.size(); ++index) {
        fmt::print("{}\n", format == Format::JsonLines ? traces::event_line(trace->events[index])
                                                       : traces::strace_line(*trace, index));
    }
    if (format == Format::JsonLines) {
        fmt::print("{}\n",
                   traces::footer_line({.events = trace->events.size(), .incomplete = trace->incomplete}));
    }
    say_if_incomplete(file, *trace);
    return kSuccess;
}

}  // namespace

void add_show_command(CLI::App& app, int& status) {
    struct Arguments {
        std::string file;
        Format format = Format::Strace;
    };
    static const std::map<std::string, Format> kFormats{{"strace", Format::Strace},
                                                        {"json", Format::JsonLines}};
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = app.add_subcommand("show", "Print a trace");
    command->footer(
        "Examples:\n"
        "  levitate show tool.jsonl\n"
        "  levitate show hello                   what Linux did, as the golden has it\n"
        "  levitate show tool.jsonl.zst --format json | jq .");
    command->add_option("trace", arguments->file, "A trace file, or a golden's name for its first recording")
        ->required()
        ->option_text("TRACE|NAME");
    offer(command->add_option("--format", arguments->format,
                              "Print it as strace would (default), or as JSON Lines"),
          kFormats);
    command->callback([arguments, &status] { status = show(arguments->file, arguments->format); });
}

}  // namespace levitate::vmm::cli
