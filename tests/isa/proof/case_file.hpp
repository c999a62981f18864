// Named cases: readable files of code, the state before and the state after.
//
//     # What the case shows, and the source.
//     code
//         5f1ffc20  fcvtzs h0, h1, #1
//     before
//         v1 = 000000000000c500
//     after
//         v0 = 000000000000fff6
//
// Up to JUDGE_STEPS instructions, executed one after the other. Registers are x0 to x30, sp, v0 to v31,
// pstate (NZCV and SSBS as in SPSR_EL1), fpcr and fpsr, in hexadecimal, with underscores where they help.
// What `before` does not name is zero, but for sp, which is the middle of the judges' memory; what `after`
// does not name is as in `before`. `after` may say how the last instruction ended (`outcome = alignment
// fault`), at which address it took a memory fault
// (`fault = 40280fc0`) and where execution goes on (`pc = 40200004`); without, it has retired, and the next
// one follows.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "tests/isa/judges/emulator.hpp"

namespace levitate::isa {

struct Case {
    struct Code {
        std::uint32_t word;
        std::string assembly;
    };
    std::vector<Code> code;
    JudgeState before;
    JudgeReply after;  // without memory_hash
};

// An error names the line.
std::expected<Case, std::string> parse_case(std::string_view text);

// What the emulator does otherwise than the case says, a line each; empty if nothing.
std::string run_case(Emulator& emulator, const Case& named);

}  // namespace levitate::isa
