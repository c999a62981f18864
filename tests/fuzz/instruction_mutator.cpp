// Mutates inputs that end in A64 instructions. Few words of 32 random bits are instructions, and fewer still
// name a system register that exists: half of the mutations put in one that is.
#include "tests/fuzz/instruction_mutator.hpp"

#include <cstdint>
#include <cstring>
#include <random>

#include "emu/decode/table.hpp"
#include "emu/system/registers.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace levitate::fuzz {
namespace {

using Random = std::mt19937;  // its numbers have 32 bits

constexpr std::size_t kInstructionBytes = 4;

std::uint32_t system_register_access(Random& random) {
    constexpr std::uint32_t kMsr = 0xd5000000;  // MSR (register), or SYS; bit 21 makes it MRS
    const auto registers = emu::all_registers();
    const std::uint32_t encoding = registers[random() % registers.size()].encoding;
    const std::uint32_t operands = static_cast<std::uint32_t>(random()) & (1 << 21 | 0x1f);
    return kMsr | (encoding & 0xffff) << 5 | operands;
}

std::uint32_t instruction_with_a_row(Random& random) {
    const auto rows = emu::decode::all_rows();
    const emu::decode::Row& row = rows[random() % rows.size()];
    return row.value | (static_cast<std::uint32_t>(random()) & ~row.mask);
}

// Replaces an instruction, or appends one if there is room.
std::size_t put_instruction(std::uint8_t* data, std::size_t size, std::size_t max_size, Random& random) {
    const std::size_t begin = instructions_begin();
    if (size < begin || size + kInstructionBytes > max_size) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    const std::size_t count = (size - begin) / kInstructionBytes;
    const std::size_t at = begin + random() % (count + 1) * kInstructionBytes;
    const std::uint32_t word =
        random() % 8 == 0 ? system_register_access(random) : instruction_with_a_row(random);
    std::memcpy(data + at, &word, sizeof word);
    return std::max(size, at + kInstructionBytes);
}

}  // namespace
}  // namespace levitate::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    levitate::fuzz::Random random{seed};
    return random() % 2 == 0 ? LLVMFuzzerMutate(data, size, max_size)
                             : levitate::fuzz::put_instruction(data, size, max_size, random);
}
