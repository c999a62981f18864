// The decode proof as a command; see `prove_decode --help`.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <random>
#include <thread>

#include "tests/isa/decode/known.hpp"
#include "tests/isa/decode/walk.hpp"

namespace levitate::isa {
namespace {

struct Options {
    bool all = false;
    std::uint32_t blocks = 4096;
    std::uint32_t words_a_row = 256;
    std::uint64_t seed = std::random_device{}();
    unsigned threads = std::max(1U, std::thread::hardware_concurrency());
};

constexpr int kStatusProven = 0;
constexpr int kStatusDiffers = 1;

// All blocks of the encoding space, shared out among threads.
WalkReport walk_all(const Options& options) {
    constexpr std::uint32_t kShare = 4096;
    std::atomic<std::uint32_t> next = 0;
    std::vector<WalkReport> reports(options.threads);
    {
        std::vector<std::jthread> threads;
        threads.reserve(reports.size());
        for (WalkReport& report : reports) {
            threads.emplace_back([&] {
                Walk walk;
                for (std::uint32_t first = next.fetch_add(kShare); first < kBlockCount;
                     first = next.fetch_add(kShare)) {
                    std::mt19937_64 random{options.seed + first};
                    for (std::uint32_t number = first; number < first + kShare; ++number) {
                        walk.block(number, random());
                    }
                }
                report = walk.report();
            });
        }
    }
    WalkReport total;
    for (const WalkReport& report : reports) {
        total.add(report);
    }
    return total;
}

// Random blocks; and of each row random words, with each of its fixed bits turned over in one of them.
WalkReport walk_sample(const Options& options) {
    std::mt19937_64 random{options.seed};
    Walk walk;
    for (std::uint32_t i = 0; i < options.blocks; ++i) {
        const auto number = static_cast<std::uint32_t>(random() % kBlockCount);
        walk.block(number, random());
    }
    for (const emu::decode::Row& row : emu::decode::all_rows()) {
        for (std::uint32_t i = 0; i < options.words_a_row; ++i) {
            const std::uint32_t word = row.value | (static_cast<std::uint32_t>(random()) & ~row.mask);
            walk.word(word);
            walk.word(word ^ (std::uint32_t{1} << (i % emu::decode::kWordBits)));
        }
    }
    return walk.report();
}

std::string_view name_of(DecodeJudge judge) {
    switch (judge) {
        case DecodeJudge::Vixl:
            return "VIXL";
        case DecodeJudge::Capstone:
            return "Capstone";
        case DecodeJudge::None:
            break;
    }
    return "both";
}

// The bits that the words have in common, as a decode row has them.
std::string pattern_of(const UnexplainedDifference& difference) {
    std::string text;
    for (std::uint32_t bit = std::uint32_t{1} << (emu::decode::kWordBits - 1); bit != 0; bit >>= 1) {
        text += (difference.always_one & bit) != 0 ? '1' : (difference.always_zero & bit) != 0 ? '0' : '-';
    }
    return text;
}

void show_known(const WalkReport& report) {
    fmt::print("words of features, as VIXL has it, that the CPU does not have:\n");
    for (const auto& [names, count] : report.absent_features) {
        fmt::print("{:>11}  {}\n", count, names);
    }
    fmt::print("words that differ with a reason:\n");
    const auto lines = decode_differences();
    for (std::size_t i = 0; i < lines.size(); ++i) {
        fmt::print("{:>11}  {}: {}\n", report.explained[i], name_of(lines[i].judge), lines[i].reason);
    }
}

int prove(const Options& options) {
    fmt::print("seed {}\n", options.seed);
    const WalkReport report = options.all ? walk_all(options) : walk_sample(options);
    show_known(report);
    for (const auto& [kind, difference] : report.unexplained) {
        fmt::print("{:>11}  {} {:#010x}  {}\n", difference.words, pattern_of(difference), difference.first,
                   kind);
    }
    // Only a walk through all words can tell that a line is out of date.
    const auto unused = options.all ? std::ranges::count(report.explained, 0) : 0;
    fmt::print(
        "{} words decoded, {} allocated; {} shown to VIXL and Capstone: {} kinds of differences without a "
        "reason in "
        "tests/isa/decode/differences.inc, {} lines of it out of date\n",
        report.words, report.allocated, report.compared, report.unexplained.size(), unused);
    return report.unexplained.empty() && unused == 0 ? kStatusProven : kStatusDiffers;
}

}  // namespace
}  // namespace levitate::isa

int main(int argc, char** argv) {
    levitate::isa::Options options;
    CLI::App app{
        "Compares what the decode table takes for an instruction, and for which, with VIXL's and Capstone's "
        "disassemblers"};
    app.add_flag("--all", options.all, "walk all 2^32 words");
    app.add_option("--blocks", options.blocks, "without --all: random blocks of 1024 words")
        ->capture_default_str();
    app.add_option("--words", options.words_a_row, "without --all: words of each row")->capture_default_str();
    app.add_option("--seed", options.seed, "what the sample is made from (a fresh one, which is printed)");
    app.add_option("--threads", options.threads, "with --all")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    CLI11_PARSE(app, argc, argv);
    return levitate::isa::prove(options);
}
