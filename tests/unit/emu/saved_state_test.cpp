// Saving and restoring a CPU: it goes on exactly as it would have gone on.
#include <span>
#include <tuple>

#include "tests/unit/emu/cpu_fixture.hpp"

namespace levitate::emu::test {
namespace {

using namespace assembly;

constexpr std::uint64_t kIrqVector = kVectors + 0x280;
constexpr std::uint64_t kSeed = 5;

// A CPU with its RAM and its interrupt controller. It counts in memory with exclusives and notes the time,
// interrupted by a timer that its handler sets anew.
struct Busy {
    explicit Busy(std::uint64_t seed = kSeed)
        : cpu{Config{.ram = {{kRamBase, memory}}, .schedule_seed = seed}, bus, controller} {
        put(kCodeBase, {msr(kIccPmrEl1, 10), msr(kIccIgrpen1El1, 11), msr(kVbarEl1, 12),
                        msr(kCntvCvalEl0, 11), msr(kCntvCtlEl0, 11), kDaifClearIrq, ldxr(1, 2), add(1, 1, 1),
                        stxr(3, 1, 2), mrs(4, kCntvctEl0), str(4, 5), branch(-5)});
        put(kIrqVector, {mrs(6, kIccIar1El1), mrs(7, kCntvctEl0), add(7, 7, 40), msr(kCntvCvalEl0, 7),
                         msr(kIccEoir1El1, 6), add(8, 8, 1), kEret});
        Registers registers = cpu.registers();
        registers.pc = kCodeBase;
        registers.x[2] = kDataBase;
        registers.x[5] = kDataBase + 64;
        registers.x[10] = 0xff;
        registers.x[11] = 1;
        registers.x[12] = kVectors;
        registers.v[3].d = {0x0123'4567'89ab'cdef, 0xfedc'ba98'7654'3210};
        registers.fpcr = 0x0100'0000;
        registers.fpsr = 0x10;
        registers.tpidr_el0 = 0x7777;
        cpu.set_registers(registers);
    }
    void put(std::uint64_t address, std::initializer_list<std::uint32_t> code) {
        std::ranges::copy(std::as_bytes(std::span{code.begin(), code.size()}),
                          memory.begin() + static_cast<std::ptrdiff_t>(address - kRamBase));
    }
    auto seen() const {
        return std::tuple{cpu.state_words(),
                          cpu.retired_instructions(),
                          cpu.counter(),
                          memory,
                          controller.pending.has_value(),
                          controller.edges.size()};
    }

    std::vector<std::byte> memory = std::vector<std::byte>(kRamSize);
    DeviceBus bus;
    Controller controller;
    Cpu cpu;
};

// What stands where `busy` stands.
void go_to(Busy& other, const Busy& busy) {
    other.memory = busy.memory;
    other.controller = busy.controller;
    ASSERT_TRUE(other.cpu.restore(busy.cpu.save()));
}

TEST(SavedState, goes_on_as_it_would_have_gone_on) {
    constexpr std::uint64_t kMore = 3000;
    Busy busy;
    for (unsigned place = 0; place < 60; ++place) {
        busy.cpu.run(777);
        Busy same;
        same.cpu.run(std::uint64_t{100} * place);  // it was elsewhere before
        Busy other{kSeed + 1};
        ASSERT_NO_FATAL_FAILURE(go_to(same, busy));
        ASSERT_NO_FATAL_FAILURE(go_to(other, busy));
        EXPECT_EQ(same.seen(), busy.seen());
        Busy ahead;
        ASSERT_NO_FATAL_FAILURE(go_to(ahead, busy));
        ahead.cpu.run(kMore);
        same.cpu.run(kMore);
        other.cpu.run(kMore);
        EXPECT_EQ(same.seen(), ahead.seen()) << "after " << busy.cpu.retired_instructions();
        EXPECT_EQ(other.seen(), ahead.seen()) << "after " << busy.cpu.retired_instructions();
    }
    EXPECT_GT(busy.cpu.registers().x[8], 10U) << "the timer has not interrupted";
    // Without any saving, the same.
    Busy straight;
    straight.cpu.run(busy.cpu.retired_instructions());
    EXPECT_EQ(straight.seen(), busy.seen());
}

TEST(SavedState, has_vectors_and_what_goes_with_them) {
    Busy busy;
    busy.cpu.run(100);
    Busy other;
    Registers cleared;
    cleared.pc = kCodeBase;
    other.cpu.set_registers(cleared);
    ASSERT_NO_FATAL_FAILURE(go_to(other, busy));
    const Registers registers = other.cpu.registers();
    EXPECT_EQ(registers.v[3].d[0], 0x0123'4567'89ab'cdefU);
    EXPECT_EQ(registers.v[3].d[1], 0xfedc'ba98'7654'3210U);
    EXPECT_EQ(registers.fpcr, 0x0100'0000U);
    EXPECT_EQ(registers.fpsr, 0x10U);
    EXPECT_EQ(registers.tpidr_el0, 0x7777U);
}

TEST(SavedState, code_that_was_decoded_since_is_forgotten) {
    Busy busy;
    busy.cpu.run(200);
    Busy other;
    other.put(kCodeBase + 28, {add(1, 1, 2)});
    other.cpu.run(200);
    ASSERT_NO_FATAL_FAILURE(go_to(other, busy));
    other.cpu.run(200);
    busy.cpu.run(200);
    EXPECT_EQ(other.seen(), busy.seen());
}

TEST(SavedState, another_schedule_can_begin_there) {
    Busy busy{0};
    busy.cpu.run(5000);
    const auto after = [&busy](std::uint64_t seed) {
        Busy other{0};
        go_to(other, busy);
        other.cpu.set_schedule_seed(seed);
        other.cpu.run(1'000'000);
        return other.cpu.counter();
    };
    EXPECT_EQ(after(1), after(1));
    EXPECT_NE(after(1), after(2));
    EXPECT_GT(after(1), after(0));
}

TEST(SavedState, of_another_size_is_refused) {
    Busy busy;
    busy.cpu.run(100);
    const auto before = busy.seen();
    std::vector<std::byte> saved = busy.cpu.save();
    saved.pop_back();
    EXPECT_FALSE(busy.cpu.restore(saved));
    EXPECT_FALSE(busy.cpu.restore({}));
    EXPECT_EQ(busy.seen(), before);
}

}  // namespace
}  // namespace levitate::emu::test
