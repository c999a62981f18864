#include "tests/isa/decode/known.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace levitate::isa {

namespace {

// Each of `stems` followed by one of `endings`; both are lists with spaces between. "" is the ending "-".
struct Spelling {
    std::string_view row;
    std::string_view stems;
    std::string_view endings;
};

constexpr auto kSpellings = std::to_array<Spelling>({
#define SPELLING(row, stems, endings) {row, stems, endings},
#include "tests/isa/decode/spellings.inc"
#undef SPELLING
});

constexpr auto kDifferences = std::to_array<DecodeDifference>({
#define DIFFERENCE(judge, claim, bits, reason) \
    {DecodeJudge::judge, DecodeClaim::claim, emu::decode::parse(bits), reason},
#include "tests/isa/decode/differences.inc"
#undef DIFFERENCE
});

// Calls `function` with each word of `list` until it is true; whether it was.
template <class Function>
bool any_word(std::string_view list, Function function) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(' '), list.size());
        if (function(list.substr(0, end))) {
            return true;
        }
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

bool spells(const Spelling& spelling, std::string_view mnemonic) {
    return any_word(spelling.stems, [&](std::string_view stem) {
        return mnemonic.starts_with(stem) && any_word(spelling.endings, [&](std::string_view ending) {
                   return mnemonic.substr(stem.size()) == (ending == "-" ? std::string_view{} : ending);
               });
    });
}

}  // namespace

bool is_spelling(std::string_view mnemonic, std::string_view row) {
    const std::string_view first = row.substr(0, row.find(' '));
    const auto is_same_letter = [](char upper, char lower) {
        return std::tolower(static_cast<unsigned char>(upper)) == lower;
    };
    return std::ranges::equal(first, mnemonic, is_same_letter) ||
           std::ranges::any_of(kSpellings, [&](const Spelling& spelling) {
               return spelling.row == first && spells(spelling, mnemonic);
           });
}

std::span<const DecodeDifference> decode_differences() {
    return kDifferences;
}

}  // namespace levitate::isa
