#include "tests/isa/decode/walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "emu/instruction.hpp"

namespace levitate::isa {

namespace {

using emu::decode::Row;

constexpr std::uint32_t kBlockMask = ~(kWordsABlock - 1);

// Bits 9:0 of words that stand for their block: Rn and Rd are small, 31, and the odd one of a pair.
constexpr auto kRepresentatives =
    std::to_array<std::uint32_t>({0, 1U << 5 | 2, 31U << 5 | 31, 31U << 5, 31, 30U << 5 | 29});
constexpr unsigned kRandomRepresentatives = 2;
constexpr unsigned kRandomBits = 10;

bool matches(const Row& row, std::uint32_t word) {
    return (word & row.mask) == row.value;
}

// The row that is nested in all other matching ones; nullptr with `ambiguous` set: there is none, but some
// match.
const Row* most_specific(std::span<const Row* const> candidates, std::uint32_t word, bool& ambiguous) {
    const Row* best = nullptr;
    for (const Row* row : candidates) {
        if (!matches(*row, word)) {
            continue;
        }
        if (best == nullptr) {
            best = row;
            continue;
        }
        const Row* const inner = std::popcount(row->mask) > std::popcount(best->mask) ? row : best;
        const Row* const outer = inner == row ? best : row;
        if ((outer->mask & ~inner->mask) != 0 || inner->mask == outer->mask) {
            ambiguous = true;
            return nullptr;
        }
        best = inner;
    }
    return best;
}

bool is_undefined(const emu::Operation& operation) {
    return operation.code == emu::undefined().code;
}

std::string describe(const Reading& reading) {
    return reading.mnemonic.empty() ? "none" : std::string{reading.mnemonic};
}

std::string describe(const Row* row) {
    return row == nullptr ? "none" : row->name;
}

DecodeClaim claim_of(const Reading& reading, const Row* row) {
    return reading.mnemonic.empty() ? DecodeClaim::Refuses
           : row == nullptr         ? DecodeClaim::Takes
                                    : DecodeClaim::Renames;
}

}  // namespace

void UnexplainedDifference::add(const UnexplainedDifference& other) {
    first = words == 0 ? other.first : first;
    words += other.words;
    always_one &= other.always_one;
    always_zero &= other.always_zero;
}

void WalkReport::add(const WalkReport& other) {
    words += other.words;
    allocated += other.allocated;
    compared += other.compared;
    for (const auto& [name, count] : other.absent_features) {
        absent_features[name] += count;
    }
    for (const auto& [kind, difference] : other.unexplained) {
        unexplained[kind].add(difference);
    }
    explained.resize(std::max(explained.size(), other.explained.size()));
    std::ranges::transform(other.explained, explained, explained.begin(), std::plus{});
}

Walk::Walk() : vixl_(make_vixl_disassembler()), capstone_(make_capstone_disassembler()) {
    report_.explained.resize(decode_differences().size());
}

void Walk::block(std::uint32_t number, std::uint64_t random) {
    const std::uint32_t first = number * kWordsABlock;
    candidates_.clear();
    for (const Row& row : emu::decode::all_rows()) {
        if (((first ^ row.value) & row.mask & kBlockMask) == 0) {
            candidates_.push_back(&row);
        }
    }
    std::array<const Row*, kWordsABlock> rows{};
    for (std::uint32_t i = 0; i < kWordsABlock; ++i) {
        rows[i] = decode(first + i);
    }
    if (std::ranges::adjacent_find(rows, std::not_equal_to{}) != rows.end()) {
        for (std::uint32_t i = 0; i < kWordsABlock; ++i) {
            compare(first + i, rows[i]);
        }
        return;
    }
    for (const std::uint32_t low : kRepresentatives) {
        compare(first + low, rows[low]);
    }
    for (unsigned i = 0; i < kRandomRepresentatives; ++i) {
        const auto low = static_cast<std::uint32_t>(random >> (i * kRandomBits)) % kWordsABlock;
        compare(first + low, rows[low]);
    }
}

void Walk::word(std::uint32_t word) {
    candidates_.clear();
    for (const Row& row : emu::decode::all_rows()) {
        if (matches(row, word)) {
            candidates_.push_back(&row);
        }
    }
    compare(word, decode(word));
}

const Row* Walk::decode(std::uint32_t word) {
    ++report_.words;
    bool ambiguous = false;
    const Row* const expected = most_specific(candidates_, word, ambiguous);
    const Row* const row = emu::decode::find(word);
    if (ambiguous || row != expected) {
        fail(word, "rows overlap that are not nested, or the innermost is not found");
    }
    if (row == nullptr || is_undefined(row->decode(word))) {
        return nullptr;
    }
    ++report_.allocated;
    return row;
}

void Walk::compare(std::uint32_t word, const Row* row) {
    ++report_.compared;
    const Reading vixl = vixl_->read(word);
    const Reading capstone = capstone_->read(word);
    const Verdict by_vixl = judge_vixl(word, vixl, row);
    const Verdict by_capstone = judge_capstone(word, capstone, vixl.features, row);
    const bool is_agreed = by_vixl == Verdict::Agrees || by_capstone == Verdict::Agrees;
    const bool is_disputed = by_vixl == Verdict::Differs || by_capstone == Verdict::Differs;
    if ((!is_agreed || is_disputed) &&
        !is_known(DecodeJudge::None, word, vixl.mnemonic.empty() ? capstone : vixl, row)) {
        fail(word, fmt::format("the table: {}; VIXL: {}; Capstone: {}", describe(row), describe(vixl),
                               describe(capstone)));
    }
}

Walk::Verdict Walk::judge_vixl(std::uint32_t word, const Reading& reading, const Row* row) {
    const Features absent = reading.features & ~model_features();
    if (row == nullptr && absent.any()) {
        std::string names;
        for (std::size_t feature = 0; feature < kMostFeatures; ++feature) {
            if (absent.test(feature)) {
                names += fmt::format("{}{}", names.empty() ? "" : ", ", feature_name(feature));
            }
        }
        ++report_.absent_features[names];
        return Verdict::Agrees;
    }
    if (is_agreed(reading, row)) {
        return Verdict::Agrees;
    }
    return is_known(DecodeJudge::Vixl, word, reading, row) ? Verdict::DiffersAsKnown : Verdict::Differs;
}

// `features` are what VIXL says that the word needs.
Walk::Verdict Walk::judge_capstone(std::uint32_t word, const Reading& reading, const Features& features,
                                   const Row* row) {
    if (reading.mnemonic.empty() && (features & unknown_to_capstone()).any()) {
        return Verdict::Silent;
    }
    if (is_agreed(reading, row)) {
        return Verdict::Agrees;
    }
    return is_known(DecodeJudge::Capstone, word, reading, row) ? Verdict::DiffersAsKnown : Verdict::Differs;
}

bool Walk::is_agreed(const Reading& reading, const Row* row) {
    if (reading.mnemonic.empty() || row == nullptr) {
        return reading.mnemonic.empty() && row == nullptr;
    }
    std::string key{row->name};
    key += '/';
    key += reading.mnemonic;
    const auto [known, is_new] = spellings_.try_emplace(key);
    if (is_new) {
        known->second = is_spelling(reading.mnemonic, row->name);
    }
    return known->second;
}

bool Walk::is_known(DecodeJudge judge, std::uint32_t word, const Reading& reading, const Row* row) {
    const DecodeClaim claim = claim_of(reading, row);
    const auto lines = decode_differences();
    const auto line = std::ranges::find_if(lines, [&](const DecodeDifference& difference) {
        return difference.judge == judge && difference.has(word) &&
               (difference.claim == DecodeClaim::Any || difference.claim == claim);
    });
    if (line == lines.end()) {
        return false;
    }
    ++report_.explained[static_cast<std::size_t>(line - lines.begin())];
    return true;
}

void Walk::fail(std::uint32_t word, const std::string& kind) {
    report_.unexplained[kind].add({.words = 1, .first = word, .always_one = word, .always_zero = ~word});
}

}  // namespace levitate::isa
