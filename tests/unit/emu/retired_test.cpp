// What counts as a retired instruction (Cpu::retired_instructions()), by sequences that are counted by hand.
#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

constexpr std::uint64_t same_el_sync = vectors + 0x200;
constexpr std::uint64_t page = 0x1000;

class Retired : public CpuTest {
  protected:
    // How many instructions retire up to HVC, which counts, if they run in pieces of at most so many.
    std::uint64_t count_to_hypercall(std::uint64_t piece = 1'000'000) {
        const std::uint64_t before = cpu.retired_instructions();
        for (;;) {
            const std::uint64_t begin = cpu.retired_instructions();
            const Halt halt = cpu.run(piece);
            if (halt.reason == HaltReason::Hypercall) {
                return cpu.retired_instructions() - before;
            }
            EXPECT_EQ(halt.reason, HaltReason::Budget);
            EXPECT_EQ(cpu.retired_instructions() - begin, piece);
        }
    }
    // Four instructions that return to what comes after the one that faulted.
    void put_skipping_handler() { put(same_el_sync, {mrs(9, elr_el1), add(9, 9, 4), msr(elr_el1, 9), eret}); }
};

TEST_F(Retired, instructions_count_one_each_time_they_execute) {
    put(code_base, {movz(0, 3), subs(0, 0, 1), branch_not_equal(-1), nop, hvc(0)});
    stand_at(code_base);
    EXPECT_EQ(count_to_hypercall(), 1U + 3 * 2 + 1 + 1);
}

TEST_F(Retired, an_instruction_that_faults_counts_one_and_one_more_when_it_is_tried_again) {
    put_skipping_handler();
    put(code_base, {brk(0), undefined, movz(1, 0), ldr(0, 1), hvc(0)});
    stand_at(code_base);
    EXPECT_EQ(count_to_hypercall(), (1U + 4) + (1 + 4) + 1 + (1 + 4) + 1);

    // The handler repairs what was wrong and returns to the load itself.
    put(same_el_sync, {add(1, 2, 0), eret});
    put(code_base, {movz(1, 0), ldr(0, 1), hvc(0)});
    set_x(2, data_base);
    stand_at(code_base);
    EXPECT_EQ(count_to_hypercall(), 1U + (1 + 2) + 1 + 1);
}

TEST_F(Retired, a_fetch_that_faults_counts_one) {
    put(same_el_sync, {hvc(0)});
    put(code_base, {br(1)});
    set_x(1, code_base + 2);
    stand_at(code_base);
    EXPECT_EQ(count_to_hypercall(), 1U + 1 + 1);
}

TEST_F(Retired, an_interrupt_that_is_taken_counts_nothing) {
    put(vectors + 0x280, {hvc(0)});
    put(code_base, {nop});
    set_register(icc_pmr_el1, 0xff);
    set_register(icc_igrpen1_el1, 1);
    controller.pending = {33, 0xa0};
    cpu.interrupts_changed();
    stand_at(code_base, spsr::mode_el1h);
    EXPECT_EQ(count_to_hypercall(), 1U);
}

TEST_F(Retired, waiting_counts_one_however_long_it_takes) {
    constexpr std::uint64_t ticks = 1'000'000;
    set_register(cntv_cval_el0, cpu.counter() + ticks);
    set_register(cntv_ctl_el0, 1);
    put(code_base, {wfi, hvc(0)});
    stand_at(code_base);
    const std::uint64_t before = cpu.counter();
    EXPECT_EQ(count_to_hypercall(), 2U);
    EXPECT_GE(cpu.counter() - before, ticks - 100);
}

// The loop lies across the end of a page, and contains a fault and a call into a third page.
TEST_F(Retired, the_count_is_the_same_in_pieces_of_any_size) {
    constexpr std::uint64_t loop = code_base + page - 8;
    constexpr std::uint64_t callee = code_base + 2 * page;
    constexpr std::uint64_t rounds = 700;
    put_skipping_handler();
    put(callee, {nop, ret});
    put(loop, {add(0, 0, 1), brk(0), blr(3), subs(1, 1, 1), branch_not_equal(-4), hvc(0)});
    for (const std::uint64_t piece : {1U, 2U, 3U, 1000U, 1023U, 1024U, 1025U, 2049U, 1'000'000U}) {
        set_x(0, 0);
        set_x(1, rounds);
        set_x(3, callee);
        stand_at(loop);
        EXPECT_EQ(count_to_hypercall(piece), rounds * (1 + (1 + 4) + 1 + 2 + 1 + 1) + 1) << piece;
        EXPECT_EQ(x(0), rounds) << piece;
    }
}

}  // namespace
}  // namespace levitate::emu::test
