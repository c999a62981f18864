// mutate_traces: whether the comparator notices what is changed in the golden recordings. --help says how.
#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>
#include <optional>
#include <thread>

#include "tests/mutation/report.hpp"

namespace levitate::traces::mutation {
namespace {

constexpr const char* kUsage =
    R"(Changes golden recordings in every way that a wrong kernel might, and says which changes the comparator notices.

    scripts/mutate-traces [OPTION]... [CASE]...

  --sample N     at most N mutants of each case, chosen at random (default 2000; 0: all, which takes hours)
  --seed S       of the choice (default 1)
  --require      status 1 unless 99.5 % are noticed in cases of one task, 97 % in concurrent ones, 90 % in each
                 stratum of ten or more, and every cut of many events is called what it is
  --examples N   survivors shown of each stratum (default 2)
  --json FILE    also writes the report, with all survivors, as JSON
  --threads N    (default: as many as there are processors)
  --golden DIR   (default: traces/golden of this checkout)

CASE is a folder in traces/golden; without one, all are taken. tests/mutation/accepted.inc lists the changes that
Linux could have made itself, which do not count; tests/mutation/cuts.inc those of many events at once.

  scripts/mutate-traces --sample 300 --require
  scripts/mutate-traces --sample 0 --examples 20 files

Exit status: 0, 1 where --require is not met, 2 for a wrong command line, 125 where the campaign proves nothing: a
golden cannot be read or is divergent itself, or a row of accepted.inc or cuts.inc fits nothing.
)";

constexpr int kWrongUse = 2;
constexpr int kProvesNothing = 125;

struct Options {
    Sampling sampling{.most = 2000};
    bool require = false;
    bool help = false;
    std::size_t examples = 2;
    std::string json;
    unsigned threads = std::thread::hardware_concurrency();
    std::filesystem::path golden = LEVITATE_SOURCE_DIR "/traces/golden";
    std::vector<std::string> cases;
};

template <typename Number>
bool parse_number(const std::string& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

bool take_value(Options& options, const std::string& name, const std::string& value) {
    if (name == "--sample") {
        return parse_number(value, options.sampling.most);
    }
    if (name == "--seed") {
        return parse_number(value, options.sampling.seed);
    }
    if (name == "--examples") {
        return parse_number(value, options.examples);
    }
    if (name == "--threads") {
        return parse_number(value, options.threads);
    }
    if (name == "--json") {
        options.json = value;
        return true;
    }
    options.golden = value;
    return name == "--golden";
}

std::optional<Options> parse(std::span<char*> arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string argument = arguments[i];
        if (argument == "--help") {
            options.help = true;
        } else if (argument == "--require") {
            options.require = true;
        } else if (!argument.starts_with("-")) {
            options.cases.push_back(argument);
        } else {
            ++i;
            if (i == arguments.size() || !take_value(options, argument, arguments[i])) {
                return std::nullopt;
            }
        }
    }
    return options;
}

std::optional<std::vector<Subject>> read_subjects(const Options& options) {
    std::vector<Subject> subjects;
    const std::vector<std::string> names = options.cases.empty() ? case_names(options.golden) : options.cases;
    for (const std::string& name : names) {
        auto golden = read_case(options.golden, name);
        if (!golden) {
            std::cerr << "mutate-traces: " << golden.error().message << '\n';
            return std::nullopt;
        }
        subjects.push_back(make_subject(*std::move(golden)));
    }
    if (subjects.empty()) {
        std::cerr << "mutate-traces: no goldens in " << options.golden.string() << '\n';
        return std::nullopt;
    }
    return subjects;
}

std::vector<CutTrial> try_cuts(const std::vector<Subject>& subjects, unsigned threads) {
    std::vector<std::pair<const Cut*, const Subject*>> jobs;
    for (const Cut& cut : all_cuts()) {
        for (const Subject& subject : subjects) {
            if (subject.golden.name == cut.golden) {
                jobs.emplace_back(&cut, &subject);
            }
        }
    }
    std::vector<CutTrial> trials(jobs.size());
    in_parallel(jobs.size(), threads, [&](std::size_t i) {
        const auto& [cut, subject] = jobs[i];
        trials[i] = try_cut(*cut, subject->golden, *subject->judge);
    });
    return trials;
}

void complain(const std::vector<std::string>& what) {
    for (const std::string& line : what) {
        std::cerr << "mutate-traces: " << line << '\n';
    }
}

int run(const Options& options) {
    auto subjects = read_subjects(options);
    if (!subjects) {
        return kProvesNothing;
    }
    std::cout << "Seed " << options.sampling.seed << '\n';
    try_mutants(*subjects, options.sampling, options.threads);
    const Report report = make_report(*subjects, try_cuts(*subjects, options.threads), options.cases.empty());
    write_text(std::cout, report, *subjects, options.examples);
    if (!options.json.empty()) {
        std::ofstream file(options.json);
        write_json(file, report, options.sampling);
        if (!file.flush()) {
            std::cerr << "mutate-traces: " << options.json << " cannot be written\n";
            return kProvesNothing;
        }
    }
    if (const auto faults = faults_of(report); !faults.empty()) {
        complain(faults);
        return kProvesNothing;
    }
    const auto misses = options.require ? misses_of(report, {}) : std::vector<std::string>();
    complain(misses);
    return misses.empty() ? 0 : 1;
}

}  // namespace
}  // namespace levitate::traces::mutation

int main(int count, char** arguments) {
    using namespace levitate::traces::mutation;
    const auto options = parse(std::span(arguments, static_cast<std::size_t>(count)).subspan(1));
    if (!options) {
        std::cerr << kUsage;
        return kWrongUse;
    }
    if (options->help) {
        std::cout << kUsage;
        return 0;
    }
    return run(*options);
}
