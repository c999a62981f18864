// How many cases there were for each row of the decode table, and with which judges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emu/decode/row.hpp"

namespace levitate::isa {

// The counts of one judge.
class Tally {
  public:
    explicit Tally(std::string_view judge);

    struct Count {
        std::uint64_t cases = 0;    // instructions that the judge had an opinion on
        std::uint64_t retired = 0;  // of these, those that took no exception
    };

    void count(std::uint32_t word, bool has_retired);

    const std::string& judge() const { return judge_; }
    std::uint64_t total() const { return total_; }
    // By the place of the row in emu::decode::all_rows(); the last is for words that no row takes.
    std::span<const Count> counts() const { return counts_; }

  private:
    std::string judge_;
    std::uint64_t total_ = 0;
    std::vector<Count> counts_;
};

// A test that judges rows besides the generated cases (other_judges.inc).
struct OtherJudge {
    std::string_view row;  // its name
    std::string_view judge;
    std::string_view test;  // where
};
std::vector<OtherJudge> other_judges_of(const emu::decode::Row& row);

// The bits that the row fixes, as in the .inc files; '.' for the others.
std::string bit_string(const emu::decode::Row& row);

// Tab-separated, one line a row, for people and for scripts: the bits, the name, each judge's cases and how
// many of them retired, and the other judges.
std::string coverage_table(std::span<const Tally> tallies);

}  // namespace levitate::isa
