#include "tests/isa/generate/lead.hpp"

#include <algorithm>

#include "tests/isa/generate/encoding.hpp"
#include "tests/isa/generate/values.hpp"

namespace levitate::isa {

namespace {

constexpr std::uint64_t kMemoryEnd = JUDGE_READ_ONLY + JUDGE_PAGE;

void patch(JudgeStep& step, unsigned number, std::uint64_t value) {
    step.patches[step.patch_count++] = {.number = number, .value = value};
}

// Where an access of `size` bytes begins.
std::uint64_t random_target(std::uint64_t size, Random& random) {
    const auto across = [&](std::uint64_t border) { return border - random.below(size + 2); };
    switch (random.below(16)) {
        case 0:
        case 1:
        case 2:
        case 3:
            return JUDGE_MEMORY + random.below(JUDGE_MEMORY_SIZE - size);
        case 4:
        case 5:
            return across(JUDGE_MEMORY + JUDGE_PAGE);
        case 6:
            return across(JUDGE_READ_ONLY);
        case 7:
            return random.one_in(2) ? across(kMemoryEnd) : across(JUDGE_MEMORY);
        case 8:
            return random.one_in(2) ? JUDGE_READ_ONLY + random.below(JUDGE_PAGE - size)
                                    : JUDGE_MEMORY + JUDGE_MEMORY_SIZE - size;
        default:
            return (JUDGE_MEMORY + random.below(JUDGE_MEMORY_SIZE - size)) / size * size;
    }
}

bool lead_access(JudgeStep& step, const MemoryOperand& operand, Random& random) {
    std::uint64_t target = random_target(operand.size, random);
    if (operand.needs_alignment && !random.one_in(8)) {
        target &= ~std::uint64_t{operand.size - 1};
    }
    std::uint64_t base = target - operand.displacement;
    if (operand.index.has_value()) {
        const unsigned number = operand.index->number;
        if (number == operand.base && number != 31) {
            return false;
        }
        const std::uint64_t value = number == 31 ? 0 : random_general(random);
        if (number != 31) {
            patch(step, number, value);
        }
        base -= operand.index->offset(value);
    }
    if (operand.base == 31) {
        constexpr std::uint64_t kStackAlignment = 16;
        base &= ~(kStackAlignment - 1);
    } else if (random.one_in(16)) {
        base |= random() << 56;  // a tag, which Linux has the CPU ignore
    }
    patch(step, operand.base, base);
    return true;
}

void lead_literal(JudgeStep& step, std::uint64_t slot, Random& random) {
    const std::uint64_t here = JUDGE_CODE + slot * JUDGE_STRIDE + JUDGE_WORD_OFFSET;
    constexpr std::uint64_t kLongest = 16;
    const std::uint64_t distance = (random_target(kLongest, random) & ~std::uint64_t{3}) - here;
    step.word = (step.word & ~(0x7ffffU << 5)) | (static_cast<std::uint32_t>(distance / 4) & 0x7ffffU) << 5;
}

std::uint64_t landing(std::uint64_t slot) {
    return JUDGE_CODE + slot * JUDGE_STRIDE + JUDGE_LANDING_OFFSET;
}

void lead_branch(JudgeStep& step, const BranchOffset& offset, std::uint64_t slot, Random& random) {
    // TBZ reaches 32 KiB to either side.
    constexpr std::uint64_t kReach = 0x8000 / JUDGE_STRIDE - 1;
    const std::uint64_t least = slot - std::min(slot, kReach);
    const std::uint64_t greatest = std::min(slot + kReach, JUDGE_SLOTS - 1);
    std::uint64_t target = landing(least + random.below(greatest - least + 1));
    constexpr unsigned kLongBranchWidth = 26;
    if (offset.width == kLongBranchWidth && random.one_in(4)) {
        // Below everything that is mapped, as far as the immediate goes.
        constexpr std::uint64_t kFarthest = std::uint64_t{1} << (kLongBranchWidth + 1);
        target = JUDGE_CODE - kFarthest + 4 * random.below(kFarthest / 8);
    }
    const std::uint64_t here = JUDGE_CODE + slot * JUDGE_STRIDE + JUDGE_WORD_OFFSET;
    const std::uint32_t mask = (std::uint32_t{1} << offset.width) - 1;
    const auto distance = static_cast<std::uint32_t>((target - here) / 4) & mask;
    step.word = (step.word & ~(mask << offset.low)) | distance << offset.low;
}

void lead_register_branch(JudgeStep& step, unsigned number, Random& random) {
    if (number == 31) {
        return;  // to address 0, which is not mapped
    }
    std::uint64_t target = landing(random.below(JUDGE_SLOTS));
    switch (random.below(8)) {
        case 0:
            target += random.below(4);
            break;
        case 1:
            target |= random() << 56;
            break;
        case 2:
            target = JUDGE_MEMORY + 4 * random.below(JUDGE_PAGE);  // not executable
            break;
        default:
            break;
    }
    patch(step, number, target);
}

constexpr bool is_cache_instruction(std::uint32_t word) {
    return (word & 0xfffff000) == 0xd50b7000;  // SYS, op1 3, CRn 7
}
constexpr bool is_supervisor_call(std::uint32_t word) {
    return (word & 0xffe0001f) == 0xd4000001;
}

}  // namespace

bool lead(JudgeStep& step, std::uint64_t slot, Random& random) {
    step.patch_count = 0;
    if (const auto operand = memory_operand(step.word)) {
        return lead_access(step, *operand, random);
    }
    if (is_literal_load(step.word)) {
        lead_literal(step, slot, random);
    } else if (const auto offset = branch_offset(step.word)) {
        lead_branch(step, *offset, slot, random);
    } else if (const auto number = branch_register(step.word)) {
        lead_register_branch(step, *number, random);
    } else if (is_cache_instruction(step.word) && bits(step.word, 4, 0) != 31) {
        constexpr std::uint64_t kCacheLine = 64;
        patch(step, bits(step.word, 4, 0), random_target(kCacheLine, random));
    } else if (is_supervisor_call(step.word)) {
        patch(step, 8, JUDGE_NO_SYSTEM_CALL);
    }
    return true;
}

}  // namespace levitate::isa
