// In a kernel that carries mutants: whether one of them is to be as it was broken (scripts/mutate-kernel).
#pragma once

namespace kernel::mutation {

// Is it the mutant that was chosen in this image? That a place was reached is counted, if that was chosen.
bool is_chosen(unsigned mutant);

}  // namespace kernel::mutation
