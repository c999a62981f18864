// Jumps of time: that the seed alone decides on them, how often they come, and what they do to timers.
#include "emu/system/time_jumps.hpp"

#include <span>

#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

constexpr std::uint64_t kInstructions = 1'000'000;

// A CPU whose time jumps, at EL1 before `code`.
struct JumpingCpu {
    JumpingCpu(std::uint64_t seed, std::initializer_list<std::uint32_t> code)
        : cpu{Config{.ram = {{kRamBase, memory}}, .schedule_seed = seed}, bus, controller} {
        std::ranges::copy(std::as_bytes(std::span{code.begin(), code.size()}),
                          memory.begin() + (kCodeBase - kRamBase));
        Registers registers = cpu.registers();
        registers.pc = kCodeBase;
        cpu.set_registers(registers);
    }

    std::vector<std::byte> memory = std::vector<std::byte>(kRamSize);
    DeviceBus bus;
    Controller controller;
    Cpu cpu;
};

// The counter after each `slice` of the instructions.
std::vector<std::uint64_t> counters(std::uint64_t seed, std::uint64_t slice) {
    JumpingCpu machine{seed, {branch(0)}};
    std::vector<std::uint64_t> seen;
    while (machine.cpu.retired_instructions() < kInstructions) {
        machine.cpu.run(slice);
        seen.push_back(machine.cpu.counter());
    }
    return seen;
}

TEST(TimeJumps, none_with_seed_zero) {
    EXPECT_EQ(TimeJumps{0}.next(), kNever);
    EXPECT_EQ(counters(0, kInstructions).back(), kInstructions / 16);
}

TEST(TimeJumps, are_a_function_of_the_seed) {
    EXPECT_EQ(counters(1, 1000), counters(1, 1000));
    EXPECT_NE(counters(1, 1000), counters(2, 1000));
}

TEST(TimeJumps, do_not_depend_on_where_a_run_stops) {
    const std::vector<std::uint64_t> fine = counters(3, 10);
    const std::vector<std::uint64_t> coarse = counters(3, 1000);
    for (std::size_t i = 0; i < coarse.size(); ++i) {
        ASSERT_EQ(coarse[i], fine[i * 100 + 99]) << "after " << (i + 1) * 1000 << " instructions";
    }
}

TEST(TimeJumps, come_often_and_leave_time_between_them) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        TimeJumps jumps{seed};
        unsigned count = 0;
        while (jumps.next() <= kInstructions) {
            const std::uint64_t due = jumps.next();
            EXPECT_GT(jumps.take(due, kNever), 0U);
            EXPECT_GE(jumps.next(), due + 512);
            ++count;
        }
        EXPECT_GE(count, 15U) << "seed " << seed;
        EXPECT_LE(count, 120U) << "seed " << seed;
    }
}

TEST(TimeJumps, go_to_a_timer_that_is_near_and_not_to_one_that_is_far) {
    constexpr std::uint64_t kTurn = 4'000'000;
    constexpr std::uint64_t kTimeout = 10'000'000'000;
    TimeJumps jumps{1};
    unsigned to_timer = 0;
    for (unsigned i = 0; i < 1000; ++i) {
        to_timer += jumps.take(jumps.next(), kTurn) == kTurn ? 1U : 0U;
        EXPECT_LT(jumps.take(jumps.next(), kTimeout), kTimeout);
    }
    EXPECT_GT(to_timer, 400U);
    EXPECT_LT(to_timer, 600U);
}

TEST(TimeJumps, make_timers_expire_before_their_instructions_have_retired) {
    constexpr std::uint64_t kTurnTicks = 250'000;  // 4 ms, and as many million instructions
    unsigned expired = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        JumpingCpu machine{seed, {msr(kCntvCvalEl0, 0), msr(kCntvCtlEl0, 1), branch(0)}};
        Registers registers = machine.cpu.registers();
        registers.x[0] = kTurnTicks;
        registers.x[1] = 1;
        machine.cpu.set_registers(registers);
        machine.cpu.run(200'000);
        expired += machine.controller.edges.empty() ? 0U : 1U;
    }
    EXPECT_GE(expired, 15U);
}

}  // namespace
}  // namespace levitate::emu::test
