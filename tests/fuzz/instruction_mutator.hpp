// For targets whose inputs end in A64 instructions: what the mutator must know of them.
#pragma once

#include <cstddef>

namespace levitate::fuzz {

// Where in an input the instructions begin, in bytes. Defined by the target.
std::size_t instructions_begin();

}  // namespace levitate::fuzz
