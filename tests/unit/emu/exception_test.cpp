// Exceptions and interrupts: what they do to PSTATE and the system registers, and when the CPU halts for
// them.
#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

constexpr std::uint64_t lower_el_sync = vectors + 0x400;
constexpr std::uint64_t lower_el_irq = vectors + 0x480;
constexpr std::uint64_t same_el_sync = vectors + 0x200;
constexpr std::uint64_t same_el_irq = vectors + 0x280;

class Exceptions : public CpuTest {};

TEST_F(Exceptions, run_retires_exactly_its_budget) {
    put(code_base, {add(0, 0, 1), add(0, 0, 1), branch(-2)});
    stand_at(code_base);
    const std::uint64_t before = cpu.retired_instructions();
    EXPECT_EQ(cpu.run(1001).reason, HaltReason::Budget);
    EXPECT_EQ(cpu.retired_instructions() - before, 1001U);
    EXPECT_EQ(x(0), 668U);
    EXPECT_EQ(pc(), code_base + 8);
}

TEST_F(Exceptions, svc_from_el0_enters_the_lower_el_vector_and_halts) {
    put(code_base, {svc(7)});
    cpu.set_boundary_halts(true);
    stand_at(code_base, spsr::mode_el0t | spsr::z | spsr::ssbs);
    const Halt halt = cpu.run(10);
    EXPECT_EQ(halt.reason, HaltReason::ExceptionFromEl0);
    EXPECT_FALSE(halt.irq);
    EXPECT_EQ(get_register(esr_el1), 0x15U << 26 | 1U << 25 | 7U);
    EXPECT_EQ(pc(), lower_el_sync);
    EXPECT_EQ(get_register(elr_el1), code_base + 4);
    EXPECT_EQ(get_register(spsr_el1), spsr::mode_el0t | spsr::z | spsr::ssbs);
    const EntryRegisters entry = cpu.entry_registers();
    EXPECT_EQ(entry.esr_el1, get_register(esr_el1));
    EXPECT_EQ(entry.elr_el1, get_register(elr_el1));
    EXPECT_EQ(entry.spsr_el1, get_register(spsr_el1));
    EXPECT_EQ(entry.ttbr0_el1, get_register(ttbr0_el1));
    EXPECT_EQ(cpu.exception_level(), 1U);
    EXPECT_EQ(cpu.registers().pstate & spsr::daif, spsr::daif);
}

TEST_F(Exceptions, eret_to_el0_halts_before_the_first_instruction) {
    put(lower_el_sync, {eret});
    put(code_base, {svc(0), movz(1, 5)});
    cpu.set_boundary_halts(true);
    stand_at(code_base, spsr::mode_el0t);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::ExceptionFromEl0);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::ReturnToEl0);
    EXPECT_EQ(pc(), code_base + 4);
    EXPECT_EQ(x(1), 0U);
    EXPECT_EQ(cpu.exception_level(), 0U);
}

TEST_F(Exceptions, brk_at_el1_enters_the_same_el_vector_with_its_own_address) {
    put(code_base, {brk(0x123)});
    stand_at(code_base);
    cpu.run(1);
    EXPECT_EQ(pc(), same_el_sync);
    EXPECT_EQ(get_register(elr_el1), code_base);
    EXPECT_EQ(exception_class(), 0x3cU);
    EXPECT_EQ(syndrome(), 0x123U);
}

TEST_F(Exceptions, exception_with_sp_el0_selected_uses_the_first_vectors) {
    put(code_base, {sp_select_el0, brk(0)});
    stand_at(code_base);
    cpu.run(2);
    EXPECT_EQ(pc(), vectors);
    EXPECT_EQ(get_register(spsr_el1) & spsr::mode_mask, spsr::mode_el1t);
}

TEST_F(Exceptions, stack_pointers_are_banked) {
    Registers registers = cpu.registers();
    registers.sp_el0 = 0x1000;
    registers.sp_el1 = 0x2000;
    cpu.set_registers(registers);
    put(code_base, {add(0, 31, 0), sp_select_el0, add(1, 31, 0)});
    stand_at(code_base);
    cpu.run(3);
    EXPECT_EQ(x(0), 0x2000U);
    EXPECT_EQ(x(1), 0x1000U);
    EXPECT_EQ(cpu.registers().sp_el1, 0x2000U);
}

TEST_F(Exceptions, return_to_an_el_that_is_not_there_is_illegal) {
    set_register(spsr_el1, 0x9);  // EL2h
    set_register(elr_el1, code_base + 0x100);
    put(code_base, {eret});
    put(code_base + 0x100, {movz(0, 1)});
    stand_at(code_base);
    cpu.run(2);
    EXPECT_EQ(exception_class(), 0x0eU);
    EXPECT_EQ(get_register(elr_el1), code_base + 0x100);
    EXPECT_NE(get_register(spsr_el1) & spsr::il, 0U);
    EXPECT_EQ(pc(), same_el_sync);
    EXPECT_EQ(cpu.registers().pstate & spsr::il, 0U);
}

TEST_F(Exceptions, branch_to_an_unaligned_address_faults_there) {
    put(code_base, {br(0)});
    set_x(0, code_base + 2);
    stand_at(code_base);
    cpu.run(2);
    EXPECT_EQ(exception_class(), 0x22U);
    EXPECT_EQ(get_register(far_el1), code_base + 2);
    EXPECT_EQ(get_register(elr_el1), code_base + 2);
}

TEST_F(Exceptions, access_by_an_unaligned_stack_pointer_faults) {
    Registers registers = cpu.registers();
    registers.sp_el1 = data_base + 8;
    cpu.set_registers(registers);
    put(code_base, {ldr(0, 31)});
    stand_at(code_base);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x26U);
}

TEST_F(Exceptions, undefined_word_is_recorded_once_and_raised) {
    put(code_base, {undefined});
    for (int i = 0; i < 2; ++i) {
        stand_at(code_base);
        cpu.run(1);
        EXPECT_EQ(exception_class(), 0U);
    }
    ASSERT_EQ(cpu.undefined_encodings().size(), 1U);
    EXPECT_EQ(cpu.undefined_encodings()[0].address, code_base);
    EXPECT_EQ(cpu.undefined_encodings()[0].exception_level, 1U);
}

TEST_F(Exceptions, identification_registers_are_undefined_at_el0) {
    put(code_base, {mrs(0, midr_el1)});
    stand_at(code_base, spsr::mode_el0t);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0U);
    EXPECT_TRUE(cpu.undefined_encodings().empty());
}

TEST_F(Exceptions, ctr_at_el0_traps_unless_uct_is_set) {
    put(code_base, {mrs(3, ctr_el0)});
    stand_at(code_base, spsr::mode_el0t);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x18U);
    EXPECT_EQ(syndrome(), 3U << 20 | 1U << 17 | 3U << 14 | 3U << 5 | 1U);
    set_register(sctlr_el1, get_register(sctlr_el1) | 1U << 15);
    stand_at(code_base, spsr::mode_el0t);
    cpu.run(1);
    EXPECT_EQ(x(3), 0x8444c004U);
}

TEST_F(Exceptions, floating_point_traps_as_cpacr_says) {
    put(code_base, {fadd_d0_d0_d0});
    stand_at(code_base);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x07U);
    set_register(cpacr_el1, 1U << 20);  // not at EL1, but at EL0
    stand_at(code_base);
    cpu.run(1);
    EXPECT_EQ(pc(), code_base + 4);
    stand_at(code_base, spsr::mode_el0t);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x07U);
    EXPECT_EQ(pc(), lower_el_sync);
}

TEST_F(Exceptions, interrupt_is_taken_when_unmasked) {
    set_register(icc_pmr_el1, 0xf0);
    set_register(icc_igrpen1_el1, 1);
    put(code_base, {nop, daif_clear_irq, movz(0, 1)});
    put(same_el_irq, {mrs(1, icc_iar1_el1), msr(icc_eoir1_el1, 1)});
    controller.pending = {33, 0xa0};
    cpu.interrupts_changed();
    stand_at(code_base);
    cpu.run(3);
    EXPECT_EQ(get_register(elr_el1), code_base + 8);
    EXPECT_EQ(x(1), 33U);
    EXPECT_EQ(controller.acknowledged, std::vector<std::uint32_t>{33});
    EXPECT_TRUE(controller.deactivated.empty());
    cpu.run(1);
    EXPECT_EQ(controller.deactivated, std::vector<std::uint32_t>{33});
}

TEST_F(Exceptions, interrupt_below_the_priority_mask_is_not_taken) {
    set_register(icc_pmr_el1, 0xa0);
    set_register(icc_igrpen1_el1, 1);
    put(code_base, {daif_clear_irq, movz(0, 1)});
    controller.pending = {33, 0xa0};
    cpu.interrupts_changed();
    stand_at(code_base);
    cpu.run(2);
    EXPECT_EQ(x(0), 1U);
}

TEST_F(Exceptions, interrupt_from_el0_halts_as_one) {
    set_register(icc_pmr_el1, 0xf0);
    set_register(icc_igrpen1_el1, 1);
    put(code_base, {branch(0)});
    controller.pending = {33, 0xa0};
    cpu.interrupts_changed();
    cpu.set_boundary_halts(true);
    stand_at(code_base, spsr::mode_el0t);
    const Halt halt = cpu.run(100);
    EXPECT_EQ(halt.reason, HaltReason::ExceptionFromEl0);
    EXPECT_TRUE(halt.irq);
    EXPECT_EQ(pc(), lower_el_irq);
}

TEST_F(Exceptions, hypercall_halts_past_itself) {
    put(code_base, {hvc(0)});
    stand_at(code_base);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::Hypercall);
    EXPECT_EQ(pc(), code_base + 4);
}

TEST_F(Exceptions, hypercall_at_el0_is_undefined) {
    put(code_base, {hvc(0)});
    stand_at(code_base, spsr::mode_el0t);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0U);
    EXPECT_EQ(pc(), lower_el_sync);
}

TEST_F(Exceptions, exclusive_store_succeeds_once_and_not_after_an_exception_return) {
    put(code_base, {ldxr(1, 0), stxr(2, 1, 0), stxr(3, 1, 0), ldxr(1, 0), eret});
    put(code_base + 0x100, {stxr(4, 1, 0)});
    set_register(elr_el1, code_base + 0x100);
    set_register(spsr_el1, spsr::mode_el1h | spsr::daif);
    set_x(0, data_base);
    stand_at(code_base);
    cpu.run(6);
    EXPECT_EQ(x(2), 0U);
    EXPECT_EQ(x(3), 1U);
    EXPECT_EQ(x(4), 1U);
}

TEST_F(Exceptions, stop_request_ends_a_run) {
    put(code_base, {branch(0)});
    stand_at(code_base);
    cpu.request_stop();
    EXPECT_EQ(cpu.run(1000000).reason, HaltReason::Stopped);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::Budget);
}

TEST_F(Exceptions, vectors_that_fault_use_up_the_budget) {
    set_register(vbar_el1, 0x10000000);  // no RAM there
    put(code_base, {undefined});
    stand_at(code_base);
    EXPECT_EQ(cpu.run(1000).reason, HaltReason::Budget);
}

}  // namespace
}  // namespace levitate::emu::test
