// What counts as a retired instruction (Cpu::retired_instructions()), by sequences that are counted by hand.
#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

constexpr std::uint64_t kSameElSync = kVectors + 0x200;
constexpr std::uint64_t kPage = 0x1000;

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
    void put_skipping_handler() { put(kSameElSync, {mrs(9, kElrEl1), add(9, 9, 4), msr(kElrEl1, 9), kEret}); }
};

TEST_F(Retired, instructions_count_one_each_time_they_execute) {
    put(kCodeBase, {movz(0, 3), subs(0, 0, 1), branch_not_equal(-1), kNop, hvc(0)});
    stand_at(kCodeBase);
    EXPECT_EQ(count_to_hypercall(), 1U + 3 * 2 + 1 + 1);
}

TEST_F(Retired, an_instruction_that_faults_counts_one_and_one_more_when_it_is_tried_again) {
    put_skipping_handler();
    put(kCodeBase, {brk(0), kUndefined, movz(1, 0), ldr(0, 1), hvc(0)});
    stand_at(kCodeBase);
    EXPECT_EQ(count_to_hypercall(), (1U + 4) + (1 + 4) + 1 + (1 + 4) + 1);

    // The handler repairs what was wrong and returns to the load itself.
    put(kSameElSync, {add(1, 2, 0), kEret});
    put(kCodeBase, {movz(1, 0), ldr(0, 1), hvc(0)});
    set_x(2, kDataBase);
    stand_at(kCodeBase);
    EXPECT_EQ(count_to_hypercall(), 1U + (1 + 2) + 1 + 1);
}

TEST_F(Retired, a_fetch_that_faults_counts_one) {
    put(kSameElSync, {hvc(0)});
    put(kCodeBase, {br(1)});
    set_x(1, kCodeBase + 2);
    stand_at(kCodeBase);
    EXPECT_EQ(count_to_hypercall(), 1U + 1 + 1);
}

TEST_F(Retired, an_interrupt_that_is_taken_counts_nothing) {
    put(kVectors + 0x280, {hvc(0)});
    put(kCodeBase, {kNop});
    set_register(kIccPmrEl1, 0xff);
    set_register(kIccIgrpen1El1, 1);
    controller.pending = {33, 0xa0};
    cpu.interrupts_changed();
    stand_at(kCodeBase, spsr::kModeEl1h);
    EXPECT_EQ(count_to_hypercall(), 1U);
}

TEST_F(Retired, waiting_counts_one_however_long_it_takes) {
    constexpr std::uint64_t kTicks = 1'000'000;
    set_register(kCntvCvalEl0, cpu.counter() + kTicks);
    set_register(kCntvCtlEl0, 1);
    put(kCodeBase, {kWfi, hvc(0)});
    stand_at(kCodeBase);
    const std::uint64_t before = cpu.counter();
    EXPECT_EQ(count_to_hypercall(), 2U);
    EXPECT_GE(cpu.counter() - before, kTicks - 100);
}

// The loop lies across the end of a page, and contains a fault and a call into a third page.
TEST_F(Retired, the_count_is_the_same_in_pieces_of_any_size) {
    constexpr std::uint64_t kLoop = kCodeBase + kPage - 8;
    constexpr std::uint64_t kCallee = kCodeBase + 2 * kPage;
    constexpr std::uint64_t kRounds = 700;
    put_skipping_handler();
    put(kCallee, {kNop, kRet});
    put(kLoop, {add(0, 0, 1), brk(0), blr(3), subs(1, 1, 1), branch_not_equal(-4), hvc(0)});
    for (const std::uint64_t piece : {1U, 2U, 3U, 1000U, 1023U, 1024U, 1025U, 2049U, 1'000'000U}) {
        set_x(0, 0);
        set_x(1, kRounds);
        set_x(3, kCallee);
        stand_at(kLoop);
        EXPECT_EQ(count_to_hypercall(piece), kRounds * (1 + (1 + 4) + 1 + 2 + 1 + 1) + 1) << piece;
        EXPECT_EQ(x(0), kRounds) << piece;
    }
}

}  // namespace
}  // namespace levitate::emu::test
