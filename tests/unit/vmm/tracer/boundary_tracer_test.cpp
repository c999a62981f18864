// The boundary tracer against scripted exits.
#include <elf.h>
#include <gtest/gtest.h>

#include "tests/unit/vmm/tracer/guest.hpp"

namespace levitate::vmm::test {
namespace {

using traces::abi::error_number;
using traces::abi::syscall_number;

constexpr std::uint64_t kHandler = 0x500000;
constexpr std::uint64_t kDataAbort = 0x24;
constexpr std::uint64_t kUnknown = 0x00;
constexpr unsigned kSigusr1 = 10;
constexpr unsigned kSigchld = 17;

TEST(boundary_tracer, trace_starts_at_the_first_resume_after_the_execve_of_the_program) {
    Guest guest;
    EXPECT_TRUE(guest.tracer.stops().boundary);
    guest.start_program();
    const auto execs = guest.all<traces::ExecEvent>();
    ASSERT_EQ(execs.size(), 1U);
    EXPECT_EQ(execs[0].argv, std::vector<std::string>{"program"});
    EXPECT_EQ(execs[0].envp, std::vector<std::string>{"A=B"});
    EXPECT_EQ(execs[0].entry_pc, kEntryPc);
    EXPECT_EQ(execs[0].sp, kInitialSp);
    EXPECT_EQ(guest.sink.trace().header.auxv,
              (std::vector<traces::AuxvEntry>{{.type = 6, .value = 4096}, {.type = 9, .value = kEntryPc}}));
    EXPECT_EQ(guest.tracer.current_task(), traces::TaskNumber{1});
    EXPECT_TRUE(guest.all<traces::SyscallEvent>().empty());
}

TEST(boundary_tracer, exec_has_what_the_auxv_points_to) {
    constexpr std::uint64_t kPlatform = 0x7fffff20;
    constexpr std::uint64_t kRandom = 0x7fffff40;
    const auto exec_with = [](std::uint64_t platform, std::uint64_t random) {
        Guest guest;
        guest.engine.put_string(kPlatform, "aarch64");
        guest.engine.put_words(kRandom, {0x1716151413121110, 0x1f1e1d1c1b1a1918});
        guest.engine.put_words(Guest::auxv_at(kInitialSp), {AT_PLATFORM, platform, AT_RANDOM, random, 0, 0});
        guest.start_program();
        return guest.all<traces::ExecEvent>().at(0);
    };
    const traces::ExecEvent whole = exec_with(kPlatform, kRandom);
    EXPECT_EQ(whole.platform, "aarch64");
    ASSERT_TRUE(whole.random);
    ASSERT_EQ(whole.random->size(), 16U);
    EXPECT_EQ(whole.random->front(), std::byte{0x10});
    EXPECT_EQ(whole.random->back(), std::byte{0x1f});

    const traces::ExecEvent nowhere = exec_with(0, 0);
    EXPECT_EQ(nowhere.platform, "");
    ASSERT_TRUE(nowhere.random);
    EXPECT_TRUE(nowhere.random->empty());

    Guest without;
    without.start_program();
    EXPECT_FALSE(without.all<traces::ExecEvent>().at(0).platform);
    EXPECT_FALSE(without.all<traces::ExecEvent>().at(0).random);
}

TEST(boundary_tracer, execve_of_another_path_does_not_start_the_trace) {
    Guest guest("/bin/other");
    guest.start_program();
    EXPECT_FALSE(guest.tracer.program_started());
}

TEST(boundary_tracer, failed_execve_does_not_start_the_trace) {
    Guest guest;
    GuestTask task;
    task.registers.sp_el1 = kProgramStack;
    task.registers.sp = kInitialSp;
    guest.call(task, syscall_number("execve"), {kProgramPath, 0, 0});
    guest.return_from_call(task, -error_number("ENOENT"));
    EXPECT_FALSE(guest.tracer.program_started());
}

TEST(boundary_tracer, program_that_never_starts_leaves_an_incomplete_trace) {
    Guest guest;
    guest.tracer.finish({}, "");
    EXPECT_FALSE(guest.sink.trace().incomplete.empty());
}

TEST(boundary_tracer, call_has_number_arguments_result_and_the_pc_of_its_svc) {
    Guest guest;
    GuestTask task = guest.start_program();
    const std::uint64_t svc = task.registers.pc;
    guest.call(task, syscall_number("lseek"), {3, 100, 0});
    guest.return_from_call(task, 100);
    const auto calls = guest.all<traces::SyscallEvent>();
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].number, syscall_number("lseek"));
    EXPECT_EQ(calls[0].arguments[1], 100U);
    EXPECT_EQ(calls[0].result, 100);
    EXPECT_EQ(calls[0].pc, svc);
    EXPECT_TRUE(guest.all<traces::RegistersEvent>().empty());
}

TEST(boundary_tracer, indexes_count_within_a_task_and_order_over_all) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.call(task, syscall_number("getpid"));
    guest.return_from_call(task, 2);
    ASSERT_EQ(guest.sink.trace().events.size(), 3U);
    for (std::uint64_t at = 0; at < 3; ++at) {
        EXPECT_EQ(guest.sink.trace().events[at].index, at);
    }
    EXPECT_EQ(guest.sink.trace().events[1].order, 1U);
    EXPECT_EQ(guest.all<traces::SyscallEvent>()[0].entry_order, 2U);
    EXPECT_EQ(guest.sink.trace().events[2].order, 3U);
}

TEST(boundary_tracer, time_is_the_guests_since_the_program_began) {
    using std::chrono::nanoseconds;
    Guest guest;
    guest.engine.time = nanoseconds{5000};
    GuestTask task = guest.start_program();
    guest.engine.time = nanoseconds{5100};
    guest.call(task, syscall_number("getpid"));
    guest.engine.time = nanoseconds{5250};
    guest.return_from_call(task, 2);
    EXPECT_EQ(guest.sink.trace().events[0].time, 0U);
    EXPECT_EQ(guest.all<traces::SyscallEvent>()[0].entry_time, 100U);
    EXPECT_EQ(guest.sink.trace().events[2].time, 250U);
}

TEST(boundary_tracer, in_buffer_that_is_not_mapped_at_entry_is_read_at_exit) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.call(task, syscall_number("write"), {1, 0x9000, 5});
    guest.engine.put_string(0x9000, "hello");
    guest.return_from_call(task, 5);
    const auto calls = guest.all<traces::SyscallEvent>();
    ASSERT_EQ(calls.size(), 1U);
    ASSERT_EQ(calls[0].payloads.size(), 1U);
    EXPECT_EQ(calls[0].payloads[0].bytes.size(), 5U);
}

TEST(boundary_tracer, lost_x17_is_an_event) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.call(task, syscall_number("getpid"));
    task.registers.x[17] = 0;
    guest.return_from_call(task, 2);
    const auto losses = guest.all<traces::RegistersEvent>();
    ASSERT_EQ(losses.size(), 1U);
    ASSERT_EQ(losses[0].changes.size(), 1U);
    EXPECT_EQ(losses[0].changes[0].name, "x17");
    EXPECT_EQ(losses[0].changes[0].before, "0x1011");
    EXPECT_EQ(losses[0].changes[0].after, "0x0");
    EXPECT_EQ(losses[0].during, "syscall getpid");
}

TEST(boundary_tracer, interrupt_may_change_no_register) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.exception(task, kUnknown, true);
    task.registers.x[0] = 99;
    task.registers.v[3].high = 1;
    task.registers.pstate = 0x40000000;
    guest.resume(task);
    const auto losses = guest.all<traces::RegistersEvent>();
    ASSERT_EQ(losses.size(), 1U);
    EXPECT_EQ(losses[0].during, "irq");
    ASSERT_EQ(losses[0].changes.size(), 3U);
    EXPECT_EQ(losses[0].changes[0].name, "x0");
    EXPECT_EQ(losses[0].changes[1].name, "nzcv");
    EXPECT_EQ(losses[0].changes[2].name, "v3");
}

TEST(boundary_tracer, page_fault_that_is_served_is_no_event) {
    Guest guest;
    GuestTask task = guest.start_program();
    const std::size_t before = guest.sink.trace().events.size();
    guest.exception(task, kDataAbort);
    guest.resume(task);
    EXPECT_EQ(guest.sink.trace().events.size(), before);
}

TEST(boundary_tracer, emulated_mrs_may_change_its_register_and_no_other) {
    constexpr std::uint32_t kMrsX5Midr = 0xd5380005;
    Guest guest;
    GuestTask task = guest.start_program();
    guest.engine.put_value(task.registers.pc, kMrsX5Midr);
    guest.exception(task, kUnknown);
    task.registers.pc += 4;
    task.registers.x[5] = 0x413fd0c1;
    guest.resume(task);
    EXPECT_TRUE(guest.all<traces::RegistersEvent>().empty());

    guest.engine.put_value(task.registers.pc, kMrsX5Midr);
    guest.exception(task, kUnknown);
    task.registers.pc += 4;
    task.registers.x[6] = 0;
    guest.resume(task);
    ASSERT_EQ(guest.all<traces::RegistersEvent>().size(), 1U);
    EXPECT_EQ(guest.all<traces::RegistersEvent>()[0].changes[0].name, "x6");
}

TEST(boundary_tracer, signal_that_interrupts_a_call_gives_the_call_its_result) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.call(task, syscall_number("nanosleep"), {0, 0});
    task.registers.x[0] = static_cast<std::uint64_t>(-error_number("EINTR"));
    const GuestTask handler = guest.deliver(task, kSigusr1, kHandler, task.registers.pc);
    guest.resume(handler);
    const auto calls = guest.all<traces::SyscallEvent>();
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].result, -error_number("EINTR"));
    EXPECT_FALSE(calls[0].restarted);
    const auto signals = guest.all<traces::SignalEvent>();
    ASSERT_EQ(signals.size(), 1U);
    EXPECT_EQ(signals[0].signal, kSigusr1);
    EXPECT_EQ(signals[0].handler, kHandler);
    EXPECT_EQ(signals[0].frame, handler.registers.sp);
    EXPECT_EQ(signals[0].interrupted_pc, task.registers.pc);
    EXPECT_EQ(signals[0].siginfo.size(), 128U);
    EXPECT_TRUE(guest.all<traces::RegistersEvent>().empty());
}

TEST(boundary_tracer, signal_without_sa_siginfo_has_no_siginfo) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.exception(task, kUnknown, true);
    GuestTask handler = guest.deliver(task, kSigusr1, kHandler, task.registers.pc);
    handler.registers.x[1] = task.registers.x[1];
    handler.registers.x[2] = task.registers.x[2];
    guest.resume(handler);
    const auto signals = guest.all<traces::SignalEvent>();
    ASSERT_EQ(signals.size(), 1U);
    EXPECT_TRUE(signals[0].siginfo.empty());
}

TEST(boundary_tracer, call_that_a_handler_precedes_again_is_restarted) {
    Guest guest;
    GuestTask task = guest.start_program();
    const std::uint64_t svc = task.registers.pc;
    guest.call(task, syscall_number("read"), {0, 0, 0});
    const GuestTask handler = guest.deliver(task, kSigusr1, kHandler, svc);
    guest.resume(handler);
    const auto calls = guest.all<traces::SyscallEvent>();
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_TRUE(calls[0].restarted);
    EXPECT_FALSE(calls[0].result.has_value());
}

TEST(boundary_tracer, call_that_is_repeated_without_a_handler_is_one_call) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.call(task, syscall_number("nanosleep"), {0x123, 0});
    task.registers.pc -= 4;
    task.registers.x[8] = syscall_number("restart_syscall");
    guest.resume(task);
    guest.call(task, syscall_number("restart_syscall"));
    guest.return_from_call(task, 0);
    const auto calls = guest.all<traces::SyscallEvent>();
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0].number, syscall_number("nanosleep"));
    EXPECT_EQ(calls[0].arguments[0], 0x123U);
    EXPECT_EQ(calls[0].result, 0);
    EXPECT_TRUE(guest.all<traces::RegistersEvent>().empty());
}

TEST(boundary_tracer, signals_that_are_delivered_at_once_come_in_order_of_delivery) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.exception(task, kUnknown, true);
    const GuestTask first = guest.deliver(task, kSigusr1, kHandler, task.registers.pc);
    const GuestTask second = guest.deliver(first, kSigchld, kHandler + 0x100, first.registers.pc);
    guest.resume(second);
    const auto signals = guest.all<traces::SignalEvent>();
    ASSERT_EQ(signals.size(), 2U);
    EXPECT_EQ(signals[0].signal, kSigusr1);
    EXPECT_EQ(signals[1].signal, kSigchld);
    EXPECT_EQ(signals[1].interrupted_pc, kHandler);
}

TEST(boundary_tracer, register_that_the_signal_frame_has_wrong_is_an_event) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.exception(task, kUnknown, true);
    GuestTask wrong = task;
    wrong.registers.x[18] = 0;
    const GuestTask handler = guest.deliver(wrong, kSigusr1, kHandler, task.registers.pc);
    guest.resume(handler);
    const auto losses = guest.all<traces::RegistersEvent>();
    ASSERT_EQ(losses.size(), 1U);
    EXPECT_EQ(losses[0].changes[0].name, "x18");
}

TEST(boundary_tracer, rt_sigreturn_has_no_result) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.exception(task, kUnknown, true);
    GuestTask handler = guest.deliver(task, kSigusr1, kHandler, task.registers.pc);
    guest.resume(handler);
    guest.call(handler, syscall_number("rt_sigreturn"));
    guest.resume(task);
    const auto calls = guest.all<traces::SyscallEvent>();
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_FALSE(calls[0].result.has_value());
    EXPECT_TRUE(guest.all<traces::RegistersEvent>().empty());
}

TEST(boundary_tracer, register_that_rt_sigreturn_does_not_restore_is_an_event) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.exception(task, kUnknown, true);
    GuestTask handler = guest.deliver(task, kSigusr1, kHandler, task.registers.pc);
    guest.resume(handler);
    guest.call(handler, syscall_number("rt_sigreturn"));
    task.registers.x[9] = 1;
    guest.resume(task);
    const auto losses = guest.all<traces::RegistersEvent>();
    ASSERT_EQ(losses.size(), 1U);
    EXPECT_EQ(losses[0].changes[0].name, "x9");
}

TEST(boundary_tracer, signal_pending_at_rt_sigreturn_is_delivered_from_there) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.exception(task, kUnknown, true);
    GuestTask handler = guest.deliver(task, kSigusr1, kHandler, task.registers.pc);
    guest.resume(handler);
    guest.call(handler, syscall_number("rt_sigreturn"));
    const GuestTask next = guest.deliver(task, kSigchld, kHandler + 0x100, task.registers.pc);
    guest.resume(next);
    EXPECT_EQ(guest.all<traces::SignalEvent>().size(), 2U);
    EXPECT_EQ(guest.all<traces::SyscallEvent>().size(), 1U);
}

TEST(boundary_tracer, resume_at_a_place_that_nothing_explains_is_a_lost_pc) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.call(task, syscall_number("getpid"));
    task.registers.pc = 0x666000;
    guest.return_from_call(task, 2);
    const auto losses = guest.all<traces::RegistersEvent>();
    ASSERT_EQ(losses.size(), 1U);
    EXPECT_EQ(losses[0].changes[0].name, "pc");
}

TEST(boundary_tracer, exit_group_ends_the_process_without_a_result) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.call(task, syscall_number("exit_group"), {0x103});
    const auto calls = guest.all<traces::SyscallEvent>();
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_FALSE(calls[0].result.has_value());
    const auto ends = guest.all<traces::TaskEndEvent>();
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].exit_code, 3);
}

TEST(boundary_tracer, outcome_ends_the_program_that_a_signal_has_killed) {
    Guest guest;
    GuestTask task = guest.start_program();
    guest.exception(task, kDataAbort);
    guest.tracer.finish({.exit_code = std::nullopt, .signal = 11, .stdout_bytes = {}, .stderr_bytes = {}},
                        "");
    const auto ends = guest.all<traces::TaskEndEvent>();
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].signal, 11);
    EXPECT_TRUE(std::holds_alternative<traces::OutcomeEvent>(guest.sink.trace().events.back().body));
    EXPECT_FALSE(guest.tracer.stops().boundary);
}

TEST(boundary_tracer, load_from_the_auxv_names_its_entry) {
    Guest guest;
    guest.start_program();
    ASSERT_EQ(guest.tracer.stops().loads.size(), 1U);
    EXPECT_EQ(guest.tracer.stops().loads[0].table, kProgramSpace);
    EXPECT_EQ(guest.tracer.stops().loads[0].begin, GuestVirt{Guest::auxv_at(kInitialSp)});
    EXPECT_EQ(guest.tracer.stops().loads[0].end, GuestVirt{Guest::auxv_at(kInitialSp) + 48});
    guest.tracer.handle({.reason = ExitReason::WatchedLoad,
                         .load_pc = GuestVirt{0x400100},
                         .load_address = GuestVirt{Guest::auxv_at(kInitialSp) + 24},
                         .load_size = 8});
    const auto reads = guest.all<traces::AuxvReadEvent>();
    ASSERT_EQ(reads.size(), 1U);
    EXPECT_EQ(reads[0].type, 9U);
    EXPECT_EQ(reads[0].value, kEntryPc);
    EXPECT_EQ(reads[0].offset, 8U);
    EXPECT_EQ(reads[0].size, 8U);
    EXPECT_EQ(reads[0].pc, 0x400100U);
}

TEST(boundary_tracer, load_that_begins_before_the_auxv_and_spans_entries_is_split) {
    Guest guest;
    guest.start_program();
    guest.tracer.handle({.reason = ExitReason::WatchedLoad,
                         .load_pc = GuestVirt{0x400100},
                         .load_address = GuestVirt{Guest::auxv_at(kInitialSp) - 8},
                         .load_size = 32});
    const auto reads = guest.all<traces::AuxvReadEvent>();
    ASSERT_EQ(reads.size(), 2U);
    EXPECT_EQ(reads[0].type, 6U);
    EXPECT_EQ(reads[0].size, 16U);
    EXPECT_EQ(reads[1].type, 9U);
    EXPECT_EQ(reads[1].size, 8U);
}

TEST(boundary_tracer, program_without_a_vdso_has_no_breakpoints) {
    Guest guest;
    guest.start_program();
    EXPECT_TRUE(guest.tracer.stops().breakpoints.empty());
}

TEST(boundary_tracer, kernel_may_come_back_on_another_stack) {
    Guest guest;
    GuestTask task = guest.start_program();
    for (const std::uint64_t stack : {kThreadStack, kInitStack}) {
        guest.call(task, syscall_number("getpid"));
        task.registers.sp_el1 = stack;
        guest.return_from_call(task, 2);
        EXPECT_EQ(guest.tracer.current_task(), traces::TaskNumber{1});
    }
    EXPECT_TRUE(guest.tracer.refusal().empty());
    EXPECT_EQ(guest.all<traces::SyscallEvent>().size(), 2U);
}

TEST(boundary_tracer, kernel_may_have_one_stack_for_init_and_its_child) {
    Guest guest;
    GuestTask init;
    init.registers.sp_el1 = kProgramStack;
    init.registers.pc = 0x10000;
    guest.call(init, syscall_number("clone"), {0, 0});
    guest.return_from_call(init, 0);
    GuestTask task = guest.start_program();
    EXPECT_EQ(guest.tracer.current_task(), traces::TaskNumber{1});
    guest.call(task, syscall_number("getpid"));
    guest.resume(init);
    EXPECT_EQ(guest.tracer.current_task(), std::nullopt);
    guest.exception(init, 0, true);
    guest.return_from_call(task, 2);
    EXPECT_EQ(guest.tracer.current_task(), traces::TaskNumber{1});
    EXPECT_TRUE(guest.tracer.refusal().empty());
}

TEST(boundary_tracer, call_after_a_clone_that_returns_zero_at_the_same_svc_is_no_child) {
    Guest guest;
    GuestTask init;
    init.registers.sp_el1 = kInitStack;
    init.registers.pc = 0x10000;
    guest.call(init, syscall_number("clone"), {0, 0});
    guest.return_from_call(init, 2);
    init.registers.pc -= 4;
    guest.call(init, syscall_number("close"), {3});
    guest.return_from_call(init, 0);
    EXPECT_TRUE(guest.tracer.refusal().empty());
}

TEST(boundary_tracer, stack_that_is_not_a_programs_first_does_not_start_the_trace) {
    Guest guest;
    guest.engine.put_words(kInitialSp, {7, 0x7fffff00, 0});  // argc does not fit argv
    guest.start_program();
    EXPECT_FALSE(guest.tracer.program_started());
}

}  // namespace
}  // namespace levitate::vmm::test
