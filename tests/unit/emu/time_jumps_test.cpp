// Jumps of time: that the seed alone decides on them, how often they come, and what they do to timers.
#include "emu/system/time_jumps.hpp"

#include <span>

#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

constexpr std::uint64_t instructions = 1'000'000;

// A CPU whose time jumps, at EL1 before `code`.
struct JumpingCpu {
    JumpingCpu(std::uint64_t seed, std::initializer_list<std::uint32_t> code)
        : cpu{Config{.ram = {{ram_base, memory}}, .schedule_seed = seed}, bus, controller} {
        std::ranges::copy(std::as_bytes(std::span{code.begin(), code.size()}),
                          memory.begin() + (code_base - ram_base));
        Registers registers = cpu.registers();
        registers.pc = code_base;
        cpu.set_registers(registers);
    }

    std::vector<std::byte> memory = std::vector<std::byte>(ram_size);
    DeviceBus bus;
    Controller controller;
    Cpu cpu;
};

// The counter after each `slice` of the instructions.
std::vector<std::uint64_t> counters(std::uint64_t seed, std::uint64_t slice) {
    JumpingCpu machine{seed, {branch(0)}};
    std::vector<std::uint64_t> seen;
    while (machine.cpu.retired_instructions() < instructions) {
        machine.cpu.run(slice);
        seen.push_back(machine.cpu.counter());
    }
    return seen;
}

TEST(TimeJumps, none_with_seed_zero) {
    EXPECT_EQ(TimeJumps{0}.next(), never);
    EXPECT_EQ(counters(0, instructions).back(), instructions / 16);
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
        while (jumps.next() <= instructions) {
            const std::uint64_t due = jumps.next();
            EXPECT_GT(jumps.take(due, never), 0U);
            EXPECT_GE(jumps.next(), due + 512);
            ++count;
        }
        EXPECT_GE(count, 15U) << "seed " << seed;
        EXPECT_LE(count, 120U) << "seed " << seed;
    }
}

TEST(TimeJumps, go_to_a_timer_that_is_near_and_not_to_one_that_is_far) {
    constexpr std::uint64_t turn = 4'000'000;
    constexpr std::uint64_t timeout = 10'000'000'000;
    TimeJumps jumps{1};
    unsigned to_timer = 0;
    for (unsigned i = 0; i < 1000; ++i) {
        to_timer += jumps.take(jumps.next(), turn) == turn ? 1U : 0U;
        EXPECT_LT(jumps.take(jumps.next(), timeout), timeout);
    }
    EXPECT_GT(to_timer, 400U);
    EXPECT_LT(to_timer, 600U);
}

TEST(TimeJumps, make_timers_expire_before_their_instructions_have_retired) {
    constexpr std::uint64_t turn_ticks = 250'000;  // 4 ms, and as many million instructions
    unsigned expired = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        JumpingCpu machine{seed, {msr(cntv_cval_el0, 0), msr(cntv_ctl_el0, 1), branch(0)}};
        Registers registers = machine.cpu.registers();
        registers.x[0] = turn_ticks;
        registers.x[1] = 1;
        machine.cpu.set_registers(registers);
        machine.cpu.run(200'000);
        expired += machine.controller.edges.empty() ? 0U : 1U;
    }
    EXPECT_GE(expired, 15U);
}

}  // namespace
}  // namespace levitate::emu::test
