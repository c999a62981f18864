// The decode proof: words through the decode table, and through disassemblers.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "emu/decode/table.hpp"
#include "tests/isa/decode/disassembler.hpp"
#include "tests/isa/decode/known.hpp"

namespace levitate::isa {

// Words that differ only in bits 9:0, which in most of the encoding space are Rn and Rd.
inline constexpr std::uint32_t kWordsABlock = 1024;
inline constexpr std::uint32_t kBlockCount = std::uint32_t{1} << 22;

// Words that differ alike and without a known reason.
struct UnexplainedDifference {
    std::uint64_t words = 0;
    std::uint32_t first = 0;
    std::uint32_t always_one = ~std::uint32_t{0};   // bits that all of them have
    std::uint32_t always_zero = ~std::uint32_t{0};  // bits that none of them has

    void add(const UnexplainedDifference& other);
};

struct WalkReport {
    std::uint64_t words = 0;                               // decoded
    std::uint64_t allocated = 0;                           // of these, not UNDEFINED
    std::uint64_t compared = 0;                            // words that were shown to the disassemblers
    std::map<std::string, std::uint64_t> absent_features;  // words of features that the CPU does not have
    std::vector<std::uint64_t> explained;                  // words by line of differences.inc
    std::map<std::string, UnexplainedDifference> unexplained;

    void add(const WalkReport& other);
};

// Not to be shared between threads.
class Walk {
  public:
    Walk();
    // Decodes all words of a block. If the table gives one answer for all of them, a few are shown to the
    // disassemblers, of which `random` chooses some; otherwise all are.
    void block(std::uint32_t number, std::uint64_t random);
    // One word through the table and the disassemblers.
    void word(std::uint32_t word);
    const WalkReport& report() const { return report_; }

  private:
    enum class Verdict : std::uint8_t { Agrees, Silent, Differs, DiffersAsKnown };

    // The row that takes the word; nullptr if it is UNDEFINED.
    const emu::decode::Row* decode(std::uint32_t word);
    void compare(std::uint32_t word, const emu::decode::Row* row);
    Verdict judge_vixl(std::uint32_t word, const Reading& reading, const emu::decode::Row* row);
    Verdict judge_capstone(std::uint32_t word, const Reading& reading, const Features& features,
                           const emu::decode::Row* row);
    bool is_agreed(const Reading& reading, const emu::decode::Row* row);
    bool is_known(DecodeJudge judge, std::uint32_t word, const Reading& reading, const emu::decode::Row* row);
    void fail(std::uint32_t word, const std::string& kind);

    std::unique_ptr<Disassembler> vixl_;
    std::unique_ptr<Disassembler> capstone_;
    std::vector<const emu::decode::Row*> candidates_;  // the rows that may match a word of this block
    std::unordered_map<std::string, bool> spellings_;  // is_spelling, by row and mnemonic
    WalkReport report_;
};

}  // namespace levitate::isa
