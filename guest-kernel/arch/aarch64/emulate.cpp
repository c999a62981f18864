#include "arch/aarch64/emulate.hpp"

#include "arch/aarch64/features.hpp"
#include "mm/user_memory.hpp"

namespace kernel::arch {

namespace {

constexpr std::uint32_t kMrsMask = 0xfff0'0000;
constexpr std::uint32_t kMrs = 0xd530'0000;

}  // namespace

bool emulate_instruction(Registers& registers) {
    std::uint32_t instruction = 0;
    if (copy_from_user(&instruction, UserAddress(registers.pc), sizeof(instruction)).is_error() ||
        (instruction & kMrsMask) != kMrs) {
        return false;
    }
    const std::optional<std::uint64_t> value = visible_id_register({
        .op0 = instruction >> 19 & 3,
        .op1 = instruction >> 16 & 7,
        .crn = instruction >> 12 & 15,
        .crm = instruction >> 8 & 15,
        .op2 = instruction >> 5 & 7,
    });
    if (!value.has_value()) {
        return false;
    }
    const std::uint32_t target = instruction & 31;
    if (target != 31) {
        registers.x[target] = *value;
    }
    registers.pc += 4;
    return true;
}

}  // namespace kernel::arch
