// What a load instruction reads: how many bytes, from where, and by which base register.
#include "vmm/engine/native/load_instruction.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>

namespace levitate::vmm::native {
namespace {

struct Load {
    const char* text;
    std::uint32_t instruction;
    std::optional<unsigned> bytes;
};

class load_instruction : public testing::TestWithParam<Load> {};

// Encodings from aarch64-linux-gnu-as.
INSTANTIATE_TEST_SUITE_P(
    all, load_instruction,
    testing::Values(Load{"ldr x0, [x1]", 0xf9400020, 8}, Load{"ldr w0, [x1], #4", 0xb8404420, 4},
                    Load{"ldrsw x0, [x1, #8]", 0xb9800820, 4}, Load{"ldrb w0, [x1, x2]", 0x38626820, 1},
                    Load{"ldrh w0, [x1]", 0x79400020, 2}, Load{"ldur x0, [x1, #-8]", 0xf85f8020, 8},
                    Load{"ldp x0, x2, [x1]", 0xa9400820, 16}, Load{"ldp w0, w2, [x1]", 0x29400820, 8},
                    Load{"ldpsw x0, x2, [x1]", 0x69400820, 8}, Load{"ldp q0, q2, [x1]", 0xad400820, 32},
                    Load{"ldr q0, [x1]", 0x3dc00020, 16}, Load{"ldr d0, [x1]", 0xfd400020, 8},
                    Load{"ldxr x0, [x1]", 0xc85f7c20, 8}, Load{"ldxp x0, x2, [x1]", 0xc87f0820, 16},
                    Load{"ldar w0, [x1]", 0x88dffc20, 4}, Load{"ld1 {v0.16b}, [x1]", 0x4c407020, 16},
                    Load{"ld1 {v0.16b, v1.16b}, [x1]", 0x4c40a020, 32},
                    Load{"ld1 {v0.d}[1], [x1]", 0x4d408420, 8}, Load{"ld1r {v0.4s}, [x1]", 0x4d40c820, 4},
                    Load{"ldadd x0, x2, [x1]", 0xf8200022, 8}, Load{"str x0, [x1]", 0xf9000020, std::nullopt},
                    Load{"stp x0, x2, [x1]", 0xa9000820, std::nullopt},
                    Load{"str q0, [x1]", 0x3d800020, std::nullopt}));

TEST_P(load_instruction, loads_as_many_bytes_as_the_architecture_says) {
    EXPECT_EQ(loaded_bytes(GetParam().instruction), GetParam().bytes) << GetParam().text;
}

struct Address {
    const char* text;
    std::uint32_t instruction;
    std::uint64_t address;
};

class address_of_a_load : public testing::TestWithParam<Address> {};

// With 0x1000 in X1, -2 in X2, 0x2000 in SP, at 0x400000. Encodings from aarch64-linux-gnu-as.
INSTANTIATE_TEST_SUITE_P(
    all, address_of_a_load,
    testing::Values(
        Address{"ldr x0, [x1, #16]", 0xf9400820, 0x1010}, Address{"ldr q0, [x1, #16]", 0x3dc00420, 0x1010},
        Address{"ldr x0, [sp, #8]", 0xf94007e0, 0x2008}, Address{"ldr x0, [x1], #8", 0xf8408420, 0x1000},
        Address{"ldr x0, [x1, #8]!", 0xf8408c20, 0x1008}, Address{"ldur x0, [x1, #-8]", 0xf85f8020, 0xff8},
        Address{"ldr x0, [x1, x2, lsl #3]", 0xf8627820, 0xff0},
        Address{"ldrb w0, [x1, x2]", 0x38626820, 0xffe}, Address{"ldr x0, [x1, w2, sxtw]", 0xf862c820, 0xffe},
        Address{"ldr x0, [x1, w2, uxtw]", 0xf8624820, 0x100000ffe},
        Address{"ldp x0, x3, [x1, #-16]", 0xa97f0c20, 0xff0},
        Address{"ldp x0, x3, [x1], #16", 0xa8c10c20, 0x1000},
        Address{"ldp q0, q3, [x1, #32]", 0xad410c20, 0x1020},
        Address{"ldp w0, w3, [x1, #8]", 0x29410c20, 0x1008},
        Address{"ld1 {v0.16b}, [x1], #16", 0x4cdf7020, 0x1000},
        Address{"ldxp x0, x3, [x1]", 0xc87f0c20, 0x1000}, Address{"ldapur x0, [x1, #8]", 0xd9408020, 0x1008},
        Address{"ldadd x2, x0, [x1]", 0xf8220020, 0x1000}, Address{"ldr x0, .+8", 0x58000040, 0x400008},
        Address{"ldr x0, .-4", 0x58ffffe0, 0x3ffffc}));

TEST_P(address_of_a_load, is_where_it_begins_to_read) {
    std::array<std::uint64_t, 32> registers{};
    registers[1] = 0x1000;
    registers[2] = static_cast<std::uint64_t>(-2);
    registers[31] = 0x2000;
    EXPECT_EQ(load_address(GetParam().instruction, 0x400000, registers), GetParam().address)
        << GetParam().text;
}

struct Base {
    const char* text;
    std::uint32_t instruction;
    std::optional<unsigned> base;
    bool is_loaded;
};

class base_of_a_load : public testing::TestWithParam<Base> {};

// Encodings from aarch64-linux-gnu-as.
INSTANTIATE_TEST_SUITE_P(all, base_of_a_load,
                         testing::Values(Base{"ldr x0, [x1]", 0xf9400020, 1, false},
                                         Base{"ldr x1, [x1]", 0xf9400021, 1, true},
                                         Base{"ldr w0, [x1], #4", 0xb8404420, 1, false},
                                         Base{"ldr q1, [x1]", 0x3dc00021, 1, false},
                                         Base{"ldr x0, [sp]", 0xf94003e0, 31, false},
                                         Base{"ldr xzr, [sp]", 0xf94003ff, 31, false},
                                         Base{"ldp x0, x1, [x1]", 0xa9400420, 1, true},
                                         Base{"ldp x0, x2, [x1]", 0xa9400820, 1, false},
                                         Base{"ldrb w0, [x1, x2]", 0x38626820, 1, false},
                                         Base{"ld1 {v0.16b}, [x1], #16", 0x4cdf7020, 1, false},
                                         Base{"ldxr x0, [x1]", 0xc85f7c20, std::nullopt, false},
                                         Base{"ldar w0, [x1]", 0x88dffc20, std::nullopt, false},
                                         Base{"ldadd x0, x2, [x1]", 0xf8200022, std::nullopt, false},
                                         Base{"ldr x0, .", 0x58000000, std::nullopt, false},
                                         Base{"str x0, [x1]", 0xf9000020, std::nullopt, false}));

TEST_P(base_of_a_load, is_what_a_plain_load_adds_to) {
    EXPECT_EQ(base_register(GetParam().instruction), GetParam().base) << GetParam().text;
    if (GetParam().base) {
        EXPECT_EQ(loads_its_base(GetParam().instruction), GetParam().is_loaded) << GetParam().text;
    }
}

}  // namespace
}  // namespace levitate::vmm::native
