// Births, deaths and execs as the boundary tracer finds them.
#include <gtest/gtest.h>

#include "tests/unit/vmm/tracer/guest.hpp"

namespace levitate::vmm::test {
namespace {

using traces::TaskNumber;
using traces::abi::constant;
using traces::abi::syscall_number;

constexpr std::uint64_t flag(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}
constexpr std::uint64_t kThreadFlags =
    flag(constant("CLONE_VM")) | flag(constant("CLONE_THREAD")) | flag(constant("CLONE_SETTLS"));
constexpr std::uint64_t kVforkFlags = flag(constant("CLONE_VM")) | flag(constant("CLONE_VFORK"));
constexpr std::uint64_t kChildSp = 0x60000;
constexpr std::uint64_t kTls = 0x61000;

// The child of an outstanding clone as Linux starts it.
GuestTask child_of(const GuestTask& parent, std::uint64_t stack) {
    GuestTask child = parent;
    child.registers.sp_el1 = stack;
    child.registers.x[0] = 0;
    return child;
}

GuestTask thread_of(const GuestTask& parent, std::uint64_t stack) {
    GuestTask child = child_of(parent, stack);
    child.registers.sp = kChildSp;
    child.registers.tpidr_el0 = kTls;
    return child;
}

GuestTask forked_from(const GuestTask& parent, std::uint64_t stack) {
    GuestTask child = child_of(parent, stack);
    child.registers.ttbr0_el1 = kChildSpace;
    return child;
}

void clone_thread(Guest& guest, GuestTask& parent) {
    guest.call(parent, syscall_number("clone"), {kThreadFlags, kChildSp, 0, kTls, 0});
}

TEST(boundary_births, thread_is_numbered_when_its_parent_learns_its_tid) {
    Guest guest;
    GuestTask parent = guest.start_program();
    clone_thread(guest, parent);
    const GuestTask child = thread_of(parent, kThreadStack);
    guest.return_from_call(parent, 77);
    guest.exception(parent, 0, true);
    guest.resume(child);
    const auto starts = guest.all<traces::TaskStartEvent>();
    ASSERT_EQ(starts.size(), 2U);
    EXPECT_EQ(starts[1].parent, TaskNumber{1});
    EXPECT_EQ(starts[1].tid, 77);
    EXPECT_EQ(starts[1].clone_flags, kThreadFlags);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{2});
    EXPECT_TRUE(guest.all<traces::RegistersEvent>().empty());
}

TEST(boundary_births, thread_that_runs_before_its_parent_is_numbered_then) {
    Guest guest;
    GuestTask parent = guest.start_program();
    clone_thread(guest, parent);
    GuestTask child = thread_of(parent, kThreadStack);
    guest.resume(child);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{2});
    guest.call(child, syscall_number("gettid"));
    guest.return_from_call(parent, 77);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{1});
    guest.return_from_call(child, 77);
    EXPECT_EQ(guest.all<traces::TaskStartEvent>().size(), 2U);
    EXPECT_EQ(guest.all<traces::SyscallEvent>().size(), 2U);
}

TEST(boundary_births, fork_childs_have_the_stack_pointer_of_the_parent) {
    Guest guest;
    GuestTask parent = guest.start_program();
    guest.call(parent, syscall_number("clone"), {17, 0});
    guest.resume(forked_from(parent, kThreadStack));
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{2});
    guest.return_from_call(parent, 5);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{1});
}

TEST(boundary_births, children_may_first_run_in_any_order) {
    Guest guest;
    GuestTask parent = guest.start_program();
    guest.call(parent, syscall_number("clone"), {17, 0});
    const GuestTask first = forked_from(parent, kThreadStack);
    guest.return_from_call(parent, 5);
    parent.registers.x[20] = 1;
    guest.call(parent, syscall_number("clone"), {17, 0});
    const GuestTask second = forked_from(parent, kThreadStack + 0x4000);
    guest.return_from_call(parent, 6);
    guest.exception(parent, 0, true);
    guest.resume(second);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{3});
    guest.exception(second, 0, true);
    guest.resume(first);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{2});
    EXPECT_TRUE(guest.all<traces::RegistersEvent>().empty());
}

TEST(boundary_births, clone3_takes_the_stack_from_its_struct) {
    constexpr std::uint64_t kArguments = 0x8000;
    constexpr std::uint64_t kSize = 0x1000;
    Guest guest;
    GuestTask parent = guest.start_program();
    guest.engine.put_words(kArguments, {kThreadFlags, 0, 0, 0, 0, kChildSp - kSize, kSize, kTls, 0, 0, 0});
    guest.call(parent, syscall_number("clone3"), {kArguments, 88});
    guest.resume(thread_of(parent, kThreadStack));
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{2});
    EXPECT_TRUE(guest.all<traces::RegistersEvent>().empty());
}

TEST(boundary_births, failed_clone_has_no_child) {
    Guest guest;
    GuestTask parent = guest.start_program();
    clone_thread(guest, parent);
    guest.return_from_call(parent, -11);
    guest.exception(parent, 0, true);
    guest.resume(thread_of(parent, kThreadStack));
    EXPECT_EQ(guest.all<traces::TaskStartEvent>().size(), 1U);
}

TEST(boundary_births, register_that_a_child_does_not_inherit_is_an_event) {
    Guest guest;
    GuestTask parent = guest.start_program();
    clone_thread(guest, parent);
    GuestTask child = thread_of(parent, kThreadStack);
    child.registers.x[21] = 0;
    child.registers.tpidr_el0 = 0;
    guest.resume(child);
    const auto losses = guest.all<traces::RegistersEvent>();
    ASSERT_EQ(losses.size(), 1U);
    ASSERT_EQ(losses[0].changes.size(), 2U);
    EXPECT_EQ(losses[0].changes[0].name, "x21");
    EXPECT_EQ(losses[0].changes[1].name, "tpidr_el0");
}

TEST(boundary_births, birth_on_a_known_stack_ends_its_last_owner) {
    Guest guest;
    GuestTask parent = guest.start_program();
    clone_thread(guest, parent);
    GuestTask first = thread_of(parent, kThreadStack);
    guest.return_from_call(parent, 77);
    guest.resume(first);
    guest.call(first, syscall_number("futex"), {0, 0});
    // The first thread is killed in its call, and the kernel gives its stack to the next one.
    parent.registers.pc += 0x100;
    clone_thread(guest, parent);
    guest.return_from_call(parent, 78);
    guest.exception(parent, 0, true);
    guest.resume(thread_of(parent, kThreadStack));
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{3});
    const auto ends = guest.all<traces::TaskEndEvent>();
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_FALSE(ends[0].exit_code.has_value());
    EXPECT_FALSE(ends[0].signal.has_value());
    EXPECT_TRUE(guest.tracer.refusal().empty());
}

TEST(boundary_births, stack_that_a_foreign_task_runs_on_has_lost_its_owner) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.exception(task, 0x24);
    GuestTask foreign;
    foreign.registers.sp_el1 = kProgramStack;
    foreign.registers.ttbr0_el1 = kInitSpace;
    guest.resume(foreign);
    EXPECT_EQ(guest.all<traces::TaskEndEvent>().size(), 1U);
    EXPECT_EQ(guest.tracer.current_task(), std::nullopt);
}

// One EL1 stack for all tasks: the address space and the registers of the pending call tell them apart.

TEST(boundary_one_stack, fork_child_is_told_from_its_parent) {
    Guest guest;
    GuestTask parent = guest.start_program();
    guest.call(parent, syscall_number("clone"), {17, 0});
    GuestTask child = forked_from(parent, kProgramStack);
    guest.resume(child);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{2});
    guest.call(child, syscall_number("getpid"));
    guest.return_from_call(parent, 5);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{1});
    guest.call(parent, syscall_number("gettid"));
    guest.return_from_call(child, 5);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{2});
    EXPECT_EQ(guest.all<traces::SyscallEvent>().size(), 2U);
    EXPECT_TRUE(guest.tracer.refusal().empty());
    EXPECT_TRUE(guest.all<traces::TaskEndEvent>().empty());
}

// Two threads that wait in the same call at the same place.
struct Waiters {
    explicit Waiters(std::uint64_t tls_of_second) {
        parent = guest.start_program();
        clone_thread(guest, parent);
        guest.return_from_call(parent, 77);
        guest.exception(parent, 0, true);
        first = thread_of(parent, kProgramStack);
        first.registers.x[0] = 0;
        guest.resume(first);
        first.registers.pc += kRun;
        guest.call(first, syscall_number("futex"), {0x1000, 0});
        guest.resume(parent);
        parent.registers.pc -= 4;
        guest.call(parent, syscall_number("clone"), {kThreadFlags, kChildSp, 0, tls_of_second, 0});
        guest.return_from_call(parent, 78);
        guest.exception(parent, 0, true);
        second = thread_of(parent, kProgramStack);
        second.registers.x[0] = 0;
        second.registers.tpidr_el0 = tls_of_second;
        guest.resume(second);
        second.registers.pc += kRun;
        guest.call(second, syscall_number("futex"), {0x1000, 0});
    }

    static constexpr std::uint64_t kRun = 0x40;  // from a thread's first instruction to the call

    Guest guest;
    GuestTask parent;
    GuestTask first;
    GuestTask second;
};

TEST(boundary_one_stack, threads_are_told_apart_by_their_registers) {
    Waiters waiters(kTls + 0x1000);
    Guest& guest = waiters.guest;
    guest.return_from_call(waiters.first, 0);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{2});
    guest.exception(waiters.first, 0, true);
    guest.return_from_call(waiters.second, 0);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{3});
    EXPECT_TRUE(guest.tracer.refusal().empty());
    EXPECT_TRUE(guest.all<traces::RegistersEvent>().empty());
    EXPECT_TRUE(guest.all<traces::TaskEndEvent>().empty());
}

TEST(boundary_one_stack, register_that_is_lost_is_an_event_all_the_same) {
    Waiters waiters(kTls + 0x1000);
    waiters.second.registers.x[20] = 0;
    waiters.guest.return_from_call(waiters.second, 0);
    EXPECT_EQ(waiters.guest.tracer.current_task(), TaskNumber{3});
    ASSERT_EQ(waiters.guest.all<traces::RegistersEvent>().size(), 1U);
    EXPECT_EQ(waiters.guest.all<traces::RegistersEvent>()[0].changes[0].name, "x20");
}

TEST(boundary_one_stack, two_tasks_that_match_are_refused) {
    Waiters waiters(kTls);
    waiters.guest.return_from_call(waiters.second, 0);
    EXPECT_FALSE(waiters.guest.tracer.refusal().empty());
}

TEST(boundary_one_stack, exec_is_found_by_its_new_stack) {
    Guest guest;
    GuestTask parent = guest.start_program();
    guest.call(parent, syscall_number("clone"), {17, 0});
    GuestTask child = forked_from(parent, kProgramStack);
    guest.resume(child);
    guest.call(child, syscall_number("execve"), {kProgramPath, 0, 0});
    guest.return_from_call(parent, 5);
    guest.exception(parent, 0, true);
    guest.enter_image(kProgramStack, kChildSpace + 0x1000);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{2});
    EXPECT_EQ(guest.all<traces::ExecEvent>().size(), 2U);
}

TEST(boundary_births, exit_group_ends_all_threads_of_the_process_and_no_other) {
    Guest guest;
    GuestTask parent = guest.start_program();
    clone_thread(guest, parent);
    const GuestTask thread = thread_of(parent, kThreadStack);
    guest.return_from_call(parent, 77);
    guest.resume(thread);
    guest.exception(thread, 0, true);
    guest.call(parent, syscall_number("clone"), {17, 0});
    GuestTask child = forked_from(parent, kThreadStack + 0x10000);
    guest.return_from_call(parent, 78);
    guest.resume(child);
    guest.exception(child, 0, true);
    guest.call(parent, syscall_number("exit_group"), {0});
    EXPECT_EQ(guest.all<traces::TaskEndEvent>().size(), 2U);
    guest.resume(child);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{3});
}

TEST(boundary_births, wait_status_says_how_a_child_has_ended) {
    constexpr std::uint64_t kStatus = 0x8000;
    Guest guest;
    GuestTask parent = guest.start_program();
    guest.call(parent, syscall_number("clone"), {17, 0});
    const GuestTask child = forked_from(parent, kThreadStack);
    guest.return_from_call(parent, 78);
    guest.resume(child);
    guest.exception(child, 0x24);
    guest.call(parent, syscall_number("wait4"), {78, kStatus, 0, 0});
    guest.engine.put_value(kStatus, std::int32_t{11});
    guest.return_from_call(parent, 78);
    const auto ends = guest.all<traces::TaskEndEvent>();
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].signal, 11);
}

TEST(boundary_births, wait_without_a_status_says_only_that_a_child_has_ended) {
    Guest guest;
    GuestTask parent = guest.start_program();
    guest.call(parent, syscall_number("clone"), {17, 0});
    guest.return_from_call(parent, 78);
    // The child may have been stopped or continued.
    guest.call(parent, syscall_number("wait4"), {78, 0, 2, 0});
    guest.return_from_call(parent, 78);
    guest.call(parent, syscall_number("wait4"), {78, 0, 8, 0});
    guest.return_from_call(parent, 78);
    EXPECT_TRUE(guest.all<traces::TaskEndEvent>().empty());
    guest.call(parent, syscall_number("wait4"), {78, 0, 0, 0});
    guest.return_from_call(parent, 78);
    const auto ends = guest.all<traces::TaskEndEvent>();
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_FALSE(ends[0].signal);
    EXPECT_FALSE(ends[0].exit_code);
}

TEST(boundary_births, wait_that_reports_a_thread_of_the_own_process_ends_nothing) {
    constexpr std::uint64_t kStatus = 0x8000;
    Guest guest;
    GuestTask parent = guest.start_program();
    clone_thread(guest, parent);
    guest.return_from_call(parent, 77);
    guest.call(parent, syscall_number("wait4"), {77, kStatus, 0, 0});
    guest.engine.put_value(kStatus, std::int32_t{11});
    guest.return_from_call(parent, 77);
    EXPECT_TRUE(guest.all<traces::TaskEndEvent>().empty());
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{1});
}

TEST(boundary_births, waitid_says_how_a_child_has_ended) {
    constexpr std::uint64_t kInformation = 0x8000;
    Guest guest;
    GuestTask parent = guest.start_program();
    guest.call(parent, syscall_number("clone"), {17, 0});
    const GuestTask child = forked_from(parent, kThreadStack);
    guest.return_from_call(parent, 78);
    guest.resume(child);
    guest.exception(child, 0x24);
    guest.call(parent, syscall_number("waitid"), {1, 78, kInformation, 4, 0});
    const std::vector<std::int32_t> information{17, 0, 2, 0, 78, 0, 9, 0};
    guest.engine.put(kInformation, std::as_bytes(std::span(information)));
    guest.return_from_call(parent, 0);
    const auto ends = guest.all<traces::TaskEndEvent>();
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].signal, 9);
}

TEST(boundary_births, exec_has_no_result_ends_other_threads_and_is_watched) {
    Guest guest;
    GuestTask parent = guest.start_program();
    clone_thread(guest, parent);
    const GuestTask thread = thread_of(parent, kThreadStack);
    guest.return_from_call(parent, 77);
    guest.resume(thread);
    guest.exception(thread, 0, true);
    guest.call(parent, syscall_number("execve"), {kProgramPath, 0, 0});
    guest.enter_image(kProgramStack, kChildSpace);
    EXPECT_EQ(guest.all<traces::ExecEvent>().size(), 2U);
    EXPECT_EQ(guest.all<traces::TaskEndEvent>().size(), 1U);
    EXPECT_EQ(guest.watched_tables(), std::vector{kChildSpace});
    EXPECT_FALSE(guest.all<traces::SyscallEvent>().back().result.has_value());
}

TEST(boundary_births, vfork_child_that_execs_is_watched_too) {
    Guest guest;
    GuestTask parent = guest.start_program();
    guest.call(parent, syscall_number("clone"), {kVforkFlags, kChildSp});
    GuestTask child = child_of(parent, kThreadStack);
    child.registers.sp = kChildSp;
    guest.resume(child);
    guest.call(child, syscall_number("execve"), {kProgramPath, 0, 0});
    guest.enter_image(kThreadStack, kChildSpace);
    EXPECT_EQ(guest.all<traces::ExecEvent>().size(), 2U);
    EXPECT_EQ(guest.watched_tables(), (std::vector{kProgramSpace, kChildSpace}));
    guest.tracer.handle({.reason = ExitReason::WatchedLoad,
                         .load_pc = GuestVirt{0x400100},
                         .load_address = GuestVirt{Guest::auxv_at(kInitialSp) + 8},
                         .load_size = 8});
    EXPECT_EQ(guest.all<traces::AuxvReadEvent>().size(), 1U);
    EXPECT_EQ(guest.sink.trace().events.back().task, TaskNumber{2});
    guest.return_from_call(parent, 78);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{1});
}

TEST(boundary_births, forked_child_is_watched_in_its_own_space) {
    Guest guest;
    GuestTask parent = guest.start_program();
    guest.call(parent, syscall_number("clone"), {17, 0});
    const GuestTask child = forked_from(parent, kThreadStack);
    guest.resume(child);
    EXPECT_EQ(guest.watched_tables(), (std::vector{kProgramSpace, kChildSpace}));
}

TEST(boundary_births, child_that_a_signal_meets_at_birth_is_born_into_the_handler) {
    Guest guest;
    GuestTask parent = guest.start_program();
    clone_thread(guest, parent);
    const GuestTask child = thread_of(parent, kThreadStack);
    guest.resume(guest.deliver(child, 10, 0x500000, child.registers.pc));
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{2});
    EXPECT_EQ(guest.all<traces::SignalEvent>().size(), 1U);
}

TEST(boundary_ends, exit_code_of_the_program_is_that_of_exit_group) {
    Guest guest;
    GuestTask task = guest.start_program();
    EXPECT_EQ(guest.tracer.program_exit_code(), std::nullopt);
    guest.call(task, syscall_number("exit_group"), {0x103});
    EXPECT_EQ(guest.tracer.program_exit_code(), 3);
}

TEST(boundary_ends, exit_code_of_the_program_is_that_of_its_first_task_once_all_have_ended) {
    Guest guest;
    GuestTask parent = guest.start_program();
    clone_thread(guest, parent);
    GuestTask child = thread_of(parent, kThreadStack);
    guest.return_from_call(parent, 77);
    guest.call(parent, syscall_number("exit"), {4});
    EXPECT_EQ(guest.tracer.program_exit_code(), std::nullopt);
    guest.resume(child);
    guest.call(child, syscall_number("exit"), {5});
    EXPECT_EQ(guest.tracer.program_exit_code(), 4);
}

TEST(boundary_ends, exit_code_of_a_child_is_not_that_of_the_program) {
    Guest guest;
    GuestTask parent = guest.start_program();
    guest.call(parent, syscall_number("clone"), {17, 0});
    GuestTask child = child_of(parent, kThreadStack);
    child.registers.ttbr0_el1 = kChildSpace;
    guest.resume(child);
    guest.call(child, syscall_number("exit_group"), {6});
    EXPECT_EQ(guest.tracer.program_exit_code(), std::nullopt);
}

TEST(boundary_births, process_1_is_the_program_where_that_is_what_is_recorded) {
    Guest guest(ProgramStart{.by = ProgramStart::By::Process1, .path = {}});
    GuestTask task = guest.enter_image(kProgramStack, kProgramSpace);
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{1});
    ASSERT_EQ(guest.all<traces::ExecEvent>().size(), 1U);
    EXPECT_EQ(guest.all<traces::ExecEvent>()[0].argv, std::vector<std::string>{"program"});
    guest.call(task, syscall_number("getpid"));
    guest.return_from_call(task, 1);
    EXPECT_EQ(guest.all<traces::SyscallEvent>().size(), 1U);
}

TEST(boundary_births, process_1_is_recorded_even_if_its_stack_is_not_linuxs) {
    Guest guest(ProgramStart{.by = ProgramStart::By::Process1, .path = {}});
    guest.engine.put_words(kInitialSp, {7, 0, 0, 0});
    GuestTask task = guest.enter_image(kProgramStack, kProgramSpace);
    guest.call(task, syscall_number("getpid"));
    EXPECT_EQ(guest.tracer.current_task(), TaskNumber{1});
    ASSERT_EQ(guest.all<traces::ExecEvent>().size(), 1U);
    EXPECT_TRUE(guest.all<traces::ExecEvent>()[0].auxv.empty());
}

}  // namespace
}  // namespace levitate::vmm::test
