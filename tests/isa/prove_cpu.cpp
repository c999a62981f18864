// The execution proof as a command; see `prove_cpu --help`.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string_view>

#include "emu/decode/table.hpp"
#include "tests/isa/judges/linux_judge.hpp"
#include "tests/isa/judges/mpfr_judge.hpp"
#include "tests/isa/judges/straight_judge.hpp"
#include "tests/isa/judges/vixl_judge.hpp"
#include "tests/isa/proof/proof.hpp"

namespace levitate::isa {
namespace {

struct JudgeMaker {
    std::string name;
    std::unique_ptr<Judge> (*make)();
    bool (*is_installed)();
};

// Of a library that this program is linked with.
bool always_installed() {
    return true;
}

template <class T>
std::unique_ptr<Judge> make_judge() {
    return std::make_unique<T>();
}

const std::vector<JudgeMaker>& judge_makers() {
    static const std::vector<JudgeMaker> makers{
        {"qemu-aarch64", &make_judge<LinuxJudge>, &LinuxJudge::is_available},
        {"VIXL", &make_judge<VixlJudge>, &always_installed},
        {"MPFR", &make_judge<MpfrJudge>, &always_installed},
        {"straight", &make_judge<StraightJudge>, &always_installed},
    };
    return makers;
}

struct Options {
    std::uint64_t cases = 100'000;
    std::uint64_t seed = std::random_device{}();
    std::vector<std::string> judges;
    std::string row;
    std::optional<std::uint64_t> sequence;
    std::string report;
    std::uint64_t mismatches = 20;
};

constexpr int kStatusProven = 0;
constexpr int kStatusDiffers = 1;
constexpr int kStatusNotInstalled = 77;  // in order of weight
constexpr int kStatusFailed = 125;

// Continuous integration must prove all of it: what is not installed there is a failure.
int status_of_missing_judge() {
    const char* const ci = std::getenv("CI");
    return ci != nullptr && std::string_view{ci} == "true" ? kStatusFailed : kStatusNotInstalled;
}

// A difference is the worst that can be found.
int worse(int first, int second) {
    return first == kStatusDiffers || second == kStatusDiffers ? kStatusDiffers : std::max(first, second);
}

// The judge's part of the proof.
class Run {
  public:
    Run(const Options& options, std::unique_ptr<Judge> judge) : options_(options), judge_(judge->name()) {
        std::vector<std::unique_ptr<Judge>> judges;
        judges.push_back(std::move(judge));
        proof_ = std::make_unique<Proof>(options.seed, std::move(judges));
    }

    int execute() {
        const auto ran = proof_->run(
            options_.sequence.value_or(0), [this](std::uint64_t number) { return next(number); },
            [this](const Mismatch& mismatch) { show(mismatch); });
        if (!ran.has_value()) {
            fmt::print(stderr, "prove-cpu: {}: {}\n", judge_, ran.error());
            return kStatusFailed;
        }
        fmt::print("{}: {} cases, {} differences\n", judge_, tally().total(), mismatches_);
        return mismatches_ == 0 ? kStatusProven : kStatusDiffers;
    }

    const Tally& tally() const { return proof_->tallies()[0]; }

  private:
    // The sequence after `number` whose first step is of a wanted row.
    std::optional<std::uint64_t> next(std::uint64_t number) {
        const auto rows = emu::decode::all_rows();
        if (options_.sequence.has_value() || tally().total() >= options_.cases ||
            mismatches_ >= options_.mismatches) {
            return std::nullopt;
        }
        do {
            ++number;
        } while (!options_.row.empty() && options_.row != rows[number % rows.size()].name);
        return number;
    }

    void show(const Mismatch& mismatch) {
        if (mismatches_++ >= options_.mismatches) {
            return;
        }
        fmt::print("{} differs in step {}: scripts/prove-cpu --seed {} --judge {} --sequence {}\n{}", judge_,
                   mismatch.step, options_.seed, judge_, mismatch.sequence, mismatch.text);
    }

    const Options& options_;
    std::string judge_;
    std::unique_ptr<Proof> proof_;
    std::uint64_t mismatches_ = 0;
};

int prove(const Options& options) {
    fmt::print("seed {}\n", options.seed);
    std::fflush(stdout);  // what is needed if a long run is ended
    int status = kStatusProven;
    std::vector<Tally> tallies;
    for (const JudgeMaker& maker : judge_makers()) {
        if (!options.judges.empty() &&
            std::ranges::find(options.judges, maker.name) == options.judges.end()) {
            continue;
        }
        if (!maker.is_installed()) {
            fmt::print(stderr, "prove-cpu: {} is not installed: run scripts/setup test, and build again\n",
                       maker.name);
            status = worse(status, status_of_missing_judge());
            continue;
        }
        Run run{options, maker.make()};
        status = worse(status, run.execute());
        tallies.push_back(run.tally());
    }
    if (!options.report.empty() && !(std::ofstream{options.report} << coverage_table(tallies))) {
        fmt::print(stderr, "prove-cpu: cannot write {}\n", options.report);
        status = kStatusFailed;
    }
    return status;
}

}  // namespace
}  // namespace levitate::isa

int main(int argc, char** argv) {
    levitate::isa::Options options;
    CLI::App app{
        "Compares the CPU with other implementations of the architecture on random instruction sequences"};
    app.add_option("--cases", options.cases, "instructions to compare with each judge")
        ->capture_default_str();
    app.add_option("--seed", options.seed, "what the cases are made from (a fresh one, which is printed)");
    app.add_option("--judge", options.judges, "only this judge; may be given again");
    app.add_option("--row", options.row, "only sequences that begin with this row of the decode table");
    app.add_option("--sequence", options.sequence, "only this sequence of the seed's");
    app.add_option("--report", options.report, "write how many cases each row has had with which judge")
        ->type_name("FILE.tsv");
    app.add_option("--mismatches", options.mismatches, "end after so many")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    return levitate::isa::prove(options);
}
