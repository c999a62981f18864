// The mutants of a recording.
#pragma once

#include <vector>

#include "tests/mutation/mutant.hpp"

namespace levitate::traces::mutation {

// All of them: in this order, without any that would change nothing.
std::vector<Mutant> mutants_of(const Trace& trace);

// ---- its parts ----

// Each number changed: +1, -1, another value of the same place of the same call, one bit of flags; results
// also 0, a neighbouring error, success for an error and an error for success.
void add_number_mutants(const Trace& trace, std::vector<Mutant>& mutants);

// A byte changed at the beginning, in the middle and at the end of what has no layout.
void add_byte_mutants(const Trace& trace, std::vector<Mutant>& mutants);

// Each event deleted, doubled, or swapped with the next of its task, as far as a reader takes the result.
void add_event_mutants(const Trace& trace, std::vector<Mutant>& mutants);

// What is added to an event or taken from it: results, payloads, arguments of execve, entries of auxv,
// registers, output.
void add_part_mutants(const Trace& trace, std::vector<Mutant>& mutants);

}  // namespace levitate::traces::mutation
