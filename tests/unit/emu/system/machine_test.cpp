// What a CPU owes to the machine around it: interrupts of a controller in memory, calls to firmware and host,
// and accesses that nothing answers.
#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

constexpr std::uint64_t kNowhere = 0x0a000000;
constexpr std::uint64_t kIrqVector = kVectors + 0x280;
constexpr std::uint64_t kFiqVector = kVectors + 0x300;
constexpr std::uint64_t kUnmasked = spsr::kModeEl1h | spsr::kD | spsr::kA;
constexpr std::uint16_t kIdAa64Pfr0El1 = register_encoding(3, 0, 0, 4, 0);
constexpr std::uint16_t kIsrEl1 = register_encoding(3, 0, 12, 1, 0);

class ControllerInMemory : public CpuTest {
  protected:
    ControllerInMemory() : CpuTest(Config{.ram = {}, .gic_registers = false}) {}

    void signal(Signal one) {
        controller.signal = one;
        cpu.interrupts_changed();
    }
};

TEST_F(ControllerInMemory, its_signals_are_taken_by_their_vectors) {
    put(kCodeBase, {kNop});
    put(kIrqVector, {kNop});
    put(kFiqVector, {kNop});
    for (const auto& [one, vector] :
         {std::pair{Signal::Irq, kIrqVector}, std::pair{Signal::Fiq, kFiqVector}}) {
        signal(one);
        stand_at(kCodeBase, kUnmasked);
        cpu.run(1);
        EXPECT_EQ(pc(), vector + 4);
    }
}

TEST_F(ControllerInMemory, each_signal_has_its_mask) {
    put(kCodeBase, {kNop, kNop});
    signal(Signal::Fiq);
    stand_at(kCodeBase, kUnmasked | spsr::kF);
    cpu.run(1);
    EXPECT_EQ(pc(), kCodeBase + 4);
    EXPECT_EQ(get_register(kIsrEl1), spsr::kF);
    signal(Signal::Irq);
    stand_at(kCodeBase, kUnmasked | spsr::kI);
    cpu.run(1);
    EXPECT_EQ(pc(), kCodeBase + 4);
    EXPECT_EQ(get_register(kIsrEl1), spsr::kI);
}

TEST_F(ControllerInMemory, a_masked_signal_wakes_the_cpu) {
    put(kCodeBase, {kWfi, movz(0, 1)});
    stand_at(kCodeBase);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::Idle);
    signal(Signal::Fiq);
    cpu.run(1);
    EXPECT_EQ(x(0), 1U);
}

TEST_F(ControllerInMemory, registers_of_the_gicv3_are_undefined) {
    EXPECT_EQ(get_register(kIdAa64Pfr0El1) >> 24 & 0xf, 0U);
    EXPECT_FALSE(cpu.system_register(kIccPmrEl1).has_value());
    put(kCodeBase, {msr(kIccPmrEl1, 0)});
    stand_at(kCodeBase);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0U);
    ASSERT_EQ(cpu.undefined_encodings().size(), 1U);
    EXPECT_EQ(cpu.undefined_encodings()[0].address, kCodeBase);
}

class CallsOutside : public CpuTest {
  protected:
    CallsOutside() : CpuTest(Config{.ram = {}, .smc_halts = true, .semihosting = true}) {}
};

TEST_F(CallsOutside, smc_halts_as_hvc_does) {
    put(kCodeBase, {smc(0)});
    stand_at(kCodeBase);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::Hypercall);
    EXPECT_EQ(pc(), kCodeBase + 4);
    stand_at(kCodeBase, spsr::kModeEl0t);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0U);
}

TEST_F(CallsOutside, semihosting_is_one_hlt_at_el1) {
    put(kCodeBase, {hlt(0xf000), hlt(0xf001)});
    stand_at(kCodeBase);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::Semihosting);
    EXPECT_EQ(pc(), kCodeBase + 4);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0U);
    EXPECT_EQ(get_register(kElrEl1), kCodeBase + 4);
    stand_at(kCodeBase, spsr::kModeEl0t);
    cpu.run(1);
    EXPECT_EQ(get_register(kElrEl1), kCodeBase);
}

class Machine : public CpuTest {};

TEST_F(Machine, calls_outside_are_undefined_unless_they_are_asked_for) {
    for (const std::uint32_t word : {smc(0), hlt(0xf000)}) {
        put(kCodeBase, {word});
        stand_at(kCodeBase);
        EXPECT_EQ(cpu.run(1).reason, HaltReason::Budget);
        EXPECT_EQ(exception_class(), 0U);
    }
    EXPECT_EQ(cpu.undefined_encodings().size(), 2U);
}

TEST_F(Machine, what_a_device_writes_is_executed) {
    put(kCodeBase, {movz(0, 1), branch(-1)});
    stand_at(kCodeBase);
    cpu.run(4);
    put_bytes(kCodeBase, movz(0, 2));
    cpu.ram_written(kCodeBase, sizeof(std::uint32_t));
    stand_at(kCodeBase);
    cpu.run(1);
    EXPECT_EQ(x(0), 2U);
}

TEST_F(Machine, an_access_that_nothing_answers_is_counted_with_its_instruction) {
    put(kCodeBase, {ldr(1, 0), str(1, 0), br(0)});
    set_x(0, kNowhere + 8);
    for (const std::uint64_t offset : {0U, 4U, 0U, 8U}) {
        stand_at(kCodeBase + offset);
        cpu.run(1);
    }
    stand_at(kNowhere + 8);
    cpu.run(1);
    const auto accesses = cpu.unanswered_accesses();
    ASSERT_EQ(accesses.size(), 3U);
    using Kind = UnansweredAccess::Kind;
    EXPECT_EQ(accesses[0].kind, Kind::Read);
    EXPECT_EQ(accesses[0].physical, kNowhere + 8);
    EXPECT_EQ(accesses[0].pc, kCodeBase);
    EXPECT_EQ(accesses[0].size, 8U);
    EXPECT_EQ(accesses[0].count, 2U);
    EXPECT_EQ(accesses[1].kind, Kind::Write);
    EXPECT_EQ(accesses[1].pc, kCodeBase + 4);
    EXPECT_EQ(accesses[2].kind, Kind::Fetch);
    EXPECT_EQ(accesses[2].pc, kNowhere + 8);
    EXPECT_EQ(cpu.unanswered_total(), 4U);
}

TEST_F(Machine, more_accesses_than_are_kept_are_counted) {
    put(kCodeBase, {ldr(1, 0)});
    for (unsigned index = 0; index < 100; ++index) {
        set_x(0, kNowhere + std::uint64_t{index} * 8);
        stand_at(kCodeBase);
        cpu.run(1);
    }
    EXPECT_EQ(cpu.unanswered_accesses().size(), 64U);
    EXPECT_EQ(cpu.unanswered_total(), 100U);
}

}  // namespace
}  // namespace levitate::emu::test
