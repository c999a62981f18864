#include "tests/mutation/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace levitate::traces::mutation {
namespace {

void count(Tally& tally, const Trial& trial) {
    ++tally.made;
    if (trial.accepted != nullptr) {
        ++tally.accepted;
        tally.accepted_survived += trial.judgement.noticed ? 0 : 1;
    } else {
        tally.noticed += trial.judgement.noticed ? 1 : 0;
    }
}

void count_trials(Report& report, const Subject& subject) {
    Tally& of_case = report.cases[subject.golden.name];
    for (const Trial& trial : subject.trials) {
        StratumReport& stratum = report.strata[{subject.concurrent, trial.mutant->stratum}];
        count(of_case, trial);
        count(subject.concurrent ? report.concurrent : report.single, trial);
        count(stratum.tally, trial);
        if (trial.accepted != nullptr) {
            count(report.reasons[trial.accepted], trial);
        } else if (!trial.judgement.noticed) {
            stratum.survivors.push_back({&subject, &trial});
        }
    }
}

// Of all mutants that there are, and not of a sample alone.
std::vector<const Accepted*> unused_reasons(const std::vector<Subject>& subjects) {
    std::set<const Accepted*> used;
    for (const Subject& subject : subjects) {
        for (const Mutant& mutant : subject.mutants) {
            used.insert(find_accepted(all_accepted(), mutant, subject.concurrent));
        }
    }
    std::vector<const Accepted*> unused;
    for (const Accepted& rule : all_accepted()) {
        if (!used.contains(&rule)) {
            unused.push_back(&rule);
        }
    }
    return unused;
}

}  // namespace

double Tally::rate() const {
    return counted() == 0 ? 100 : 100 * static_cast<double>(noticed) / static_cast<double>(counted());
}

std::vector<std::pair<Report::StratumKey, const StratumReport*>> Report::weakest() const {
    std::vector<std::pair<StratumKey, const StratumReport*>> result;
    for (const auto& [key, stratum] : strata) {
        if (!stratum.survivors.empty()) {
            result.emplace_back(key, &stratum);
        }
    }
    std::ranges::stable_sort(result, std::ranges::greater{},
                             [](const auto& entry) { return entry.second->survivors.size(); });
    return result;
}

Report make_report(const std::vector<Subject>& subjects, std::vector<CutTrial> cuts, bool whole) {
    Report report;
    report.cuts = std::move(cuts);
    for (const Subject& subject : subjects) {
        if (subject.of_the_recording) {
            report.noticed_themselves.push_back(subject.golden.name + ": " + subject.of_the_recording->said);
        }
        count_trials(report, subject);
    }
    if (whole) {
        report.unused = unused_reasons(subjects);
    }
    return report;
}

std::vector<std::string> faults_of(const Report& report) {
    std::vector<std::string> faults;
    faults.reserve(report.noticed_themselves.size() + report.unused.size() + report.cuts.size());
    for (const std::string& recording : report.noticed_themselves) {
        faults.push_back("the recording itself, unchanged, is divergent: " + recording);
    }
    for (const Accepted* rule : report.unused) {
        faults.push_back(
            fmt::format("tests/mutation/accepted.inc: no mutant fits \"{}\" \"{}\" \"{}\" \"{}\"",
                        rule->event, rule->field, rule->change, rule->detail));
    }
    for (const CutTrial& cut : report.cuts) {
        if (cut.events == 0) {
            faults.push_back("tests/mutation/cuts.inc: nothing to cut for \"" + cut.cut->name() + "\"");
        }
    }
    return faults;
}

std::vector<std::string> misses_of(const Report& report, const Thresholds& thresholds) {
    std::vector<std::string> misses;
    const auto hold = [&](const std::string& what, const Tally& tally, double least) {
        if (tally.rate() < least) {
            misses.push_back(
                fmt::format("{}: {:.2f} % noticed, at least {} % are required", what, tally.rate(), least));
        }
    };
    hold("cases of one task", report.single, thresholds.single);
    hold("concurrent cases", report.concurrent, thresholds.concurrent);
    for (const auto& [key, stratum] : report.strata) {
        if (stratum.tally.counted() >= thresholds.least_in_stratum) {
            hold(fmt::format("{}, {} {} {}", key.first ? "concurrent" : "one task", key.second.event,
                             key.second.field, key.second.change),
                 stratum.tally, thresholds.stratum);
        }
    }
    for (const CutTrial& cut : report.cuts) {
        if (cut.events != 0 && !cut.right()) {
            misses.push_back(fmt::format("{}: expected {}, got {}", cut.cut->name(),
                                         to_string(cut.cut->expected), cut.judgement.said));
        }
    }
    return misses;
}

}  // namespace levitate::traces::mutation
