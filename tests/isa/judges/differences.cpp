#include "tests/isa/judges/differences.hpp"

#include <algorithm>

#include "tests/isa/generate/encoding.hpp"

namespace levitate::isa {

namespace {

using Condition = bool (*)(std::uint32_t word, const JudgeState& before);

bool Always(std::uint32_t /*word*/, const JudgeState& /*before*/) {
    return true;
}

// The access is not aligned to its size.
bool Misaligned(std::uint32_t word, const JudgeState& before) {
    const auto operand = memory_operand(word);
    return operand.has_value() && operand->address(before) % operand->size != 0;
}

// The address in Xt is not in the memory that can be written.
bool OutsideMemory(std::uint32_t word, const JudgeState& before) {
    const unsigned t = bits(word, 4, 0);
    return t == 31 || before.x[t] - JUDGE_MEMORY >= JUDGE_MEMORY_SIZE;
}

// Bits 31:28 of FPSR.
bool SetsAarch32Flags(std::uint32_t word, const JudgeState& before) {
    const unsigned t = bits(word, 4, 0);
    return t != 31 && bits(static_cast<std::uint32_t>(before.x[t]), 31, 28) != 0;
}

// Len and Stride of FPCR.
bool SetsAarch32Fields(std::uint32_t word, const JudgeState& before) {
    const unsigned t = bits(word, 4, 0);
    constexpr std::uint64_t kFields = 0x370000;
    return t != 31 && (before.x[t] & kFields) != 0;
}

// MSR or MRS of another register than NZCV.
bool NotNzcv(std::uint32_t word, const JudgeState& /*before*/) {
    constexpr std::uint32_t kNzcv = 0b1'1'011'0100'0010'000;
    return bits(word, 20, 5) != kNzcv;
}

// Of a shift by immediate: otherwise the word is a modified immediate.
bool HasShift(std::uint32_t word, const JudgeState& /*before*/) {
    return bits(word, 22, 19) != 0;
}

// Vd is the register of which an element is taken, M:Rm.
bool DestinationIsElement(std::uint32_t word, const JudgeState& /*before*/) {
    return bits(word, 4, 0) == bits(word, 20, 16) || bits(word, 4, 0) == bits(word, 19, 16);
}

bool DestinationIsSource(std::uint32_t word, const JudgeState& /*before*/) {
    return bits(word, 4, 0) == bits(word, 9, 5) || bits(word, 4, 0) == bits(word, 20, 16);
}

struct Difference {
    std::string_view judge;
    std::uint32_t mask;
    std::uint32_t value;
    Condition applies;
    std::string_view reason;
};

#define DIFFERENCE(judge, mask, value, condition, reason) {judge, mask, value, &condition, reason},
constexpr Difference kDifferences[] = {
#include "tests/isa/judges/differences.inc"
};

}  // namespace

bool is_known_difference(std::string_view judge, std::uint32_t word, const JudgeState& before) {
    return std::ranges::any_of(kDifferences, [&](const Difference& difference) {
        return (word & difference.mask) == difference.value && difference.judge == judge &&
               difference.applies(word, before);
    });
}

}  // namespace levitate::isa
