#include "vmm/cli/check_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <string_view>

#include "traces/export/strace.hpp"
#include "vmm/cli/side_by_side.hpp"

namespace levitate::vmm::cli {
namespace {

using Json = nlohmann::ordered_json;

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
    Json frames = Json::array();
    for (const Frame& frame : result.backtrace) {
        frames.push_back(
            {{"pc", frame.pc}, {"function", frame.function}, {"file", frame.file}, {"line", frame.line}});
    }
    return {{"kind", traces::to_string(divergence.kind)},
            {"task", static_cast<std::uint32_t>(divergence.task)},
            {"message", divergence.message},
            {"golden", side(golden, divergence.golden_event)},
            {"actual", side(result.actual, divergence.actual_event)},
            {"differences", std::move(differences)},
            {"backtrace", std::move(frames)}};
}

// A trace's strings may hold any bytes; JSON and XML may not.
std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

bool conformant(const traces::Comparison& comparison) {
    return comparison.verdict == traces::Verdict::Identical ||
           comparison.verdict == traces::Verdict::Equivalent;
}

std::string case_line(const CaseReport& report) {
    if (!report.result) {
        return fmt::format("{:<24} error       {}", report.name, report.result.error().message);
    }
    const CaseResult& result = *report.result;
    std::string line = fmt::format("{:<24} {:<11} {:>6} events  {:.2f} s", report.name,
                                   traces::to_string(result.comparison.verdict), result.actual.events.size(),
                                   result.seconds);
    if (const std::string normalised = normalised_text(result.comparison); !normalised.empty()) {
        line += "  (normalised: " + normalised + ")";
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
        text += fmt::format("  task {}, event {}\n", static_cast<std::uint32_t>(divergence.task),
                            shown.events[place].index);
        for (const std::size_t before : events_before(shown, place, divergence.task)) {
            text += fmt::format("           {}\n", event_text(shown, before));
        }
    }
    text += fmt::format("  golden   {}\n  actual   {}\n", event_text(golden, divergence.golden_event),
                        event_text(actual, divergence.actual_event));
    text += "\n" + side_by_side(golden, actual, divergence, style) + "\n";
    if (!actual.incomplete.empty()) {
        text += fmt::format("  the run did not end by itself: {}\n", actual.incomplete);
    }
    for (const std::string& build : comparison.other_builds) {
        text += fmt::format("  {} is another build than the golden's; record anew: scripts/record-goldens\n",
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
    std::size_t divergent = 0;
    std::size_t errors = 0;
    for (const CaseReport& report : reports) {
        Json row = {{"name", report.name}};
        if (!report.result) {
            row["verdict"] = "error";
            row["message"] = report.result.error().message;
            ++errors;
        } else {
            const CaseResult& result = *report.result;
            row["verdict"] = traces::to_string(result.comparison.verdict);
            row["events"] = result.actual.events.size();
            row["seconds"] = result.seconds;
            if (const traces::Divergence* divergence = result.comparison.first()) {
                row["divergence"] = divergence_json(result, *divergence);
            }
            ++(conformant(result.comparison) ? agreeing : divergent);
        }
        cases.push_back(std::move(row));
    }
    return dump({{"cases", std::move(cases)},
                 {"conformant", agreeing},
                 {"divergent", divergent},
                 {"errors", errors}});
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
        if (!report.result) {
            ++errors;
            test.append_child("error").append_attribute("message") = report.result.error().message.c_str();
            continue;
        }
        const CaseResult& result = *report.result;
        test.append_attribute("time") = result.seconds;
        if (const traces::Divergence* divergence = result.comparison.first()) {
            ++failures;
            pugi::xml_node failure = test.append_child("failure");
            failure.append_attribute("type") = std::string{traces::to_string(divergence->kind)}.c_str();
            failure.append_attribute("message") = divergence->message.c_str();
            failure.text() = divergence_text(result.golden.recordings[result.comparison.golden],
                                             result.actual, result.comparison, result.backtrace, TextStyle{})
                                 .c_str();
        }
    }
    suite.append_attribute("failures") = failures;
    suite.append_attribute("errors") = errors;
    return document.save_file(file.c_str());
}

}  // namespace levitate::vmm::cli
