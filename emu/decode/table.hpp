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
std::span<const Row> atomic_rows();
std::span<const Row> branch_rows();
std::span<const Row> data_processing_rows();
std::span<const Row> load_store_rows();
std::span<const Row> logical_rows();
std::span<const Row> system_rows();
std::span<const Row> crypto_rows();
std::span<const Row> fp_rows();
std::span<const Row> simd_across_rows();
std::span<const Row> simd_element_rows();
std::span<const Row> simd_memory_rows();
std::span<const Row> simd_move_rows();
std::span<const Row> simd_shift_rows();
std::span<const Row> simd_structures_rows();
std::span<const Row> simd_three_rows();
std::span<const Row> simd_two_rows();

}  // namespace levitate::emu::decode
