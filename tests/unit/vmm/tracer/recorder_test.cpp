// What the recorder makes of calls of the vDSO.
#include <gtest/gtest.h>

#include "tests/unit/vmm/tracer/guest.hpp"
#include "vmm/tracer/recorder.hpp"

namespace levitate::vmm {
namespace {

using test::FakeEngine;

constexpr std::uint64_t kReturn = 0x400200;
constexpr std::uint64_t kSp = 0x7ffe0000;
constexpr std::uint64_t kTime = 0x5000;

class recorder_vdso : public testing::Test {
  protected:
    recorder_vdso() {
        recorder.start_program(100, InitialStack{}, kSp, 0x400000);
        engine.put_words(kTime, {3, 7});
    }

    VdsoEntry call_from(std::uint64_t return_pc, std::uint64_t sp) const {
        return {
            .symbol = "__kernel_clock_gettime", .arguments = {1, kTime}, .return_pc = return_pc, .sp = sp};
    }
    std::vector<traces::VdsoCallEvent> calls() const { return sink.all<traces::VdsoCallEvent>(); }

    FakeEngine engine;
    EngineMemory memory{engine};
    traces::TraceCollector sink;
    Recorder recorder{sink, {}, [] { return std::chrono::nanoseconds{}; }};
};

TEST_F(recorder_vdso, call_is_complete_at_its_return) {
    recorder.enter_vdso(kFirstTask, call_from(kReturn, kSp));
    EXPECT_TRUE(calls().empty());
    EXPECT_EQ(recorder.vdso_returns(), std::vector{kReturn});
    recorder.return_to(kFirstTask, kReturn, kSp, 0, memory);
    ASSERT_EQ(calls().size(), 1U);
    EXPECT_EQ(calls()[0].result, 0);
    EXPECT_EQ(calls()[0].pc, kReturn);
    ASSERT_EQ(calls()[0].payloads.size(), 1U);
    EXPECT_EQ(calls()[0].payloads[0].argument, 1U);
    EXPECT_EQ(calls()[0].payloads[0].direction, traces::Direction::Out);
    EXPECT_EQ(calls()[0].payloads[0].bytes.size(), 16U);
    EXPECT_EQ(calls()[0].payloads[0].bytes[8], std::byte{7});
    EXPECT_TRUE(recorder.vdso_returns().empty());
}

TEST_F(recorder_vdso, failed_call_has_written_nothing) {
    recorder.enter_vdso(kFirstTask, call_from(kReturn, kSp));
    recorder.return_to(kFirstTask, kReturn, kSp, -22, memory);
    ASSERT_EQ(calls().size(), 1U);
    EXPECT_EQ(calls()[0].result, -22);
    EXPECT_TRUE(calls()[0].payloads.empty());
}

TEST_F(recorder_vdso, other_stack_pointer_at_the_same_place_is_no_return) {
    recorder.enter_vdso(kFirstTask, call_from(kReturn, kSp));
    recorder.return_to(kFirstTask, kReturn, kSp - 16, 0, memory);
    EXPECT_TRUE(calls().empty());
}

TEST_F(recorder_vdso, handler_that_calls_too_returns_first) {
    recorder.enter_vdso(kFirstTask, call_from(kReturn, kSp));
    recorder.enter_vdso(kFirstTask, call_from(kReturn + 64, kSp - 4096));
    recorder.return_to(kFirstTask, kReturn + 64, kSp - 4096, 0, memory);
    recorder.return_to(kFirstTask, kReturn, kSp, 0, memory);
    ASSERT_EQ(calls().size(), 2U);
    EXPECT_EQ(calls()[0].pc, kReturn + 64);
    EXPECT_EQ(calls()[1].pc, kReturn);
}

TEST_F(recorder_vdso, function_that_a_handler_jumped_out_of_has_no_result) {
    recorder.enter_vdso(kFirstTask, call_from(kReturn, kSp));
    recorder.enter_vdso(kFirstTask, call_from(kReturn + 64, kSp));
    recorder.return_to(kFirstTask, kReturn + 64, kSp, 0, memory);
    ASSERT_EQ(calls().size(), 2U);
    EXPECT_FALSE(calls()[0].result.has_value());
    EXPECT_EQ(calls()[1].result, 0);
}

TEST_F(recorder_vdso, task_that_ends_in_a_function_leaves_it_without_a_result) {
    recorder.enter_vdso(kFirstTask, call_from(kReturn, kSp));
    recorder.end_task(kFirstTask, {.exit_code = 0, .signal = std::nullopt});
    ASSERT_EQ(calls().size(), 1U);
    EXPECT_FALSE(calls()[0].result.has_value());
}

}  // namespace
}  // namespace levitate::vmm
