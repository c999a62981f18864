// `levitate check`: runs again what goldens describe, compares, and reports.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "traces/format/writer.hpp"
#include "vmm/cli/check_report.hpp"
#include "vmm/cli/commands.hpp"
#include "vmm/cli/debug_session.hpp"
#include "vmm/cli/goldens.hpp"
#include "vmm/cli/options.hpp"
#include "vmm/cli/progress_bar.hpp"
#include "vmm/cli/references.hpp"
#include "vmm/cli/rerun.hpp"
#include "vmm/cli/standard_input.hpp"
#include "vmm/cli/work_list.hpp"

namespace levitate::vmm::cli {
namespace {

// A golden's program ends by itself. If it does not end here, it must not hang the check. The limit of
// instructions, which is the same on every host, is meant to end it: it takes an emulator some 20 s to reach.
// The time limit is for hosts that are too slow for that.
constexpr std::uint64_t kDefaultInstructionLimit = 4'000'000'000;
constexpr double kDefaultTimeoutSeconds = 600;

struct CheckCommand {
    MachineOptions machine;
    ProgramOptions given;  // to programs without a golden
    ReferenceOptions reference;
    std::vector<std::string> names;
    const std::vector<std::string>* arguments = nullptr;  // of such a program
    std::string program;
    std::string junit;
    std::string traces_directory;
    bool all = false;
    bool json = false;
    bool first = false;
    bool strict_layout = false;

    int execute();

  private:
    Result<std::vector<std::string>> chosen_names() const;
    Result<void> read_input_for_programs(const std::vector<std::string>& chosen);
    Result<CaseResult> check_one(const std::string& name, const RunHooks& hooks) const;
    Result<CaseResult> check_golden(const std::string& name, const RunHooks& hooks) const;
    Result<CaseResult> check_program(const std::string& name, const RunHooks& hooks) const;
    // Precondition: the machine's options have been applied to `spec`.
    Result<CaseResult> run_and_compare(GoldenCase golden, RunSpec spec, const RunHooks& hooks) const;
    Result<void> keep_trace(const CaseResult& result) const;
    int debug_divergence(const CaseResult& result) const;
    int status_of(const std::vector<CaseReport>& reports) const;

    std::vector<std::byte> input_;  // of programs without a golden
};

Result<std::vector<std::string>> CheckCommand::chosen_names() const {
    if (all && !names.empty()) {
        return failure(Error::Kind::Usage, "check: --all checks every golden; name none beside it");
    }
    if (!all && names.empty()) {
        return failure(Error::Kind::Usage, "check: name goldens to check, or give --all");
    }
    if (!program.empty() && names.size() != 1) {
        return failure(Error::Kind::Usage, "check: --program goes with one golden");
    }
    return all ? all_golden_names() : with_folders_opened(names);
}

// A golden has its own arguments, environment and input, so what is given here has to have a program that it
// goes to.
Result<void> CheckCommand::read_input_for_programs(const std::vector<std::string>& chosen) {
    const bool is_for_program = std::ranges::any_of(
        chosen, [](const std::string& name) { return meaning_of(name) == Meaning::Program; });
    if (!is_for_program || !program.empty()) {
        const bool is_given = given.describe_program() || !arguments->empty();
        return is_given ? failure(Error::Kind::Usage,
                                  "check: arguments and what else is given to a program go with a program "
                                  "without a golden; a golden has its own")
                        : Result<void>{};
    }
    auto input = read_standard_input();
    if (!input) {
        return std::unexpected(std::move(input.error()));
    }
    input_ = std::move(*input);
    return {};
}

Result<CaseResult> CheckCommand::check_one(const std::string& name, const RunHooks& hooks) const {
    const bool has_golden = meaning_of(name) != Meaning::Program;
    return has_golden ? check_golden(name, hooks) : check_program(name, hooks);
}

Result<CaseResult> CheckCommand::check_golden(const std::string& name, const RunHooks& hooks) const {
    auto golden = load_golden(name);
    if (!golden) {
        return std::unexpected(std::move(golden.error()));
    }
    auto spec = spec_of(*golden, program);
    if (!spec) {
        return std::unexpected(std::move(spec.error()));
    }
    spec->sysroots.assign(given.sysroots.begin(), given.sysroots.end());
    if (const auto applied = machine.apply_to(*spec); !applied) {
        return std::unexpected(applied.error());
    }
    return run_and_compare(std::move(*golden), std::move(*spec), hooks);
}

Result<CaseResult> CheckCommand::check_program(const std::string& name, const RunHooks& hooks) const {
    std::vector<std::string> command{name};
    command.insert(command.end(), arguments->begin(), arguments->end());
    auto spec = given.to_spec(command);
    if (!spec) {
        return std::unexpected(std::move(spec.error()));
    }
    spec->stdin_bytes = input_;
    if (const auto applied = machine.apply_to(*spec); !applied) {
        return std::unexpected(applied.error());
    }
    auto made = reference.obtain(*spec, name);
    if (!made) {
        return std::unexpected(std::move(made.error()));
    }
    return run_and_compare(std::move(made->golden), std::move(*spec), hooks);
}

Result<CaseResult> CheckCommand::run_and_compare(GoldenCase golden, RunSpec spec,
                                                 const RunHooks& hooks) const {
    if (spec.instruction_limit == 0 && spec.engine != EngineKind::Native) {
        spec.instruction_limit = kDefaultInstructionLimit;
    }
    const Comparing how{.extent = first ? traces::Extent::First : traces::Extent::All,
                        .layout = layout_of(strict_layout),
                        .direct_reference = [this, name = golden.name](const RunSpec& direct) {
                            auto made = reference.obtain(direct, name);
                            return made ? Result<GoldenCase>{std::move(made->golden)}
                                        : std::unexpected(std::move(made.error()));
                        }};
    return check_case(std::move(golden), std::move(spec), how, hooks);
}

// Writes the trace of what was run, under the golden's name.
Result<void> CheckCommand::keep_trace(const CaseResult& result) const {
    std::filesystem::path name = std::filesystem::path{result.golden.name}.filename();
    while (name.extension() == ".zst" || name.extension() == ".jsonl") {
        name.replace_extension();
    }
    std::error_code error;
    std::filesystem::create_directories(traces_directory, error);
    const std::filesystem::path file = std::filesystem::path{traces_directory} / (name.string() + ".jsonl");
    if (const auto written = traces::write_trace(result.actual, file); !written) {
        return failure(Error::Kind::Harness, written.error().message);
    }
    return {};
}

int CheckCommand::debug_divergence(const CaseResult& result) const {
    const auto event = divergent_event(result);
    if (!event) {
        return kDivergent;
    }
    auto listener = listen_for_gdb(machine.gdb);
    if (!listener) {
        return fail(listener.error());
    }
    auto rerun = Rerun::to_event(result.spec, result.actual.events[*event].order);
    if (!rerun) {
        return fail(rerun.error());
    }
    SessionTarget target{(*rerun)->session()};
    const auto end = serve_gdb(target, std::move(*listener), result.spec.program);
    return end ? static_cast<int>(kDivergent) : fail(end.error());
}

int CheckCommand::execute() {
    const auto chosen = chosen_names();
    if (!chosen) {
        return fail(chosen.error());
    }
    if (const auto read = read_input_for_programs(*chosen); !read) {
        return fail(read.error());
    }
    // Finds out before the runs, and not after them, whether the report can be written.
    if (!junit.empty() && !std::ofstream{junit}) {
        return fail({.kind = Error::Kind::Harness, .message = junit + ": cannot be written"});
    }
    RunHooks hooks;
    if (const auto ready = machine.apply_to(hooks); !ready) {
        return fail(ready.error());
    }
    if (json) {
        hooks.on_silence = nullptr;
    }
    std::vector<CaseReport> reports;
    const ProgressBar progress{chosen->size()};
    for (const std::string& name : *chosen) {
        progress.show(reports.size(), name);
        reports.push_back({.name = name, .result = check_one(name, hooks)});
        const CaseReport& report = reports.back();
        progress.clear();
        if (!traces_directory.empty() && report.result) {
            if (const auto kept = keep_trace(*report.result); !kept) {
                return fail(kept.error());
            }
        }
        if (!json) {
            fmt::print("{}\n", case_line(report));
            if (report.result) {
                const CaseResult& result = *report.result;
                fmt::print("{}", divergence_text(result.golden.recordings[result.comparison.golden],
                                                 result.actual, result.comparison, result.backtrace,
                                                 style_of_descriptor(STDOUT_FILENO)));
            }
            std::fflush(stdout);
        }
        if (report.result) {
            fmt::print(stderr, "{}", report.result->report);
            for (const std::string& note : report.result->notes) {
                fmt::print(stderr, "levitate: {}: {}\n", name, note);
            }
        }
        if (!machine.gdb.empty() && report.result && report.result->comparison.first() != nullptr) {
            return debug_divergence(*report.result);
        }
    }
    if (json) {
        fmt::print("{}\n", to_json(reports));
    }
    if (!junit.empty() && !write_junit(reports, junit)) {
        return fail({.kind = Error::Kind::Harness, .message = junit + ": cannot be written"});
    }
    return status_of(reports);
}

int CheckCommand::status_of(const std::vector<CaseReport>& reports) const {
    std::size_t agreeing = 0;
    std::size_t output_only = 0;
    std::size_t divergent = 0;
    bool is_usage = false;
    for (const CaseReport& report : reports) {
        if (!fault_of(report).empty()) {
            is_usage = !report.result && report.result.error().kind == Error::Kind::Usage;
        } else if (report.result->comparison.verdict == traces::Verdict::OutputOnly) {
            ++output_only;
        } else if (conformant(report.result->comparison)) {
            ++agreeing;
        } else {
            ++divergent;
        }
    }
    if (!json && reports.size() > 1) {
        fmt::print("{} conformant, {} output only, {} divergent, {} without a verdict\n", agreeing,
                   output_only, divergent, reports.size() - agreeing - output_only - divergent);
        fmt::print("{}", work_list_text(work_list(sightings_in(reports))));
    }
    if (agreeing + output_only + divergent < reports.size()) {
        return is_usage ? kUsage : kHarnessFault;
    }
    return divergent > 0 ? kDivergent : kSuccess;
}

}  // namespace

void add_check_command(CLI::App& app, int& status, const std::vector<std::string>& program_arguments) {
    auto command = std::make_shared<CheckCommand>();
    command->arguments = &program_arguments;
    command->machine.timeout_seconds = kDefaultTimeoutSeconds;
    CLI::App* check = app.add_subcommand("check", "Hold programs on a kernel against real Linux");
    check->footer(
        "A NAME is a golden (a case in the goldens' folder, a folder of recordings, a trace file), a folder "
        "of\nfolders of recordings, or a program. What a golden describes is run again. For a program "
        "without a golden\na reference is recorded on Debian's Linux in Levitate's own machine, and kept in "
        "a cache; what stands\nbehind -- are its arguments, and standard input is read to its end and given "
        "to it.\n\n"
        "Examples:\n"
        "  levitate check ./tool\n"
        "  levitate check --kernel ./Image --env LANG=C ./tool -- --verbose input\n"
        "  levitate check hello threads\n"
        "  levitate check --all --junit report.xml\n"
        "  levitate check tool.jsonl --kernel ./Image\n"
        "  levitate check threads --gdb 1234     stops at the first divergence and waits for gdb\n\n"
        "Several cases end with a work list: each cause once, those first that stop most cases.\n\n"
        "A program that has not ended within --max-instructions (default 4 billion) has diverged. A run\n"
        "that is ended by --timeout (default 600 s) or a kernel panic has no verdict.\n\n"
        "Exit status: 0 conformant, 1 divergent, 2 wrong command line, 125 no verdict: a fault of the "
        "harness.");
    check->add_option("name", command->names, "Goldens and programs to check")->option_text("TRACE|NAME");
    check->add_flag("--all", command->all, "Check every golden");
    check->add_flag("--first", command->first, "Stop comparing a case at its first divergence");
    check->add_flag("--json", command->json, "Print one JSON object instead of text");
    check->add_option("--junit", command->junit, "Also write the results as JUnit XML")->option_text("FILE");
    check->add_option("--traces", command->traces_directory, "Keep the trace of each run here, as NAME.jsonl")
        ->option_text("DIR");
    check->add_option("--program", command->program, "The program's file, if not found by its name")
        ->option_text("PATH");
    add_layout_to(*check, command->strict_layout);
    command->reference.add_to(*check);
    command->given.add_to(*check);
    command->machine.add_to(*check);
    command->machine.add_gdb_to(*check, "at the first divergence");
    check->callback([command, &status] { status = command->execute(); });
}

}  // namespace levitate::vmm::cli
