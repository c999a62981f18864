#include "tests/isa/proof/tally.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "emu/decode/table.hpp"

namespace levitate::isa {

namespace {

std::size_t row_index(std::uint32_t word) {
    const auto rows = emu::decode::all_rows();
    const emu::decode::Row* row = emu::decode::find(word);
    return row == nullptr ? rows.size() : static_cast<std::size_t>(row - rows.data());
}

#define OTHER_JUDGE(row, judge, test) {row, judge, test},
constexpr OtherJudge kOtherJudges[] = {
#include "tests/isa/proof/other_judges.inc"
};

std::string table_line(std::span<const Tally> tallies, std::size_t row) {
    std::string text;
    for (const Tally& tally : tallies) {
        const Tally::Count& count = tally.counts()[row];
        text += fmt::format("\t{}\t{}", count.cases, count.retired);
    }
    return text;
}

}  // namespace

Tally::Tally(std::string_view judge) : judge_(judge), counts_(emu::decode::all_rows().size() + 1) {}

void Tally::count(std::uint32_t word, bool has_retired) {
    ++total_;
    Count& count = counts_[row_index(word)];
    ++count.cases;
    count.retired += has_retired ? 1U : 0U;
}

std::vector<OtherJudge> other_judges_of(const emu::decode::Row& row) {
    std::vector<OtherJudge> result;
    std::ranges::copy_if(kOtherJudges, std::back_inserter(result),
                         [&](const OtherJudge& other) { return other.row == row.name; });
    return result;
}

std::string bit_string(const emu::decode::Row& row) {
    std::string text;
    for (unsigned bit = 32; bit-- > 0;) {
        const bool is_fixed = (row.mask >> bit & 1) != 0;
        text += !is_fixed ? '.' : (row.value >> bit & 1) != 0 ? '1' : '0';
    }
    return text;
}

std::string coverage_table(std::span<const Tally> tallies) {
    std::string text = "bits\trow";
    for (const Tally& tally : tallies) {
        text += fmt::format("\t{0}\t{0} retired", tally.judge());
    }
    text += "\tother judges\n";
    const auto rows = emu::decode::all_rows();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        text += fmt::format("{}\t{}{}\t", bit_string(rows[i]), rows[i].name, table_line(tallies, i));
        for (const OtherJudge& other : other_judges_of(rows[i])) {
            text += fmt::format("{} ({}) ", other.judge, other.test);
        }
        text += '\n';
    }
    return text + fmt::format("\t(words that no row takes){}\t\n", table_line(tallies, rows.size()));
}

}  // namespace levitate::isa
