// Words through the decoder: it takes any of them, agrees with itself, and finds the row that a search
// through the whole table finds.
#include <bit>
#include <cstring>
#include <string>

#include "emu/cpu.hpp"
#include "emu/decode/table.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/fuzz/instruction_mutator.hpp"

namespace levitate::fuzz {
namespace {

using emu::Operation;
using emu::decode::Row;

// Of the rows that match, the one that fixes most bits.
const Row* search(std::uint32_t word) {
    const Row* best = nullptr;
    for (const Row& row : emu::decode::all_rows()) {
        if ((word & row.mask) == row.value &&
            (best == nullptr || std::popcount(row.mask) > std::popcount(best->mask))) {
            best = &row;
        }
    }
    return best;
}

bool same(const Operation& first, const Operation& second) {
    return first.code == second.code && first.operands == second.operands;
}

void decode(std::uint32_t word) {
    const Row* row = emu::decode::find(word);
    require(row == search(word), "find() gives the row that fixes most bits");
    require(emu::row_name(word).empty() == (row == nullptr), "a word has a name if it has a row");
    if (row != nullptr) {
        require(same(row->decode(word), row->decode(word)), "a word always decodes to the same operation");
    }
}

}  // namespace

std::size_t instructions_begin() {
    return 0;
}

}  // namespace levitate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kLongest = 256;  // each word is looked up in the whole table
    if (size > kLongest) {
        return -1;
    }
    levitate::fuzz::Input input{{data, size}};
    while (!input.rest().empty()) {
        levitate::fuzz::decode(input.take<std::uint32_t>());
    }
    return 0;
}
