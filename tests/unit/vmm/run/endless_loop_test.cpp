// Which loops of a kernel end its run: those that nothing can end, and no others.
#include <gtest/gtest.h>

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "tests/unit/vmm/test_files.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm {
namespace {

constexpr std::uint32_t kNop = 0xD503'201F;
constexpr std::uint32_t kWaitForInterrupt = 0xD503'207F;
constexpr std::uint32_t kUnmask = 0xD503'42FF;       // msr daifclr, #2
constexpr std::uint32_t kBreak = 0xD420'0000;        // brk #0
constexpr std::uint32_t kReturn = 0xD69F'03E0;       // eret
constexpr std::uint32_t kHypercall = 0xD400'0002;    // hvc #0
constexpr std::uint32_t kAddOne = 0x9100'0400;       // add x0, x0, #1
constexpr std::uint32_t kAddOneTo2 = 0x1100'0442;    // add w2, w2, #1
constexpr std::uint32_t kLoad = 0xB940'0022;         // ldr w2, [x1]
constexpr std::uint32_t kStore = 0xB900'0022;        // str w2, [x1]
constexpr std::uint32_t kLoadFlags = 0xB940'1822;    // ldr w2, [x1, #0x18]
constexpr std::uint32_t kReadCounter = 0xD53B'E040;  // mrs x0, cntvct_el0
constexpr std::uint32_t kSetTimer = 0xD51B'E200;     // msr cntp_tval_el0, x0
constexpr std::uint32_t kTimerOn = 0xD51B'E223;      // msr cntp_ctl_el0, x3
constexpr std::uint32_t kSetVectors = 0xD518'C001;   // msr vbar_el1, x1
constexpr std::uint32_t kClear0 = 0xD280'0000;       // movz x0, #0
constexpr std::uint32_t kUart = 0xD2A1'2001;         // movz x1, #0x900, lsl #16
constexpr std::uint32_t kLowerSp = 0xD104'43FF;      // sub sp, sp, #0x110
constexpr std::uint32_t kLowerSpBy8 = 0xD100'23FF;   // sub sp, sp, #8
constexpr std::uint32_t kPush = 0xF900'03E0;         // str x0, [sp]
constexpr std::uint32_t kReadSp = 0x9100'03E5;       // add x5, sp, #0
constexpr std::uint32_t kClear5 = 0xD280'0005;       // movz x5, #0
constexpr std::uint32_t kSpFromX1 = 0x9100'003F;     // mov sp, x1

constexpr std::uint32_t branch(std::int32_t words) {
    return 0x1400'0000U | (static_cast<std::uint32_t>(words) & 0x03FF'FFFFU);
}
constexpr std::uint32_t branch_not_zero(std::int32_t words) {  // cbnz x0
    return 0xB500'0000U | (static_cast<std::uint32_t>(words) & 0x7'FFFFU) << 5U;
}
constexpr std::uint32_t movz(unsigned target, std::uint32_t value, unsigned shift = 0) {
    return 0xD280'0000U | (shift / 16U) << 21U | value << 5U | target;
}
// From the instruction itself.
constexpr std::uint32_t adr1(std::uint32_t bytes) {
    return 0x1000'0001U | (bytes & 3U) << 29U | (bytes >> 2U) << 5U;
}
constexpr std::uint32_t kSubtractOne = 0xD100'0400;  // sub x0, x0, #1

class EndlessLoopTest : public testing::Test {
  protected:
    // Enough for some looks at the guest.
    static constexpr std::uint64_t kLimit = 5'000'000;

    EndlessLoopTest() {
        spec.init = LEVITATE_INIT;
        spec.program = std::string{LEVITATE_TEST_PROGRAMS} + "/static";
        spec.stdin_bytes.emplace();
        spec.memory_bytes = 64U << 20U;
        spec.instruction_limit = kLimit;
        hooks.capture_output = true;
    }

    Outcome run_kernel(std::span<const std::uint32_t> code) {
        spec.kernel = files.write("Image", make_image({}, code));
        auto outcome = run(spec, hooks);
        EXPECT_TRUE(outcome) << outcome.error().message;
        return outcome.value_or(Outcome{});
    }
    Outcome run_kernel(std::initializer_list<std::uint32_t> code) {
        return run_kernel(std::span{code.begin(), code.end()});
    }
    // The handler stands where VBAR_EL1 sends exceptions of EL1, if the code sets it with vectors().
    Outcome run_with_handler(std::initializer_list<std::uint32_t> code,
                             std::initializer_list<std::uint32_t> handler) {
        std::vector<std::uint32_t> all{code};
        all.resize((kVectors + 0x200 - kHeader) / 4, kNop);
        all.insert(all.end(), handler);
        return run_kernel(all);
    }
    // x1 = the vectors, as the instruction of this index.
    static std::uint32_t vectors(std::uint32_t index) { return adr1(kVectors - kHeader - 4 * index); }

    void expect_endless(const Outcome& outcome, const std::string& name) {
        EXPECT_TRUE(outcome.incomplete.starts_with(name)) << outcome.incomplete;
        EXPECT_FALSE(outcome.never_ends);  // of the program nothing is known
        EXPECT_LT(outcome.instructions, kLimit / 2);
    }
    void expect_goes_on(const Outcome& outcome) {
        EXPECT_EQ(outcome.instructions, kLimit);
        EXPECT_TRUE(outcome.incomplete.starts_with("the kernel did not start the program within"))
            << outcome.incomplete;
    }

    static constexpr std::uint32_t kHeader = 64;
    static constexpr std::uint32_t kVectors = 0x800;

    TestFiles files;
    RunSpec spec;
    RunHooks hooks;
};

const std::string kLoop = "the kernel loops for ever at ";
const std::string kException = "the kernel takes the same exception for ever: ";

TEST_F(EndlessLoopTest, branch_to_itself) {
    const Outcome outcome = run_kernel({branch(0)});
    expect_endless(outcome, kLoop);
    EXPECT_NE(outcome.report.find("the loop, 1 instruction:\n"), std::string::npos) << outcome.report;
}

TEST_F(EndlessLoopTest, loop_with_a_loop_in_it) {
    expect_endless(run_kernel({movz(0, 100), kSubtractOne, branch_not_zero(-1), branch(-3)}), kLoop);
}

TEST_F(EndlessLoopTest, word_of_memory_that_nobody_changes) {
    expect_endless(run_kernel({adr1(0), kLoad, branch(-1)}), kLoop);
}

TEST_F(EndlessLoopTest, same_value_stored_again_and_again) {
    expect_endless(run_kernel({adr1(0x100), kLoad, kStore, branch(-2)}), kLoop);
}

TEST_F(EndlessLoopTest, interrupts_open_but_nothing_armed) {
    expect_endless(run_kernel({kUnmask, branch(0)}), kLoop);
}

TEST_F(EndlessLoopTest, wait_for_a_timer_whose_interrupt_is_masked) {
    expect_endless(
        run_kernel({movz(0, 1000), kSetTimer, movz(3, 1), kTimerOn, kWaitForInterrupt, branch(-1)}),
        "the kernel waits for ever");
}

TEST_F(EndlessLoopTest, vectors_that_are_nowhere) {
    const Outcome outcome = run_kernel({kBreak});
    expect_endless(outcome, kException + "instruction abort (external abort) at 0x200");
    EXPECT_NE(outcome.report.find(" times in a row\n"), std::string::npos) << outcome.report;
}

TEST_F(EndlessLoopTest, handler_that_returns_to_the_instruction) {
    expect_endless(run_with_handler({vectors(0), kSetVectors, kBreak}, {kReturn}), kException + "BRK at ");
}

TEST_F(EndlessLoopTest, misaligned_stack_that_runs_away) {
    const Outcome outcome = run_with_handler({vectors(0), kSetVectors, kSpFromX1, kLowerSpBy8, kBreak},
                                             {kLowerSp, kPush, kReturn});
    expect_endless(outcome, kException + "SP alignment fault at ");
    EXPECT_NE(outcome.report.find("QEMU does not check this, hardware does"), std::string::npos);
}

TEST_F(EndlessLoopTest, program_has_started_or_not_is_told_apart_by_nothing_else) {
    spec.instruction_limit = 0;  // none: the loop itself ends the run
    expect_endless(run_kernel({branch(0)}), kLoop);
}

TEST_F(EndlessLoopTest, count_in_a_register_goes_on) {
    expect_goes_on(run_kernel({kAddOne, branch(-1)}));
}

TEST_F(EndlessLoopTest, count_in_memory_goes_on) {
    expect_goes_on(run_kernel({adr1(0x100), kLoad, kAddOneTo2, kStore, movz(2, 0), branch(-4)}));
}

TEST_F(EndlessLoopTest, count_of_exceptions_in_memory_goes_on) {
    expect_goes_on(run_with_handler({vectors(0), kSetVectors, kBreak},
                                    {kLoad, kAddOneTo2, kStore, movz(2, 0), kReturn}));
}

TEST_F(EndlessLoopTest, look_at_the_time_goes_on) {
    expect_goes_on(run_kernel({kReadCounter, kClear0, branch(-2)}));
}

TEST_F(EndlessLoopTest, question_to_a_device_goes_on) {
    expect_goes_on(run_kernel({kUart, kLoadFlags, branch(-1)}));
}

TEST_F(EndlessLoopTest, call_of_the_firmware_goes_on) {
    constexpr std::uint32_t kVersion = 0xD2B0'8000;  // movz x0, #0x8400, lsl #16
    expect_goes_on(run_kernel({kVersion, kHypercall, branch(-2)}));
}

TEST_F(EndlessLoopTest, wait_for_an_interrupt_of_an_armed_timer_goes_on) {
    expect_goes_on(run_kernel({movz(0, 0x7FFF, 16), kSetTimer, movz(3, 1), kTimerOn, kUnmask, branch(0)}));
}

TEST_F(EndlessLoopTest, wait_for_live_input_goes_on) {
    spec.stdin_bytes.reset();
    expect_goes_on(run_kernel({kUnmask, branch(0)}));
}

TEST_F(EndlessLoopTest, stack_that_runs_away_into_memory_goes_on) {
    expect_goes_on(run_with_handler({vectors(0), kSetVectors, movz(1, 0x4400, 16), kSpFromX1, kBreak},
                                    {kLowerSp, kPush, kBreak}));
}

TEST_F(EndlessLoopTest, handler_that_looks_how_far_its_stack_went_goes_on) {
    expect_goes_on(run_with_handler({vectors(0), kSetVectors, kSpFromX1, kLowerSpBy8, kBreak},
                                    {kReadSp, kClear5, kLowerSp, kPush, kReturn}));
}

TEST_F(EndlessLoopTest, long_count_that_ends_ends) {
    constexpr std::uint32_t kSystemOff = 0xD280'0100;  // movz x0, #8
    constexpr std::uint32_t kPsci = 0xF2B0'8000;       // movk x0, #0x8400, lsl #16
    const Outcome outcome =
        run_kernel({movz(0, 30, 16), kSubtractOne, branch_not_zero(-1), kSystemOff, kPsci, kHypercall});
    EXPECT_TRUE(outcome.incomplete.starts_with("the kernel powered off")) << outcome.incomplete;
}

}  // namespace
}  // namespace levitate::vmm
