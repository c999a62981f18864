#include "vmm/cli/check_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <string_view>

#include "traces/export/strace.hpp"
#include "traces/format/json.hpp"
#include "vmm/cli/references.hpp"
#include "vmm/cli/side_by_side.hpp"
#include "vmm/cli/work_list.hpp"

namespace levitate::vmm::cli {
namespace {

using traces::Json;

constexpr std::size_t kEventsBefore = 5;

std::string normalised_text(const traces::Comparison& comparison) {
    std::string text;
    for (const traces::Normalisation& normalisation : comparison.normalised) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", normalisation.count, normalisation.what);
    }
    return text;
}

std::string event_text(const traces::Trace& trace, std::optional<std::size_t> index) {
    if (!index) {
        return "(nothing: the task has ended)";
    }
    return traces::strace_line(trace, *index);
}

// The task's events before `index`, the last kEventsBefore of them.
std::vector<std::size_t> events_before(const traces::Trace& trace, std::size_t index,
                                       traces::TaskNumber task) {
    std::vector<std::size_t> found;
    while (index > 0 && found.size() < kEventsBefore) {
        --index;
        if (trace.events[index].task == task) {
            found.insert(found.begin(), index);
        }
    }
    return found;
}

Json divergence_json(const CaseResult& result, const traces::Divergence& divergence) {
    const traces::Trace& golden = result.golden.recordings[result.comparison.golden];
    const auto side = [](const traces::Trace& trace, std::optional<std::size_t> index) -> Json {
        if (!index) {
            return nullptr;
        }
        return {{"event", trace.events[*index].index}, {"text", traces::strace_line(trace, *index)}};
    };
    Json differences = Json::array();
    for (const traces::Difference& difference : divergence.differences) {
        differences.push_back(
            {{"field", difference.field}, {"golden", difference.golden}, {"actual", difference.actual}});
        if (difference.first_byte) {
            differences.back()["first_byte"] = *difference.first_byte;
        }
    }
    return {{"kind", traces::to_string(divergence.kind)},
            {"cause", divergence.cause},
            {"count", divergence.count},
            {"task", static_cast<std::uint32_t>(divergence.task)},
            {"message", divergence.message},
            {"golden", side(golden, divergence.golden_event)},
            {"actual", side(result.actual, divergence.actual_event)},
            {"differences", std::move(differences)}};
}

Json backtrace_json(const std::vector<Frame>& backtrace) {
    Json frames = Json::array();
    for (const Frame& frame : backtrace) {
        frames.push_back(
            {{"pc", frame.pc}, {"function", frame.function}, {"file", frame.file}, {"line", frame.line}});
    }
    return frames;
}

// Where the recordings come from that the case was held against.
Json reference_json(const GoldenCase& golden) {
    const auto origin = [&] {
        switch (golden.origin) {
            case GoldenCase::Origin::Files:
                return "files";
            case GoldenCase::Origin::Cache:
                return "cache";
            case GoldenCase::Origin::New:
                return "new";
        }
        return "";
    };
    const traces::Header& header = golden.recordings.front().header;
    return {{"engine", header.engine},
            {"kernel", header.kernel},
            {"recordings", golden.recordings.size()},
            {"origin", origin()},
            {"seconds", golden.seconds}};
}

Json work_json(const std::vector<WorkItem>& items) {
    Json rows = Json::array();
    for (const WorkItem& item : items) {
        rows.push_back({{"kind", item.kind},
                        {"cause", item.cause},
                        {"stage", to_string(item.stage)},
                        {"area", item.area},
                        {"cases", item.cases},
                        {"first_in", item.first_in},
                        {"count", item.count}});
    }
    return rows;
}

// "task 3, event 44": where a divergence stands, in the golden recording if it is there.
std::string place_text(const traces::Trace& golden, const traces::Trace& actual,
                       const traces::Divergence& divergence) {
    const traces::Trace& trace = divergence.golden_event ? golden : actual;
    const std::size_t event = divergence.golden_event.value_or(divergence.actual_event.value_or(0));
    const auto task = static_cast<std::uint32_t>(divergence.task);
    return event < trace.events.size() ? fmt::format("task {}, event {}", task, trace.events[event].index)
                                       : fmt::format("task {}", task);
}

// A line for each cause, that of the first divergence included, with how often it was met.
std::string causes_text(const traces::Trace& golden, const traces::Trace& actual,
                        const traces::Comparison& comparison) {
    constexpr std::size_t kMostShown = 20;
    const auto& divergences = comparison.divergences;
    if (divergences.size() == 1 && divergences.front().count == 1) {
        return fmt::format("  cause: {}\n", divergences.front().cause);
    }
    std::string text = fmt::format("  {} cause{}\n", divergences.size(), divergences.size() == 1 ? "" : "s");
    for (std::size_t i = 0; i < std::min(divergences.size(), kMostShown); ++i) {
        const traces::Divergence& divergence = divergences[i];
        text += fmt::format("  {:>4}× {:<12} {}  ({}{})\n", divergence.count,
                            traces::to_string(divergence.kind), divergence.cause,
                            divergence.count > 1 ? "first: " : "", place_text(golden, actual, divergence));
    }
    if (divergences.size() > kMostShown) {
        text += fmt::format("       and {} more; --json has them all\n", divergences.size() - kMostShown);
    }
    return text;
}

std::string divergence_text(const CaseReport& report) {
    if (!report.result) {
        return {};
    }
    const CaseResult& result = *report.result;
    return divergence_text(result.golden.recordings[result.comparison.golden], result.actual,
                           result.comparison, result.backtrace, TextStyle{});
}

}  // namespace

bool conformant(const traces::Comparison& comparison) {
    return comparison.verdict == traces::Verdict::Identical ||
           comparison.verdict == traces::Verdict::Equivalent ||
           comparison.verdict == traces::Verdict::OutputOnly;
}

std::string fault_of(const CaseReport& report) {
    return report.result ? report.result->unjudged : report.result.error().message;
}

std::string case_line(const CaseReport& report) {
    if (const std::string fault = fault_of(report); !fault.empty()) {
        return fmt::format("{:<24} error       {}", report.name, fault);
    }
    const CaseResult& result = *report.result;
    std::string line = fmt::format("{:<24} {:<11} {:>6} events  {:.2f} s", report.name,
                                   traces::to_string(result.comparison.verdict), result.actual.events.size(),
                                   result.seconds);
    if (const std::string normalised = normalised_text(result.comparison); !normalised.empty()) {
        line += "  (normalised: " + normalised + ")";
    }
    if (const std::string reference = reference_text(result.golden); !reference.empty()) {
        line += "  (reference: " + reference + ")";
    }
    return line;
}

std::string divergence_text(const traces::Trace& golden, const traces::Trace& actual,
                            const traces::Comparison& comparison, const std::vector<Frame>& backtrace,
                            const TextStyle& style) {
    if (comparison.first() == nullptr) {
        return {};
    }
    const traces::Divergence& divergence = *comparison.first();
    const bool in_golden = divergence.golden_event.has_value();
    const traces::Trace& shown = in_golden ? golden : actual;
    const std::size_t place = in_golden ? *divergence.golden_event : divergence.actual_event.value_or(0);
    std::string text = fmt::format("  {}: {}\n", traces::to_string(divergence.kind), divergence.message);
    if (place < shown.events.size()) {
        text += fmt::format("  {}\n", place_text(golden, actual, divergence));
        for (const std::size_t before : events_before(shown, place, divergence.task)) {
            text += fmt::format("           {}\n", event_text(shown, before));
        }
    }
    text += fmt::format("  golden   {}\n  actual   {}\n", event_text(golden, divergence.golden_event),
                        event_text(actual, divergence.actual_event));
    text += "\n" + side_by_side(golden, actual, divergence, style) + "\n";
    text += causes_text(golden, actual, comparison);
    if (!actual.incomplete.empty()) {
        text += fmt::format("  the run did not end by itself: {}\n", actual.incomplete);
    }
    for (const std::string& build : comparison.other_builds) {
        text += fmt::format("  {} is another build than the golden's; record again: scripts/record-goldens\n",
                            build);
    }
    if (!backtrace.empty()) {
        text += "  backtrace\n" + format(backtrace);
    }
    return text;
}

std::string to_json(const std::vector<CaseReport>& reports) {
    Json cases = Json::array();
    std::size_t agreeing = 0;
    std::size_t output_only = 0;
    std::size_t divergent = 0;
    std::size_t errors = 0;
    for (const CaseReport& report : reports) {
        Json row = {{"name", report.name}};
        if (const std::string fault = fault_of(report); !fault.empty()) {
            row["verdict"] = "error";
            row["message"] = fault;
            ++errors;
        } else {
            const traces::Comparison& comparison = report.result->comparison;
            row["verdict"] = traces::to_string(comparison.verdict);
            const bool undecided = comparison.verdict == traces::Verdict::OutputOnly;
            ++(undecided ? output_only : conformant(comparison) ? agreeing : divergent);
        }
        if (report.result) {
            row["reference"] = reference_json(report.result->golden);
            row["events"] = report.result->actual.events.size();
            row["seconds"] = report.result->seconds;
            if (!report.result->notes.empty()) {
                row["notes"] = report.result->notes;
            }
            const auto& divergences = report.result->comparison.divergences;
            if (!divergences.empty()) {
                row["divergence"] = divergence_json(*report.result, divergences.front());
                row["divergence"]["backtrace"] = backtrace_json(report.result->backtrace);
                row["divergences"] = Json::array();
                for (const traces::Divergence& divergence : divergences) {
                    row["divergences"].push_back(divergence_json(*report.result, divergence));
                }
            }
        }
        cases.push_back(std::move(row));
    }
    return traces::json_text({{"cases", std::move(cases)},
                              {"conformant", agreeing},
                              {"output_only", output_only},
                              {"divergent", divergent},
                              {"errors", errors},
                              {"work", work_json(work_list(sightings_in(reports)))}});
}

bool write_junit(const std::vector<CaseReport>& reports, const std::filesystem::path& file) {
    pugi::xml_document document;
    pugi::xml_node suite = document.append_child("testsuite");
    suite.append_attribute("name") = "levitate check";
    suite.append_attribute("tests") = reports.size();
    std::size_t failures = 0;
    std::size_t errors = 0;
    for (const CaseReport& report : reports) {
        pugi::xml_node test = suite.append_child("testcase");
        test.append_attribute("classname") = "levitate";
        test.append_attribute("name") = report.name.c_str();
        if (report.result) {
            test.append_attribute("time") = report.result->seconds;
        }
        if (const std::string fault = fault_of(report); !fault.empty()) {
            ++errors;
            pugi::xml_node error = test.append_child("error");
            error.append_attribute("message") = fault.c_str();
            error.text() = divergence_text(report).c_str();
        } else if (const traces::Divergence* divergence = report.result->comparison.first()) {
            ++failures;
            pugi::xml_node failure = test.append_child("failure");
            failure.append_attribute("type") = std::string{traces::to_string(divergence->kind)}.c_str();
            failure.append_attribute("message") = divergence->cause.c_str();
            failure.text() = divergence_text(report).c_str();
        }
    }
    suite.append_attribute("failures") = failures;
    suite.append_attribute("errors") = errors;
    return document.save_file(file.c_str());
}

}  // namespace levitate::vmm::cli
