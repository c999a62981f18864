// `levitate diff`: compares two traces and prints what differs.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "traces/compare/compare.hpp"
#include "vmm/cli/check_report.hpp"
#include "vmm/cli/commands.hpp"
#include "vmm/cli/goldens.hpp"
#include "vmm/cli/options.hpp"

namespace levitate::vmm::cli {
namespace {

int compare_files(const std::string& golden_name, const std::string& actual_name, traces::Extent extent,
                  traces::Layout layout) {
    const auto golden = load_golden(golden_name);
    if (!golden) {
        return fail(golden.error());
    }
    const auto actual = load_trace(actual_name);
    if (!actual) {
        return fail(actual.error());
    }
    const traces::Comparison comparison = traces::compare(golden->recordings, *actual, extent, layout);
    const traces::Trace& compared = golden->recordings[comparison.golden];
    say_if_incomplete(golden_name, compared);
    say_if_incomplete(actual_name, *actual);
    fmt::print("{}\n", traces::to_string(comparison.verdict));
    for (const traces::Normalisation& normalisation : comparison.normalised) {
        fmt::print("  normalised: {} {}\n", normalisation.count, normalisation.what);
    }
    fmt::print("{}", divergence_text(compared, *actual, comparison, {}, style_of_descriptor(STDOUT_FILENO)));
    return conformant(comparison) ? kSuccess : kDivergent;
}

}  // namespace

void add_diff_command(CLI::App& app, int& status) {
    struct Sides {
        std::string golden;
        std::string actual;
        bool first = false;
        bool strict_layout = false;
    };
    auto sides = std::make_shared<Sides>();
    CLI::App* diff =
        app.add_subcommand("diff", "Compare a trace with another, or with a golden's recordings");
    diff->footer(
        "A is taken as right: a trace file, a folder of recordings or a golden's name.\n\n"
        "Examples:\n"
        "  levitate diff before.jsonl after.jsonl\n"
        "  levitate diff threads mine.jsonl\n\n"
        "Exit status: 0 they agree, 1 they differ, 2 wrong command line, 125 a trace cannot be read.");
    diff->add_option("A", sides->golden, "What counts as right")->required()->option_text("TRACE|NAME");
    diff->add_option("B", sides->actual, "The trace to judge")->required()->option_text("TRACE");
    diff->add_flag("--first", sides->first, "Stop at the first divergence");
    add_layout_to(*diff, sides->strict_layout);
    diff->callback([sides, &status] {
        const auto extent = sides->first ? traces::Extent::First : traces::Extent::All;
        status = compare_files(sides->golden, sides->actual, extent, layout_of(sides->strict_layout));
    });
}

}  // namespace levitate::vmm::cli
