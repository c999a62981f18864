// Random instruction sequences, driven by the decode table.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "emu/decode/row.hpp"
#include "tests/isa/generate/batch.hpp"
#include "tests/isa/generate/random.hpp"

namespace levitate::isa {

// Makes the sequences of one seed. Sequence number n begins with a word of row n modulo their number, so that
// all rows are met equally often; the steps that follow are of random rows, and some are words next to a
// row's or any words at all, most of which are not allocated. Loads, stores and branches are led, by patches
// of their registers or by their immediates, to the judges' memory and landings, there preferably to page
// borders.
class Generator {
  public:
    Generator(std::uint64_t seed, std::span<const emu::decode::Row> rows) : seed_(seed), rows_(rows) {}

    // Adds sequence `number`. The batch does not yet have one whose number is the same modulo
    // JUDGE_SEQUENCES.
    void add_sequence(std::uint64_t number, Batch& batch) const;

  private:
    std::uint64_t seed_;
    std::span<const emu::decode::Row> rows_;
};

}  // namespace levitate::isa
