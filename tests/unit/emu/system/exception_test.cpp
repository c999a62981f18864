// Exceptions and interrupts: what they do to PSTATE and the system registers, and when the CPU halts for
// them.
#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

constexpr std::uint64_t kLowerElSync = kVectors + 0x400;
constexpr std::uint64_t kLowerElIrq = kVectors + 0x480;
constexpr std::uint64_t kSameElSync = kVectors + 0x200;
constexpr std::uint64_t kSameElIrq = kVectors + 0x280;

class Exceptions : public CpuTest {};

TEST_F(Exceptions, run_retires_exactly_its_budget) {
    put(kCodeBase, {add(0, 0, 1), add(0, 0, 1), branch(-2)});
    stand_at(kCodeBase);
    const std::uint64_t before = cpu.retired_instructions();
    EXPECT_EQ(cpu.run(1001).reason, HaltReason::Budget);
    EXPECT_EQ(cpu.retired_instructions() - before, 1001U);
    EXPECT_EQ(x(0), 668U);
    EXPECT_EQ(pc(), kCodeBase + 8);
}

TEST_F(Exceptions, svc_from_el0_enters_the_lower_el_vector_and_halts) {
    put(kCodeBase, {svc(7)});
    cpu.set_boundary_halts(true);
    stand_at(kCodeBase, spsr::kModeEl0t | spsr::kZ | spsr::kSsbs);
    const Halt halt = cpu.run(10);
    EXPECT_EQ(halt.reason, HaltReason::ExceptionFromEl0);
    EXPECT_FALSE(halt.irq);
    EXPECT_EQ(get_register(kEsrEl1), 0x15U << 26 | 1U << 25 | 7U);
    EXPECT_EQ(pc(), kLowerElSync);
    EXPECT_EQ(get_register(kElrEl1), kCodeBase + 4);
    EXPECT_EQ(get_register(kSpsrEl1), spsr::kModeEl0t | spsr::kZ | spsr::kSsbs);
    const EntryRegisters entry = cpu.entry_registers();
    EXPECT_EQ(entry.esr_el1, get_register(kEsrEl1));
    EXPECT_EQ(entry.elr_el1, get_register(kElrEl1));
    EXPECT_EQ(entry.spsr_el1, get_register(kSpsrEl1));
    EXPECT_EQ(entry.ttbr0_el1, get_register(kTtbr0El1));
    EXPECT_EQ(cpu.exception_level(), 1U);
    EXPECT_EQ(cpu.registers().pstate & spsr::kDaif, spsr::kDaif);
}

TEST_F(Exceptions, watched_svc_halts_as_taken_where_boundaries_do_not) {
    put(kCodeBase, {svc(7), svc(8)});
    put(kLowerElSync, {kEret});
    cpu.set_watched_svc(8);
    stand_at(kCodeBase, spsr::kModeEl0t);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::WatchedSvc);
    EXPECT_EQ(pc(), kLowerElSync);
    EXPECT_EQ(get_register(kElrEl1), kCodeBase + 8);
    EXPECT_EQ(get_register(kEsrEl1) & 0xffff, 8U);
    ASSERT_EQ(cpu.last_calls().size(), 1U) << "of the other";
    EXPECT_EQ(cpu.last_calls()[0].pc, kCodeBase + 4);
}

TEST_F(Exceptions, watched_svc_at_el1_is_an_exception_like_others) {
    put(kCodeBase, {svc(8)});
    cpu.set_watched_svc(8);
    EXPECT_EQ(cpu.run(1).reason, HaltReason::Budget);
}

TEST_F(Exceptions, eret_to_el0_halts_before_the_first_instruction) {
    put(kLowerElSync, {kEret});
    put(kCodeBase, {svc(0), movz(1, 5)});
    cpu.set_boundary_halts(true);
    stand_at(kCodeBase, spsr::kModeEl0t);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::ExceptionFromEl0);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::ReturnToEl0);
    EXPECT_EQ(pc(), kCodeBase + 4);
    EXPECT_EQ(x(1), 0U);
    EXPECT_EQ(cpu.exception_level(), 0U);
}

TEST_F(Exceptions, brk_at_el1_enters_the_same_el_vector_with_its_own_address) {
    put(kCodeBase, {brk(0x123)});
    stand_at(kCodeBase);
    cpu.run(1);
    EXPECT_EQ(pc(), kSameElSync);
    EXPECT_EQ(get_register(kElrEl1), kCodeBase);
    EXPECT_EQ(exception_class(), 0x3cU);
    EXPECT_EQ(syndrome(), 0x123U);
}

TEST_F(Exceptions, exception_with_sp_el0_selected_uses_the_first_vectors) {
    put(kCodeBase, {kSpSelectEl0, brk(0)});
    stand_at(kCodeBase);
    cpu.run(2);
    EXPECT_EQ(pc(), kVectors);
    EXPECT_EQ(get_register(kSpsrEl1) & spsr::kModeMask, spsr::kModeEl1t);
}

TEST_F(Exceptions, stack_pointers_are_banked) {
    Registers registers = cpu.registers();
    registers.sp_el0 = 0x1000;
    registers.sp_el1 = 0x2000;
    cpu.set_registers(registers);
    put(kCodeBase, {add(0, 31, 0), kSpSelectEl0, add(1, 31, 0)});
    stand_at(kCodeBase);
    cpu.run(3);
    EXPECT_EQ(x(0), 0x2000U);
    EXPECT_EQ(x(1), 0x1000U);
    EXPECT_EQ(cpu.registers().sp_el1, 0x2000U);
}

TEST_F(Exceptions, return_to_an_el_that_is_not_there_is_illegal) {
    set_register(kSpsrEl1, 0x9);  // EL2h
    set_register(kElrEl1, kCodeBase + 0x100);
    put(kCodeBase, {kEret});
    put(kCodeBase + 0x100, {movz(0, 1)});
    stand_at(kCodeBase);
    cpu.run(2);
    EXPECT_EQ(exception_class(), 0x0eU);
    EXPECT_EQ(get_register(kElrEl1), kCodeBase + 0x100);
    EXPECT_NE(get_register(kSpsrEl1) & spsr::kIl, 0U);
    EXPECT_EQ(pc(), kSameElSync);
    EXPECT_EQ(cpu.registers().pstate & spsr::kIl, 0U);
}

TEST_F(Exceptions, branch_to_an_unaligned_address_faults_there) {
    put(kCodeBase, {br(0)});
    set_x(0, kCodeBase + 2);
    stand_at(kCodeBase);
    cpu.run(2);
    EXPECT_EQ(exception_class(), 0x22U);
    EXPECT_EQ(get_register(kFarEl1), kCodeBase + 2);
    EXPECT_EQ(get_register(kElrEl1), kCodeBase + 2);
}

TEST_F(Exceptions, access_by_an_unaligned_stack_pointer_faults) {
    Registers registers = cpu.registers();
    registers.sp_el1 = kDataBase + 8;
    cpu.set_registers(registers);
    put(kCodeBase, {ldr(0, 31)});
    stand_at(kCodeBase);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x26U);
}

TEST_F(Exceptions, undefined_word_is_recorded_once_and_raised) {
    put(kCodeBase, {kUndefined});
    for (int i = 0; i < 2; ++i) {
        stand_at(kCodeBase);
        cpu.run(1);
        EXPECT_EQ(exception_class(), 0U);
    }
    ASSERT_EQ(cpu.undefined_encodings().size(), 1U);
    EXPECT_EQ(cpu.undefined_encodings()[0].address, kCodeBase);
    EXPECT_EQ(cpu.undefined_encodings()[0].exception_level, 1U);
}

TEST_F(Exceptions, identification_registers_are_undefined_at_el0) {
    put(kCodeBase, {mrs(0, kMidrEl1)});
    stand_at(kCodeBase, spsr::kModeEl0t);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0U);
    EXPECT_TRUE(cpu.undefined_encodings().empty());
}

TEST_F(Exceptions, ctr_at_el0_traps_unless_uct_is_set) {
    put(kCodeBase, {mrs(3, kCtrEl0)});
    stand_at(kCodeBase, spsr::kModeEl0t);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x18U);
    EXPECT_EQ(syndrome(), 3U << 20 | 1U << 17 | 3U << 14 | 3U << 5 | 1U);
    set_register(kSctlrEl1, get_register(kSctlrEl1) | 1U << 15);
    stand_at(kCodeBase, spsr::kModeEl0t);
    cpu.run(1);
    EXPECT_EQ(x(3), 0x8444c004U);
}

TEST_F(Exceptions, floating_point_traps_as_cpacr_says) {
    put(kCodeBase, {kFaddD0D0D0});
    stand_at(kCodeBase);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x07U);
    set_register(kCpacrEl1, 1U << 20);  // not at EL1, but at EL0
    stand_at(kCodeBase);
    cpu.run(1);
    EXPECT_EQ(pc(), kCodeBase + 4);
    stand_at(kCodeBase, spsr::kModeEl0t);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x07U);
    EXPECT_EQ(pc(), kLowerElSync);
}

TEST_F(Exceptions, interrupt_is_taken_when_unmasked) {
    set_register(kIccPmrEl1, 0xf0);
    set_register(kIccIgrpen1El1, 1);
    put(kCodeBase, {kNop, kDaifClearIrq, movz(0, 1)});
    put(kSameElIrq, {mrs(1, kIccIar1El1), msr(kIccEoir1El1, 1)});
    controller.pending = {33, 0xa0};
    cpu.interrupts_changed();
    stand_at(kCodeBase);
    cpu.run(3);
    EXPECT_EQ(get_register(kElrEl1), kCodeBase + 8);
    EXPECT_EQ(x(1), 33U);
    EXPECT_EQ(controller.acknowledged, std::vector<std::uint32_t>{33});
    EXPECT_TRUE(controller.deactivated.empty());
    cpu.run(1);
    EXPECT_EQ(controller.deactivated, std::vector<std::uint32_t>{33});
}

TEST_F(Exceptions, interrupt_below_the_priority_mask_is_not_taken) {
    set_register(kIccPmrEl1, 0xa0);
    set_register(kIccIgrpen1El1, 1);
    put(kCodeBase, {kDaifClearIrq, movz(0, 1)});
    controller.pending = {33, 0xa0};
    cpu.interrupts_changed();
    stand_at(kCodeBase);
    cpu.run(2);
    EXPECT_EQ(x(0), 1U);
}

TEST_F(Exceptions, interrupt_from_el0_halts_as_one) {
    set_register(kIccPmrEl1, 0xf0);
    set_register(kIccIgrpen1El1, 1);
    put(kCodeBase, {branch(0)});
    controller.pending = {33, 0xa0};
    cpu.interrupts_changed();
    cpu.set_boundary_halts(true);
    stand_at(kCodeBase, spsr::kModeEl0t);
    const Halt halt = cpu.run(100);
    EXPECT_EQ(halt.reason, HaltReason::ExceptionFromEl0);
    EXPECT_TRUE(halt.irq);
    EXPECT_EQ(pc(), kLowerElIrq);
}

TEST_F(Exceptions, hypercall_halts_past_itself) {
    put(kCodeBase, {hvc(0)});
    stand_at(kCodeBase);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::Hypercall);
    EXPECT_EQ(pc(), kCodeBase + 4);
}

TEST_F(Exceptions, hypercall_at_el0_is_undefined) {
    put(kCodeBase, {hvc(0)});
    stand_at(kCodeBase, spsr::kModeEl0t);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0U);
    EXPECT_EQ(pc(), kLowerElSync);
}

TEST_F(Exceptions, exclusive_store_succeeds_once_and_not_after_an_exception_return) {
    put(kCodeBase, {ldxr(1, 0), stxr(2, 1, 0), stxr(3, 1, 0), ldxr(1, 0), kEret});
    put(kCodeBase + 0x100, {stxr(4, 1, 0)});
    set_register(kElrEl1, kCodeBase + 0x100);
    set_register(kSpsrEl1, spsr::kModeEl1h | spsr::kDaif);
    set_x(0, kDataBase);
    stand_at(kCodeBase);
    cpu.run(6);
    EXPECT_EQ(x(2), 0U);
    EXPECT_EQ(x(3), 1U);
    EXPECT_EQ(x(4), 1U);
}

TEST_F(Exceptions, stop_request_ends_a_run) {
    put(kCodeBase, {branch(0)});
    stand_at(kCodeBase);
    cpu.request_stop();
    EXPECT_EQ(cpu.run(1000000).reason, HaltReason::Stopped);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::Budget);
}

TEST_F(Exceptions, vectors_that_fault_use_up_the_budget) {
    set_register(kVbarEl1, 0x10000000);  // no RAM there
    put(kCodeBase, {kUndefined});
    stand_at(kCodeBase);
    EXPECT_EQ(cpu.run(1000).reason, HaltReason::Budget);
}

}  // namespace
}  // namespace levitate::emu::test
