// Which registers a kernel must keep, or set, across a signal and an exec.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/vmm/tracer/guest.hpp"

namespace levitate::vmm::test {
namespace {

using traces::abi::syscall_number;

constexpr std::uint64_t kHandler = 0x500000;

// Puts the vector registers of `task` into the frame that `inside` stands on, as the first record.
void put_vectors(Guest& guest, const GuestTask& inside, const GuestTask& task) {
    constexpr std::uint64_t kRecords = kSignalFrameMachineContext + 288;
    constexpr std::uint64_t kFpsimd = 0x46508001;
    constexpr std::uint64_t kSize = 528;
    std::vector<std::uint64_t> words{kSize << 32 | kFpsimd,
                                     std::uint64_t{task.registers.fpcr} << 32 | task.registers.fpsr};
    for (const Vector128& vector : task.registers.v) {
        words.push_back(vector.low);
        words.push_back(vector.high);
    }
    guest.engine.put_words(inside.registers.sp + kRecords, words);
}

// Interrupted between two instructions, with something in every vector register.
GuestTask interrupted(Guest& guest) {
    GuestTask task = guest.start_program();
    for (unsigned index = 0; index < task.registers.v.size(); ++index) {
        task.registers.v[index] = {.low = 0x100 + index, .high = 0x200 + index};
    }
    task.registers.fpcr = 1U << 25;
    task.registers.fpsr = 1;
    task.registers.tpidr_el0 = 0x9000;
    guest.exception(task, 0, true);
    return task;
}

std::vector<std::string> lost(const Guest& guest) {
    std::vector<std::string> names;
    for (const auto& event : guest.all<traces::RegistersEvent>()) {
        for (const auto& change : event.changes) {
            names.push_back(change.name);
        }
    }
    return names;
}

TEST(boundary_registers, handler_and_return_that_keep_all_lose_nothing) {
    Guest guest;
    const GuestTask task = interrupted(guest);
    GuestTask inside = guest.deliver(task, 10, kHandler, task.registers.pc);
    put_vectors(guest, inside, task);
    guest.resume(inside);
    EXPECT_EQ(lost(guest), std::vector<std::string>{});
    std::ranges::fill(inside.registers.v, Vector128{.low = 1, .high = 1});
    inside.registers.fpcr = 0;
    guest.call(inside, syscall_number("rt_sigreturn"));
    guest.resume(task);
    EXPECT_EQ(lost(guest), std::vector<std::string>{});
}

TEST(boundary_registers, handler_that_starts_with_other_vectors_shows_a_loss) {
    Guest guest;
    const GuestTask task = interrupted(guest);
    GuestTask inside = guest.deliver(task, 10, kHandler, task.registers.pc);
    put_vectors(guest, inside, task);
    inside.registers.v[7].high = 0;
    inside.registers.fpcr = 0;
    inside.registers.x[9] = 0;
    guest.resume(inside);
    EXPECT_EQ(lost(guest), (std::vector<std::string>{"x9", "v7", "fpcr"}));
    EXPECT_EQ(guest.all<traces::RegistersEvent>()[0].during, "the entry of a handler");
}

TEST(boundary_registers, frame_with_other_vectors_shows_a_loss) {
    Guest guest;
    const GuestTask task = interrupted(guest);
    GuestTask inside = guest.deliver(task, 10, kHandler, task.registers.pc);
    GuestTask other = task;
    other.registers.v[31].low = 0;
    other.registers.fpsr = 0;
    put_vectors(guest, inside, other);
    inside.registers.v = other.registers.v;
    inside.registers.fpsr = 0;
    guest.resume(inside);
    EXPECT_EQ(lost(guest), (std::vector<std::string>{"v31", "fpsr"}));
    EXPECT_EQ(guest.all<traces::RegistersEvent>()[0].during, "irq, in the signal frame");
}

TEST(boundary_registers, handler_that_returns_nowhere_shows_a_loss) {
    Guest guest;
    const GuestTask task = interrupted(guest);
    GuestTask inside = guest.deliver(task, 10, kHandler, task.registers.pc);
    put_vectors(guest, inside, task);
    inside.registers.x[29] = 0;
    inside.registers.x[30] = 0x600000;
    guest.resume(inside);
    EXPECT_EQ(lost(guest), (std::vector<std::string>{"x29", "x30"}));
}

TEST(boundary_registers, frame_record_and_trampoline_are_linuxs_own) {
    Guest guest;
    const GuestTask task = interrupted(guest);
    GuestTask inside = guest.deliver(task, 10, kHandler, task.registers.pc);
    put_vectors(guest, inside, task);
    inside.registers.x[29] = inside.registers.sp + 0x1260;
    guest.engine.put_words(inside.registers.x[29], {task.registers.x[29], task.registers.x[30]});
    inside.registers.x[30] = 0x600000;
    guest.engine.put_value(0x600000, std::uint64_t{0xd4000001'd2801168});
    guest.resume(inside);
    EXPECT_EQ(lost(guest), std::vector<std::string>{});
}

TEST(boundary_registers, restorer_of_the_program_is_as_good) {
    Guest guest;
    GuestTask task = guest.start_program();
    constexpr std::uint64_t kAction = 0x8000;
    constexpr std::uint64_t kSaRestorer = 0x04000000;
    guest.engine.put_words(kAction, {kHandler, kSaRestorer, 0x600000, 0});
    guest.call(task, syscall_number("rt_sigaction"), {10, kAction, 0, 8});
    guest.return_from_call(task, 0);
    guest.exception(task, 0, true);
    GuestTask inside = guest.deliver(task, 10, kHandler, task.registers.pc);
    inside.registers.x[30] = 0x600000;
    guest.resume(inside);
    EXPECT_EQ(lost(guest), std::vector<std::string>{});
}

TEST(boundary_registers, return_brings_back_what_the_handler_has_put_into_the_frame) {
    Guest guest;
    const GuestTask task = interrupted(guest);
    GuestTask inside = guest.deliver(task, 10, kHandler, task.registers.pc);
    put_vectors(guest, inside, task);
    guest.resume(inside);
    GuestTask changed = task;
    changed.registers.v[3] = {.low = 5, .high = 6};
    changed.registers.fpcr = 0;
    put_vectors(guest, inside, changed);
    guest.call(inside, syscall_number("rt_sigreturn"));
    GuestTask after = changed;
    after.registers.v[4] = {};
    after.registers.tpidr_el0 = 0;
    guest.resume(after);
    EXPECT_EQ(lost(guest), (std::vector<std::string>{"tpidr_el0", "v4"}));
}

TEST(boundary_registers, signal_says_what_else_its_frame_holds) {
    Guest guest;
    const GuestTask task = interrupted(guest);
    GuestTask inside = guest.deliver(task, 10, kHandler, task.registers.pc);
    put_vectors(guest, inside, task);
    const std::uint64_t frame = inside.registers.sp;
    const std::uint64_t context = frame + kSignalFrameContext;
    guest.engine.put_words(context, {1, 0, 0x7000, 2, 8192, 0x200});
    guest.engine.put_value(frame + kSignalFrameMachineContext, std::uint64_t{0xdead});
    guest.engine.put_words(frame + kSignalFrameMachineContext + 288 + 528,
                           {std::uint64_t{16} << 32 | 0x45535201, 0x92000046});
    guest.resume(inside);
    const auto signals = guest.all<traces::SignalEvent>();
    ASSERT_EQ(signals.size(), 1U);
    EXPECT_EQ(signals[0].context_flags, 1U);
    EXPECT_EQ(signals[0].stack, (traces::SignalStack{.sp = 0x7000, .flags = 2, .size = 8192}));
    EXPECT_EQ(signals[0].mask, 0x200U);
    EXPECT_EQ(signals[0].fault_address, 0xdeadU);
    EXPECT_EQ(signals[0].records, (std::vector<traces::FrameRecord>{{0x46508001, 528}, {0x45535201, 16}}));
    EXPECT_EQ(signals[0].esr, 0x92000046U);
}

TEST(boundary_registers, program_that_starts_with_something_in_its_registers_shows_a_loss) {
    Guest guest;
    GuestTask parent = guest.start_program();
    EXPECT_EQ(lost(guest), std::vector<std::string>{});
    guest.call(parent, syscall_number("execve"), {kProgramPath, 0, 0});
    GuestTask image;
    image.registers.sp_el1 = kProgramStack;
    image.registers.ttbr0_el1 = kChildSpace | kAsid;
    image.registers.pc = kEntryPc;
    image.registers.sp = kInitialSp;
    image.registers.x[5] = 1;
    image.registers.v[2].low = 1;
    image.registers.tpidr_el0 = 0x9000;
    image.registers.fpcr = 1U << 25;
    guest.resume(image);
    EXPECT_EQ(lost(guest), (std::vector<std::string>{"x5", "tpidr_el0", "v2", "fpcr"}));
    EXPECT_EQ(guest.all<traces::RegistersEvent>()[0].during, "execve");
}

}  // namespace
}  // namespace levitate::vmm::test
