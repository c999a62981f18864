#include "tests/isa/proof/tally.hpp"

#include <fmt/format.h>

#include "emu/decode/table.hpp"

namespace levitate::isa {

namespace {

std::size_t row_index(std::uint32_t word) {
    const auto rows = emu::decode::all_rows();
    const emu::decode::Row* row = emu::decode::find(word);
    return row == nullptr ? rows.size() : static_cast<std::size_t>(row - rows.data());
}

// As in the .inc files, but for the letters: which of the bits that are not fixed are ignored is not known
// here.
std::string bit_string(const emu::decode::Row& row) {
    std::string text;
    for (unsigned bit = 32; bit-- > 0;) {
        const bool is_fixed = (row.mask >> bit & 1) != 0;
        text += !is_fixed ? '.' : (row.value >> bit & 1) != 0 ? '1' : '0';
    }
    return text;
}

}  // namespace

Tally::Tally(std::vector<std::string> judges)
    : judges_(std::move(judges)),
      totals_(judges_.size()),
      counts_(emu::decode::all_rows().size() + 1, std::vector<Count>(judges_.size())) {}

void Tally::count(std::size_t judge, std::uint32_t word, bool has_retired) {
    ++totals_[judge];
    Count& count = counts_[row_index(word)][judge];
    ++count.cases;
    count.retired += has_retired ? 1U : 0U;
}

std::string Tally::table() const {
    std::string text = "encoding\trow";
    for (const std::string& judge : judges_) {
        text += fmt::format("\t{0}\t{0} retired", judge);
    }
    text += '\n';
    const auto add = [&](std::string_view encoding, std::string_view name, std::span<const Count> counts) {
        text += fmt::format("{}\t{}", encoding, name);
        for (const Count& count : counts) {
            text += fmt::format("\t{}\t{}", count.cases, count.retired);
        }
        text += '\n';
    };
    const auto rows = emu::decode::all_rows();
    for (std::size_t row = 0; row < rows.size(); ++row) {
        add(bit_string(rows[row]), rows[row].name, of_row(row));
    }
    add("", "(words that no row takes)", of_no_row());
    return text;
}

}  // namespace levitate::isa
