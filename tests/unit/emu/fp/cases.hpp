// Random instructions of a row of the decode table, on register contents that lean towards edges.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "emu/decode/row.hpp"
#include "tests/unit/emu/fp/judge_protocol.h"

namespace levitate::emu::test {

using Random = std::mt19937_64;

// A case of `row` for place `index` of a run. Loads and stores are led to the judge's memory: their base
// registers point to its middle, and large offsets are made small.
JudgeRequest make_case(const decode::Row& row, std::size_t index, Random& random);

}  // namespace levitate::emu::test
