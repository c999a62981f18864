// What came of a campaign, counted.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/mutation/campaign.hpp"
#include "tests/mutation/cuts.hpp"

namespace levitate::traces::mutation {

struct Tally {
    std::size_t made = 0;
    std::size_t accepted = 0;           // these do not count
    std::size_t accepted_survived = 0;  // of them, those that were not noticed
    std::size_t noticed = 0;            // of the others

    std::size_t counted() const { return made - accepted; }
    std::size_t survived() const { return counted() - noticed; }
    double rate() const;  // per cent; 100 where none count
};

struct Survivor {
    const Subject* subject = nullptr;
    const Trial* trial = nullptr;
};

struct StratumReport {
    Tally tally;
    std::vector<Survivor> survivors;
};

struct Report {
    using StratumKey = std::pair<bool, Stratum>;  // whether of concurrent cases

    std::map<std::string, Tally> cases;
    Tally single;
    Tally concurrent;
    std::map<StratumKey, StratumReport> strata;
    std::map<const Accepted*, Tally> reasons;
    std::vector<const Accepted*> unused;  // they take no mutant that could have been made
    std::vector<CutTrial> cuts;
    std::vector<std::string> noticed_themselves;  // recordings that the comparator takes for divergent

    // The strata that have survivors, those with most first.
    std::vector<std::pair<StratumKey, const StratumReport*>> weakest() const;
};

// `whole`: the subjects are all cases there are, so that a reason that takes no mutant is out of date.
Report make_report(const std::vector<Subject>& subjects, std::vector<CutTrial> cuts, bool whole);

struct Thresholds {
    double single = 99.5;  // per cent
    double concurrent = 97;
    double stratum = 90;
    // Of fewer, two that survive by chance would be more than the share that may.
    std::size_t least_in_stratum = 20;
};

// What is wrong with the campaign itself, whatever was noticed.
std::vector<std::string> faults_of(const Report& report);

// What misses the thresholds, and cuts that were not called what they are.
std::vector<std::string> misses_of(const Report& report, const Thresholds& thresholds);

// `examples`: so many survivors are shown of each stratum.
void write_text(std::ostream& out, const Report& report, const std::vector<Subject>& subjects,
                std::size_t examples);
void write_json(std::ostream& out, const Report& report, const Sampling& sampling);

}  // namespace levitate::traces::mutation
