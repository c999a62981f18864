// A decoded instruction: a function and its operands, worked out once when the word is decoded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace levitate::emu {

class Core;
struct Instruction;

// What an instruction tells whoever executes it. The values are ordered: of two accesses of one instruction
// the greater value is the instruction's.
enum class Flow : std::uint8_t {
    Next,       // retired; go on with the next one
    Branch,     // retired; go on at Core::branch_target
    Leave,      // retired, and something the run loop looks at has changed; go on with the next one
    Jump,       // as Leave, at Core::branch_target
    Exception,  // not retired; Core::exception says what to take
};

constexpr Flow both(Flow first, Flow second) {
    return first > second ? first : second;
}

// Executes the instruction at `at` and those that come after it, each of which calls the next in its tail,
// and returns when one has something to tell the run loop. emu/thread.hpp says more, and what `credit` is.
using Code = Flow (*)(Core& core, const Instruction* at, std::int64_t credit);

// What a row's decoder returns.
struct Operation {
    static constexpr std::size_t kOperandBytes = 16;
    Code code;
    std::array<std::byte, kOperandBytes> operands;
};

struct Instruction {
    Operation operation;
    std::uint32_t word;
    std::uint16_t page_offset;  // of the word in its page
};
static_assert(sizeof(Instruction) == 32);

inline constexpr unsigned kInstructionShift = 2;
inline constexpr std::size_t kInstructionBytes = std::size_t{1} << kInstructionShift;

// The operation of an encoding that is not allocated: it records the word and takes the exception.
Operation undefined();

}  // namespace levitate::emu
