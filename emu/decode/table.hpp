// The decode table: all groups' rows, and the search in them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "emu/decode/row.hpp"

namespace levitate::emu::decode {

// The row that takes `word`: of those whose bits match, the one that fixes most bits. nullptr: none, the word
// is UNDEFINED.
const Row* find(std::uint32_t word);

// Every row, in no particular order.
std::span<const Row> all_rows();

// The groups, each defined by the file in emu/execute that includes its .inc.
std::span<const Row> add_subtract_rows();
std::span<const Row> branch_rows();

}  // namespace levitate::emu::decode
