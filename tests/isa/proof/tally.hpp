// How many cases each row has had, by judge.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emu/decode/row.hpp"

namespace levitate::isa {

class Tally {
  public:
    // Of all rows of the decode table.
    explicit Tally(std::vector<std::string> judges);

    struct Count {
        std::uint64_t cases = 0;    // steps that the judge had an opinion on
        std::uint64_t retired = 0;  // of these, those that took no exception
    };

    void count(std::size_t judge, std::uint32_t word, bool has_retired);

    std::uint64_t total(std::size_t judge) const { return totals_[judge]; }
    const std::vector<std::string>& judges() const { return judges_; }
    // By judge; that of the row `row` of emu::decode::all_rows(), and of words that no row takes.
    std::span<const Count> of_row(std::size_t row) const { return counts_[row]; }
    std::span<const Count> of_no_row() const { return counts_.back(); }

    // Tab-separated, one line a row, for people and for scripts.
    std::string table() const;

  private:
    std::vector<std::string> judges_;
    std::vector<std::uint64_t> totals_;
    std::vector<std::vector<Count>> counts_;  // a row each; the last for words that no row takes
};

}  // namespace levitate::isa
