// The report for people and for programs.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tests/mutation/report.hpp"
#include "traces/export/strace.hpp"

namespace levitate::traces::mutation {
namespace {

std::string row(const std::string& name, const Tally& tally) {
    return fmt::format("{:<58} {:>7} {:>8} {:>7} {:>8} {:>7.2f} %\n", name, tally.made, tally.accepted,
                       tally.noticed, tally.survived(), tally.rate());
}

std::string name_of(const Stratum& stratum) {
    const std::string field = stratum.field.empty() ? "" : " [" + stratum.field + "]";
    return stratum.event + field + " " + stratum.change;
}

std::string where(bool concurrent) {
    return concurrent ? "concurrent" : "one task";
}

void write_cases(std::ostream& out, const Report& report, const std::vector<Subject>& subjects) {
    out << fmt::format("{:<58} {:>7} {:>8} {:>7} {:>8} {:>9}\n", "case", "made", "accepted", "noticed",
                       "survived", "rate");
    for (const bool concurrent : {false, true}) {
        for (const Subject& subject : subjects) {
            if (subject.concurrent == concurrent) {
                const std::string part = subject.trials.size() < subject.mutants.size()
                                             ? fmt::format(" (a sample of {})", subject.mutants.size())
                                             : "";
                out << row(subject.golden.name + part, report.cases.at(subject.golden.name));
            }
        }
        out << row(concurrent ? "ALL CONCURRENT CASES" : "ALL CASES OF ONE TASK",
                   concurrent ? report.concurrent : report.single);
    }
}

void write_survivor(std::ostream& out, const Survivor& survivor) {
    const auto& [subject, trial] = survivor;
    const Mutant& mutant = *trial->mutant;
    out << fmt::format("    {}, recording 1, event {}{}\n      {}\n      {}\n", subject->golden.name,
                       mutant.event, mutant.detail.empty() ? "" : ": " + mutant.detail,
                       strace_line(subject->recording(), mutant.event), trial->judgement.said);
}

void write_strata(std::ostream& out, const Report& report, std::size_t examples) {
    out << "\nSurvivors, by stratum\n";
    for (const auto& [key, stratum] : report.weakest()) {
        out << row(where(key.first) + ": " + name_of(key.second), stratum->tally);
        for (std::size_t i = 0; i < std::min(examples, stratum->survivors.size()); ++i) {
            write_survivor(out, stratum->survivors[i]);
        }
    }
}

void write_reasons(std::ostream& out, const Report& report) {
    out << "\nAccepted: Linux could have recorded it\n";
    for (const Accepted& rule : all_accepted()) {
        const auto found = report.reasons.find(&rule);
        const Tally tally = found != report.reasons.end() ? found->second : Tally{};
        out << fmt::format("{:>7} of {:>7} survived: {} {} {} {}\n    {}\n", tally.accepted_survived,
                           tally.made, rule.event, rule.field, rule.change, rule.detail, rule.reason);
    }
}

void write_cuts(std::ostream& out, const Report& report) {
    const auto right = std::ranges::count_if(report.cuts, &CutTrial::right);
    out << fmt::format("\nCuts: {} of {} are called what they are\n", right, report.cuts.size());
    for (const CutTrial& cut : report.cuts) {
        if (!cut.right()) {
            out << fmt::format("  {} ({} events): expected {}\n    {}\n", cut.cut->name(), cut.events,
                               to_string(cut.cut->expected), cut.judgement.said);
        }
    }
}

nlohmann::json to_json(const Tally& tally) {
    return {{"made", tally.made},
            {"accepted", tally.accepted},
            {"accepted_survived", tally.accepted_survived},
            {"noticed", tally.noticed},
            {"survived", tally.survived()},
            {"rate", tally.rate()}};
}

nlohmann::json to_json(const Survivor& survivor) {
    const auto& [subject, trial] = survivor;
    return {{"case", subject->golden.name},
            {"event", trial->mutant->event},
            {"detail", trial->mutant->detail},
            {"text", strace_line(subject->recording(), trial->mutant->event)},
            {"said", trial->judgement.said}};
}

nlohmann::json to_json(const Report::StratumKey& key, const StratumReport& stratum) {
    nlohmann::json result = to_json(stratum.tally);
    result["concurrent"] = key.first;
    result["call"] = key.second.event;
    result["field"] = key.second.field;
    result["change"] = key.second.change;
    result["survivors"] = nlohmann::json::array();
    for (const Survivor& survivor : stratum.survivors) {
        result["survivors"].push_back(to_json(survivor));
    }
    return result;
}

}  // namespace

void write_text(std::ostream& out, const Report& report, const std::vector<Subject>& subjects,
                std::size_t examples) {
    write_cases(out, report, subjects);
    write_strata(out, report, examples);
    write_reasons(out, report);
    write_cuts(out, report);
}

void write_json(std::ostream& out, const Report& report, const Sampling& sampling) {
    nlohmann::json json{{"seed", sampling.seed},
                        {"sample", sampling.most},
                        {"single", to_json(report.single)},
                        {"concurrent", to_json(report.concurrent)}};
    for (const auto& [name, tally] : report.cases) {
        json["cases"][name] = to_json(tally);
    }
    json["strata"] = nlohmann::json::array();
    for (const auto& [key, stratum] : report.strata) {
        json["strata"].push_back(to_json(key, stratum));
    }
    json["accepted"] = nlohmann::json::array();
    for (const auto& [rule, tally] : report.reasons) {
        nlohmann::json entry = to_json(tally);
        entry["pattern"] = {rule->event, rule->field, rule->change, rule->detail};
        entry["reason"] = rule->reason;
        json["accepted"].push_back(std::move(entry));
    }
    json["cuts"] = nlohmann::json::array();
    for (const CutTrial& cut : report.cuts) {
        json["cuts"].push_back({{"name", cut.cut->name()},
                                {"events", cut.events},
                                {"expected", to_string(cut.cut->expected)},
                                {"right", cut.right()},
                                {"said", cut.judgement.said}});
    }
    out << json.dump(1) << '\n';
}

}  // namespace levitate::traces::mutation
