// What the CPU remembers of exceptions and calls, and what it notices for whoever looks for endless loops.
#include "emu/system/exception_log.hpp"

#include "tests/unit/emu/page_tables.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

constexpr std::uint64_t kSameLevel = 0x200;  // of the vectors
constexpr std::uint64_t kLowerLevel = 0x400;

class Remembering : public TranslationTest {};
class Influenced : public CpuTest {
  protected:
    Influences watch(std::uint64_t instructions) {
        cpu.watch_influences(true);
        cpu.run(instructions);
        return cpu.influences();
    }
};

TEST_F(Influenced, exceptions_of_el1_are_counted_while_they_are_alike) {
    put(kCodeBase, {kNop, brk(7)});
    put(kVectors + kSameLevel, {kEret});
    stand_at(kCodeBase);
    cpu.run(1 + 2 * 5);
    const auto taken = cpu.recent_exceptions();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0].esr, 0xf2000007U);
    EXPECT_EQ(taken[0].elr, kCodeBase + 4);
    EXPECT_EQ(taken[0].vector, kVectors + kSameLevel);
    EXPECT_EQ(taken[0].count, 5U);
    EXPECT_EQ(taken[0].retired, cpu.retired_instructions() - 1);
    EXPECT_FALSE(taken[0].has_far);
    EXPECT_FALSE(taken[0].from_el0);
}

TEST_F(Influenced, of_many_exceptions_the_last_are_kept) {
    for (std::uint64_t i = 0; i < 20; ++i) {
        put(kCodeBase + 4 * i, {brk(static_cast<std::uint32_t>(i))});
        stand_at(kCodeBase + 4 * i);
        cpu.run(1);
    }
    const auto taken = cpu.recent_exceptions();
    ASSERT_EQ(taken.size(), ExceptionLog::kMostOfEl1);
    EXPECT_EQ(taken.front().elr, kCodeBase + 4 * 4);
    EXPECT_EQ(taken.back().elr, kCodeBase + 4 * 19);
}

TEST_F(Influenced, far_is_kept_of_what_has_one) {
    put(kCodeBase, {ldr(1, 0)});
    set_x(0, 0x1000);
    stand_at(kCodeBase);
    cpu.run(1);
    const auto taken = cpu.recent_exceptions();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_TRUE(taken[0].has_far);
    EXPECT_EQ(taken[0].far, 0x1000U);
}

TEST_F(Remembering, last_call_of_a_task_is_kept_until_it_calls_again) {
    map(kCodeBase, kCodeBase, descriptor::kPage | descriptor::kUser);
    flush();
    put(kCodeBase, {movz(0, 11), movz(8, 63), svc(0), movz(8, 64), svc(0)});
    put(kVectors + kLowerLevel, {kEret});
    stand_at(kCodeBase, spsr::kModeEl0t);
    cpu.run(3);
    ASSERT_EQ(cpu.last_calls().size(), 1U);
    EXPECT_EQ(cpu.last_calls()[0].number, 63U);
    EXPECT_EQ(cpu.last_calls()[0].arguments[0], 11U);
    EXPECT_EQ(cpu.last_calls()[0].pc, kCodeBase + 12);
    EXPECT_FALSE(cpu.last_calls()[0].returned);
    cpu.run(1);
    EXPECT_TRUE(cpu.last_calls()[0].returned);
    cpu.run(2);
    ASSERT_EQ(cpu.last_calls().size(), 1U);
    EXPECT_EQ(cpu.last_calls()[0].number, 64U);
    EXPECT_FALSE(cpu.last_calls()[0].returned);
    EXPECT_EQ(cpu.call_count(), 2U);
    EXPECT_TRUE(cpu.recent_exceptions().empty());
}

TEST(ExceptionLog, task_that_still_waits_is_forgotten_last) {
    ExceptionLog log;
    const auto task = [](std::uint64_t number) {
        return TaskKey{.table = number, .sp_el1 = 0, .tpidr_el0 = 0};
    };
    for (std::uint64_t number = 0; number < ExceptionLog::kMostCalls; ++number) {
        log.add_call({.task = task(number), .number = number, .retired = number});
    }
    log.note_return(task(5));
    log.add_call({.task = task(100), .number = 100, .retired = 100});
    EXPECT_EQ(log.calls().size(), ExceptionLog::kMostCalls);
    EXPECT_TRUE(
        std::ranges::none_of(log.calls(), [&](const LastCall& call) { return call.task == task(5); }));
    EXPECT_TRUE(std::ranges::any_of(log.calls(), [&](const LastCall& call) { return call.task == task(0); }));
}

TEST_F(Influenced, stores_count_where_they_change_a_byte) {
    put(kCodeBase, {str(1, 0), str(1, 0), branch(-2)});
    set_x(0, kDataBase);
    set_x(1, 5);
    stand_at(kCodeBase);
    cpu.run(100);  // fills the TLB
    EXPECT_EQ(watch(100), Influences{});
    set_x(1, 6);
    EXPECT_EQ(watch(3), Influences{.memory = true});
    EXPECT_EQ(watch(3), Influences{});
    cpu.watch_influences(false);
    cpu.run(3);
    EXPECT_EQ(read_u64(kDataBase), 6U);
}

TEST_F(Influenced, devices_count_where_they_answer) {
    put(kCodeBase, {ldr(1, 0), kNop});
    set_x(0, kDeviceBase);
    stand_at(kCodeBase);
    EXPECT_EQ(watch(1), Influences{.device = true});
    set_x(0, kDeviceBase + kDeviceSize);
    stand_at(kCodeBase);
    EXPECT_EQ(watch(1), Influences{});
}

TEST_F(Influenced, time_counts_where_it_is_read_set_or_waited_for) {
    put(kCodeBase, {mrs(0, register_encoding(3, 3, 14, 0, 2))});
    stand_at(kCodeBase);
    EXPECT_EQ(watch(1), Influences{.time = true});
    put(kCodeBase, {mrs(0, register_encoding(3, 0, 12, 1, 0))});  // ISR_EL1
    stand_at(kCodeBase);
    EXPECT_EQ(watch(1), Influences{.time = true});
    put(kCodeBase, {mrs(0, kVbarEl1)});
    stand_at(kCodeBase);
    EXPECT_EQ(watch(1), Influences{});
}

TEST_F(Influenced, open_interrupts_count) {
    put(kCodeBase, {kDaifClearIrq, kNop});
    stand_at(kCodeBase);
    EXPECT_EQ(watch(2), Influences{.unmasked = true});
    EXPECT_FALSE(cpu.interrupt_is_due());
    set_register(register_encoding(3, 3, 14, 3, 0), 1'000'000);  // CNTV_TVAL_EL0
    set_register(register_encoding(3, 3, 14, 3, 1), 1);          // CNTV_CTL_EL0
    EXPECT_TRUE(cpu.interrupt_is_due());
}

TEST_F(Influenced, states_are_the_same_where_all_registers_are) {
    put(kCodeBase, {add(0, 0, 1), subs(0, 0, 1), branch(-2)});
    stand_at(kCodeBase);
    cpu.run(3);
    const auto before = cpu.state_words();
    cpu.run(1);
    EXPECT_NE(cpu.state_words(), before);
    cpu.run(2);
    EXPECT_EQ(cpu.state_words(), before);
    set_register(kVbarEl1, kVectors + 0x800);
    EXPECT_NE(cpu.state_words(), before);
}

}  // namespace
}  // namespace levitate::emu::test
