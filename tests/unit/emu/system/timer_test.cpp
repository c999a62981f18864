// The generic timer and the counter, and the instructions that wait: WFI and WFE.
#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

class Timer : public CpuTest {
  protected:
    Timer() {
        set_register(kIccPmrEl1, 0xf0);
        set_register(kIccIgrpen1El1, 1);
    }
    void arm(std::uint64_t ticks_from_now) {
        set_register(kCntvCvalEl0, cpu.counter() + ticks_from_now);
        set_register(kCntvCtlEl0, 1);
    }
};

TEST_F(Timer, counter_advances_one_tick_in_sixteen_instructions) {
    put(kCodeBase, {mrs(0, kCntvctEl0), branch(-1)});
    stand_at(kCodeBase);
    cpu.run(1);
    const std::uint64_t first = x(0);
    cpu.run(1600);
    EXPECT_EQ(x(0) - first, 100U);
}

TEST_F(Timer, counter_is_exact_within_a_run) {
    put(kCodeBase, {mrs(0, kCntvctEl0), branch(-1)});
    stand_at(kCodeBase);
    cpu.run(1001);
    const std::uint64_t together = x(0);
    const std::uint64_t now = cpu.retired_instructions();
    EXPECT_EQ(together, (now - 1) / 16);
}

TEST_F(Timer, wfi_moves_time_to_the_expiry) {
    arm(1'000'000);
    const std::uint64_t expiry = get_register(kCntvCvalEl0);
    put(kCodeBase, {kWfi, mrs(0, kCntvctEl0)});
    stand_at(kCodeBase);
    EXPECT_EQ(cpu.run(2).reason, HaltReason::Budget);
    EXPECT_GE(x(0), expiry);
    EXPECT_LE(x(0), expiry + 1);
    ASSERT_FALSE(controller.edges.empty());
    EXPECT_EQ(controller.edges.back(), std::pair(TimerOutput::Virtual, true));
}

TEST_F(Timer, wfi_with_nothing_to_come_is_idle_until_an_interrupt) {
    put(kCodeBase, {kWfi, movz(0, 1)});
    stand_at(kCodeBase);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::Idle);
    EXPECT_EQ(pc(), kCodeBase + 4);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::Idle);
    controller.pending = {33, 0xa0};
    cpu.interrupts_changed();
    EXPECT_EQ(cpu.run(1).reason, HaltReason::Budget);  // masked, but it wakes
    EXPECT_EQ(x(0), 1U);
}

TEST_F(Timer, interrupt_comes_at_the_instruction_at_which_the_timer_expires) {
    put(kCodeBase, {branch(0)});
    arm(100);
    const std::uint64_t expiry = get_register(kCntvCvalEl0) * 16;
    stand_at(kCodeBase, spsr::kModeEl1h);
    cpu.run(expiry - cpu.retired_instructions() - 1);
    EXPECT_EQ(pc(), kCodeBase);
    cpu.run(1);
    EXPECT_EQ(pc(), kVectors + 0x280);
}

TEST_F(Timer, masking_the_timer_lowers_its_output) {
    arm(0);
    EXPECT_EQ(controller.edges.back(), std::pair(TimerOutput::Virtual, true));
    set_register(kCntvCtlEl0, 3);
    put(kCodeBase, {kNop});
    stand_at(kCodeBase);
    cpu.run(1);
    EXPECT_EQ(controller.edges.back(), std::pair(TimerOutput::Virtual, false));
    EXPECT_EQ(get_register(kCntvCtlEl0), 7U);
}

TEST_F(Timer, wfe_does_not_wait_after_an_event) {
    constexpr std::uint32_t kSevl = 0xd50320bf;
    put(kCodeBase, {kSevl, kWfe, kWfe});
    stand_at(kCodeBase);
    EXPECT_EQ(cpu.run(2).reason, HaltReason::Budget);
    EXPECT_EQ(cpu.run(10).reason, HaltReason::Idle);
}

TEST_F(Timer, wfi_at_el0_traps_unless_allowed) {
    set_register(kSctlrEl1, get_register(kSctlrEl1) & ~(std::uint64_t{1} << 16));
    put(kCodeBase, {kWfi});
    stand_at(kCodeBase, spsr::kModeEl0t);
    cpu.run(1);
    EXPECT_EQ(exception_class(), 0x01U);
}

// A run is the same run however it is cut into pieces.
TEST_F(Timer, state_does_not_depend_on_how_a_run_is_cut) {
    const auto play = [](std::uint64_t piece) {
        struct Machine : Timer {
            void TestBody() override {}
            std::pair<Registers, std::uint64_t> play(std::uint64_t step) {
                put(kCodeBase, {add(0, 0, 1), subs(1, 0, 77), branch_not_equal(-2), movz(0, 0), branch(-4)});
                put(kVectors + 0x280, {mrs(5, kIccIar1El1), mrs(6, kCntvctEl0), add(6, 6, 50),
                                       msr(kCntvCvalEl0, 6), msr(kIccEoir1El1, 5), add(7, 7, 1), kEret});
                arm(50);
                stand_at(kCodeBase, spsr::kModeEl1h);
                for (std::uint64_t done = 0; done < 100'000; done += step) {
                    cpu.run(std::min(step, 100'000 - done));
                }
                return {cpu.registers(), cpu.counter()};
            }
        };
        return Machine{}.play(piece);
    };
    const auto [whole, time] = play(100'000);
    EXPECT_GT(whole.x[7], 50U);
    for (const std::uint64_t piece : {1U, 7U, 1000U}) {
        const auto [cut, cut_time] = play(piece);
        EXPECT_EQ(cut.x, whole.x);
        EXPECT_EQ(cut.pc, whole.pc);
        EXPECT_EQ(cut.pstate, whole.pstate);
        EXPECT_EQ(cut_time, time);
    }
}

}  // namespace
}  // namespace levitate::emu::test
