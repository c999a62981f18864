// The parts of the native engine that need no AArch64 host.
#include <gtest/gtest.h>

#include "vmm/engine/native/load_instruction.hpp"
#include "vmm/engine/native/merge.hpp"

namespace levitate::vmm::native {
namespace {

using traces::TaskNumber;

traces::Event call(std::uint32_t task, std::uint64_t number) {
    traces::SyscallEvent body;
    body.number = number;
    return {.task = TaskNumber{task}, .index = 0, .order = 0, .body = body};
}

traces::Event auxv_read(std::uint32_t task, std::uint64_t type) {
    traces::AuxvReadEvent body;
    body.type = type;
    return {.task = TaskNumber{task}, .index = 0, .order = 0, .body = body};
}

TEST(native_merge, reads_come_behind_as_many_events_of_their_task) {
    traces::Trace calls;
    calls.events = {call(1, 10), call(2, 20), call(1, 11), call(1, 12)};
    traces::Trace reads;
    reads.events = {call(1, 10), auxv_read(1, 5), auxv_read(1, 6), call(1, 11),
                    call(2, 20), auxv_read(1, 7), call(1, 12)};
    const traces::Trace merged = merge_auxv_reads(calls, reads);
    ASSERT_EQ(merged.events.size(), 7U);
    const auto type_at = [&](std::size_t at) {
        const auto* const read = std::get_if<traces::AuxvReadEvent>(&merged.events[at].body);
        return read == nullptr ? 0 : read->type;
    };
    EXPECT_EQ(type_at(2), 5U);
    EXPECT_EQ(type_at(3), 6U);
    EXPECT_EQ(type_at(5), 7U);
    EXPECT_EQ(merged.events[6].index, 5U);
    EXPECT_EQ(merged.events[6].order, 10U);
}

TEST(native_merge, a_read_comes_before_the_entry_of_the_call_that_follows) {
    traces::Trace calls;
    calls.events = {call(1, 10), call(2, 20), call(1, 11)};
    // The second task makes and finishes its call while the first one is in its last.
    const auto at = [&](std::size_t event, std::uint64_t entry, std::uint64_t order) {
        auto& body = std::get<traces::SyscallEvent>(calls.events[event].body);
        body.entry_order = entry;
        body.entry_time = 10 * entry;
        calls.events[event].order = order;
        calls.events[event].time = 10 * order;
    };
    at(0, 0, 1);
    at(1, 3, 4);
    at(2, 2, 5);
    traces::Trace reads;
    reads.events = {call(1, 10), auxv_read(1, 5), call(1, 11), call(2, 20)};
    const traces::Trace merged = merge_auxv_reads(calls, reads);
    ASSERT_EQ(merged.events.size(), 4U);
    EXPECT_TRUE(std::holds_alternative<traces::AuxvReadEvent>(merged.events[1].body));
    EXPECT_EQ(merged.events[1].order, 2U);
    EXPECT_EQ(merged.events[1].time, 10U);
    const auto entry_of = [&](std::size_t event) {
        return std::get<traces::SyscallEvent>(merged.events[event].body).entry_order;
    };
    EXPECT_EQ(entry_of(2), 4U);
    EXPECT_EQ(merged.events[2].order, 5U);
    EXPECT_EQ(entry_of(3), 3U);
    EXPECT_EQ(merged.events[3].order, 6U);
}

TEST(native_merge, reads_of_a_task_that_the_calls_do_not_have_are_dropped) {
    traces::Trace calls;
    calls.events = {call(1, 10)};
    traces::Trace reads;
    reads.events = {call(1, 10), auxv_read(3, 5)};
    EXPECT_EQ(merge_auxv_reads(calls, reads).events.size(), 1U);
}

constexpr std::uint64_t kPageSizeEntry = 6;
constexpr std::uint64_t kProgramEntry = 9;
constexpr std::uint64_t kVdsoEntry = 33;

traces::Event exec(std::uint64_t program, std::uint64_t vdso) {
    traces::ExecEvent body;
    body.auxv = {{kVdsoEntry, vdso}, {kPageSizeEntry, 4096}, {kProgramEntry, program}};
    return {.task = TaskNumber{1}, .index = 0, .order = 0, .body = body};
}

traces::Event auxv_read_at(std::uint64_t pc, std::uint64_t type, std::uint64_t value) {
    traces::Event event = auxv_read(1, type);
    auto& body = std::get<traces::AuxvReadEvent>(event.body);
    body.pc = pc;
    body.value = value;
    return event;
}

// Positions of auxv reads among the task's other events.
std::vector<std::size_t> read_positions(const traces::Trace& trace) {
    std::vector<std::size_t> positions;
    std::size_t others = 0;
    for (const traces::Event& event : trace.events) {
        if (std::holds_alternative<traces::AuxvReadEvent>(event.body)) {
            positions.push_back(others);
        } else {
            ++others;
        }
    }
    return positions;
}

TEST(native_merge, reads_stand_between_the_same_calls_whatever_waits_came_besides) {
    constexpr std::uint64_t wait = 98;
    traces::Trace calls;
    calls.events = {call(1, 10), call(1, wait), call(1, wait), call(1, wait), call(1, 11), call(1, 12)};
    traces::Trace reads;
    reads.events = {call(1, 10), auxv_read(1, 5), call(1, wait), auxv_read(1, 6), call(1, 11), call(1, 12)};
    EXPECT_EQ(read_positions(merge_auxv_reads(calls, reads)), (std::vector<std::size_t>{1, 4}));
}

TEST(native_merge, a_read_behind_all_that_is_common_comes_before_the_end) {
    traces::Trace calls;
    calls.events = {call(1, 10), call(1, 11)};
    traces::Trace reads;
    reads.events = {call(1, 10), call(1, 20), call(1, 21), auxv_read(1, 5), call(1, 22)};
    EXPECT_EQ(read_positions(merge_auxv_reads(calls, reads)), (std::vector<std::size_t>{1}));
}

TEST(native_merge, reads_of_a_task_that_was_ended_early_come_behind_what_it_did) {
    constexpr std::uint64_t end = 93;
    traces::Trace calls;
    calls.events = {call(1, 10), call(1, 11), call(1, end)};
    traces::Trace reads;
    reads.events = {call(1, 10), auxv_read(1, 5), call(1, end)};
    EXPECT_EQ(read_positions(merge_auxv_reads(calls, reads)), (std::vector<std::size_t>{1}));
}

TEST(native_merge, reads_are_told_with_the_addresses_of_the_calls) {
    traces::Trace calls;
    calls.events = {exec(0xaaaa1000, 0xffff9000), call(1, 10)};
    traces::Trace reads;
    reads.events = {exec(0xaaaa5000, 0xffff2000), auxv_read_at(0xaaaa5040, kVdsoEntry, 0xffff2000),
                    auxv_read_at(0xffff0080, kPageSizeEntry, 4096), call(1, 10)};
    const traces::Trace merged = merge_auxv_reads(calls, reads);
    ASSERT_EQ(merged.events.size(), 4U);
    const auto& of_program = std::get<traces::AuxvReadEvent>(merged.events[1].body);
    EXPECT_EQ(of_program.pc, 0xaaaa1040U);
    EXPECT_EQ(of_program.value, 0xffff9000U);
    const auto& of_library = std::get<traces::AuxvReadEvent>(merged.events[2].body);
    EXPECT_EQ(of_library.pc, 0xffff7080U);
    EXPECT_EQ(of_library.value, 4096U);
}

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
