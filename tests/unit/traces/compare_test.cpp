#include "traces/compare/compare.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "tests/unit/traces/sample.hpp"
#include "tests/unit/traces/trace_builder.hpp"

namespace levitate::traces {
namespace {

using test::kThreadFlags;
using test::TraceBuilder;
using test::value;

Comparison compare_one(const Trace& golden, const Trace& actual) {
    return compare(std::span(&golden, 1), actual);
}

// A single-threaded program: start-up, a file, output, end.
Trace simple_program(std::int64_t pid = 100, std::uint64_t inode = 7) {
    TraceBuilder b;
    b.start(1, 0, value(abi::constant("SIGCHLD")), pid);
    b.add(1, ExecEvent{"/bin/case",
                       {"case", "one"},
                       {"A=b"},
                       {{6, 4096}, {25, 0x7fffffffe800}},
                       0x7fffffffe000,
                       0x1000});
    b.add(1, AuxvReadEvent{6, 4096, 8, 8, 0x1040});
    b.add(1, AuxvReadEvent{25, 0x7fffffffe800, 8, 8, 0x1044});
    b.call(1, "set_tid_address", {0x4000}, pid);
    b.call(1, "mmap", {0, 8192, 3, 0x22, value(-1), 0}, 0x7ffff7f00000);
    auto& random = b.call(1, "getrandom", {0x4100, 8, 1}, 8);
    TraceBuilder::payload(random, 0, Direction::Out,
                          to_bytes("\x01\x02\x03\x04\x05\x06\x07" + std::to_string(pid % 10)));
    b.open(1, "/etc/passwd", 3);
    auto& stat = b.call(1, "fstat", {3, 0x4200}, 0);
    std::vector<std::byte> buffer(128);
    buffer[8] = static_cast<std::byte>(inode);
    buffer[16] = std::byte{0xa4};
    buffer[17] = std::byte{0x81};
    buffer[48] = std::byte{42};
    buffer[88] = static_cast<std::byte>(inode);  // st_mtime
    TraceBuilder::payload(stat, 1, Direction::Out, buffer);
    b.read(1, 3, "root:x:0:0\n");
    b.read(1, 3, "");
    b.call(1, "close", {3}, 0);
    b.call(1, "getpid", {}, pid);
    b.add(1, VdsoCallEvent{"__kernel_clock_gettime", {1, 0x7fffffffd000}, 0x2000});
    b.call(1, "tgkill", {value(pid), value(pid), 10}, 0);
    std::vector<std::byte> siginfo(128);
    siginfo[0] = std::byte{10};
    siginfo[8] = std::byte{0xfa};
    siginfo[9] = siginfo[10] = siginfo[11] = std::byte{0xff};
    siginfo[16] = static_cast<std::byte>(pid);
    b.add(1, SignalEvent{10, -6, siginfo, 0x3000, 0x7fffffffc000, 0x3100});
    b.call(1, "rt_sigreturn", {}, std::nullopt);
    b.write(1, 1, "hello\n");
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "hello\n");
    return b.trace();
}

std::size_t index_of(const Trace& trace, std::string_view name, std::size_t nth = 0) {
    for (std::size_t i = 0; i < trace.events.size(); ++i) {
        const auto* call = std::get_if<SyscallEvent>(&trace.events[i].body);
        if (call != nullptr && abi::find_syscall(call->number)->name == name && nth-- == 0) {
            return i;
        }
    }
    ADD_FAILURE() << "no " << name;
    return 0;
}

SyscallEvent& call_at(Trace& trace, std::string_view name, std::size_t nth = 0) {
    return std::get<SyscallEvent>(trace.events[index_of(trace, name, nth)].body);
}

template <typename T>
T& first_of(Trace& trace) {
    for (Event& event : trace.events) {
        if (auto* body = std::get_if<T>(&event.body)) {
            return *body;
        }
    }
    throw std::logic_error("no such event");
}

TEST(Compare, a_trace_is_identical_to_itself) {
    const Comparison result = compare_one(simple_program(), simple_program());
    EXPECT_EQ(result.verdict, Verdict::Identical) << (result.divergence ? result.divergence->message : "");
    EXPECT_TRUE(result.normalised.empty());
}

TEST(Compare, every_kind_of_event_is_identical_to_itself) {
    EXPECT_EQ(compare_one(test::sample_trace(), test::sample_trace()).verdict, Verdict::Identical);
}

TEST(Compare, pids_inodes_times_and_random_bytes_are_equivalent) {
    const Comparison result = compare_one(simple_program(100, 7), simple_program(43, 9));
    EXPECT_EQ(result.verdict, Verdict::Equivalent) << (result.divergence ? result.divergence->message : "");
    std::vector<std::string> what;
    for (const Normalisation& normalisation : result.normalised) {
        what.push_back(normalisation.what);
    }
    EXPECT_EQ(what, (std::vector<std::string>{"inode numbers", "process and thread numbers", "random bytes",
                                              "times"}));
}

TEST(Compare, a_pid_that_is_not_the_same_everywhere_diverges) {
    Trace actual = simple_program(43);
    call_at(actual, "getpid").result = 44;
    const Comparison result = compare_one(simple_program(100), actual);
    ASSERT_TRUE(result.divergence);
    EXPECT_EQ(result.divergence->kind, DivergenceKind::Result);
    EXPECT_EQ(result.divergence->differences.at(0).field, "result");
}

struct Mutation {
    const char* name;
    DivergenceKind kind;
    std::function<void(Trace&)> apply;
};

class Mutated : public testing::TestWithParam<Mutation> {};

TEST_P(Mutated, is_found) {
    Trace actual = simple_program();
    GetParam().apply(actual);
    const Comparison result = compare_one(simple_program(), actual);
    ASSERT_EQ(result.verdict, Verdict::Divergent);
    EXPECT_EQ(result.divergence->kind, GetParam().kind) << result.divergence->message;
    EXPECT_FALSE(result.divergence->message.empty());
}

void erase_call(Trace& trace, std::string_view name, std::size_t nth = 0) {
    trace.events.erase(trace.events.begin() + static_cast<std::ptrdiff_t>(index_of(trace, name, nth)));
}

template <typename T>
void erase_first(Trace& trace) {
    trace.events.erase(
        std::ranges::find_if(trace.events, [](const Event& e) { return std::holds_alternative<T>(e.body); }));
}

void insert_before(Trace& trace, std::string_view name, EventBody body) {
    const std::size_t at = index_of(trace, name);
    Event event = trace.events[at];
    event.body = std::move(body);
    trace.events.insert(trace.events.begin() + static_cast<std::ptrdiff_t>(at), event);
}

const std::vector<Mutation> kMutations = {
    {"dropped_call", DivergenceKind::MissingCall, [](Trace& t) { erase_call(t, "close"); }},
    {"dropped_first_call", DivergenceKind::MissingCall, [](Trace& t) { erase_call(t, "set_tid_address"); }},
    {"dropped_read", DivergenceKind::Result, [](Trace& t) { erase_call(t, "read"); }},
    {"dropped_write", DivergenceKind::MissingCall, [](Trace& t) { erase_call(t, "write"); }},
    {"repeated_call", DivergenceKind::ExtraCall,
     [](Trace& t) { insert_before(t, "close", call_at(t, "getpid")); }},
    {"swapped_calls", DivergenceKind::MissingCall,
     [](Trace& t) { std::swap(t.events[index_of(t, "close")].body, t.events[index_of(t, "getpid")].body); }},
    {"another_result", DivergenceKind::Result, [](Trace& t) { call_at(t, "close").result = 1; }},
    {"an_error", DivergenceKind::Result, [](Trace& t) { call_at(t, "openat").result = -2; }},
    {"another_fd", DivergenceKind::Result, [](Trace& t) { call_at(t, "openat").result = 4; }},
    {"another_address", DivergenceKind::Result, [](Trace& t) { call_at(t, "mmap").result = 0x7ffff7e00000; }},
    {"no_result", DivergenceKind::Result, [](Trace& t) { call_at(t, "close").result.reset(); }},
    {"restarted", DivergenceKind::Result, [](Trace& t) { call_at(t, "close").restarted = true; }},
    {"another_flag", DivergenceKind::Arguments,
     [](Trace& t) { call_at(t, "openat").arguments[2] = value(abi::constant("O_CLOEXEC")); }},
    {"another_protection", DivergenceKind::Arguments, [](Trace& t) { call_at(t, "mmap").arguments[2] = 1; }},
    {"another_pointer", DivergenceKind::Arguments,
     [](Trace& t) { call_at(t, "read").arguments[1] = 0x5008; }},
    {"another_path", DivergenceKind::Arguments,
     [](Trace& t) { call_at(t, "openat").payloads[0].bytes = to_bytes("/etc/passwe"); }},
    {"a_byte_read", DivergenceKind::Data,
     [](Trace& t) { call_at(t, "read").payloads[0].bytes[5] = std::byte{'y'}; }},
    {"a_byte_written", DivergenceKind::Data,
     [](Trace& t) { call_at(t, "write").payloads[0].bytes[0] = std::byte{'H'}; }},
    {"no_data", DivergenceKind::Data, [](Trace& t) { call_at(t, "read").payloads.clear(); }},
    {"a_file_size", DivergenceKind::Data,
     [](Trace& t) { call_at(t, "fstat").payloads[0].bytes[48] = std::byte{43}; }},
    {"fewer_random_bytes", DivergenceKind::Data,
     [](Trace& t) { call_at(t, "getrandom").payloads[0].bytes.pop_back(); }},
    {"dropped_auxv_read", DivergenceKind::Auxv, [](Trace& t) { erase_first<AuxvReadEvent>(t); }},
    {"another_auxv_value", DivergenceKind::Auxv, [](Trace& t) { first_of<AuxvReadEvent>(t).value = 8192; }},
    {"another_auxv_type", DivergenceKind::Auxv, [](Trace& t) { first_of<AuxvReadEvent>(t).type = 17; }},
    {"auxv_lacks_an_entry", DivergenceKind::Auxv, [](Trace& t) { first_of<ExecEvent>(t).auxv.pop_back(); }},
    {"another_stack_pointer", DivergenceKind::Auxv, [](Trace& t) { first_of<ExecEvent>(t).sp -= 16; }},
    {"another_argv", DivergenceKind::Arguments, [](Trace& t) { first_of<ExecEvent>(t).argv[1] = "two"; }},
    {"dropped_vdso_call", DivergenceKind::MissingCall, [](Trace& t) { erase_first<VdsoCallEvent>(t); }},
    {"another_clock", DivergenceKind::Arguments,
     [](Trace& t) { first_of<VdsoCallEvent>(t).arguments[0] = 0; }},
    {"dropped_signal", DivergenceKind::Signal, [](Trace& t) { erase_first<SignalEvent>(t); }},
    {"another_signal", DivergenceKind::Signal, [](Trace& t) { first_of<SignalEvent>(t).signal = 12; }},
    {"another_signal_code", DivergenceKind::Signal,
     [](Trace& t) { first_of<SignalEvent>(t).siginfo[8] = std::byte{0xff}; }},
    {"another_handler", DivergenceKind::Signal, [](Trace& t) { first_of<SignalEvent>(t).handler += 4; }},
    {"lost_register", DivergenceKind::Registers,
     [](Trace& t) { insert_before(t, "getpid", RegistersEvent{{{"x17", "1", "2"}}, "irq", 0}); }},
    {"task_exit_code", DivergenceKind::Exit, [](Trace& t) { first_of<TaskEndEvent>(t).exit_code = 1; }},
    {"exit_code", DivergenceKind::Exit, [](Trace& t) { first_of<OutcomeEvent>(t).exit_code = 1; }},
    {"killed", DivergenceKind::Exit,
     [](Trace& t) {
         first_of<OutcomeEvent>(t).exit_code.reset();
         first_of<OutcomeEvent>(t).signal = 11;
     }},
    {"no_outcome", DivergenceKind::Exit, [](Trace& t) { t.events.pop_back(); }},
    {"a_byte_of_output", DivergenceKind::Output,
     [](Trace& t) { first_of<OutcomeEvent>(t).stdout_bytes[2] = std::byte{'L'}; }},
    {"lost_output", DivergenceKind::Output, [](Trace& t) { first_of<OutcomeEvent>(t).stdout_bytes.clear(); }},
    {"output_on_stderr", DivergenceKind::Output,
     [](Trace& t) { first_of<OutcomeEvent>(t).stderr_bytes = to_bytes("x"); }}};

INSTANTIATE_TEST_SUITE_P(Compare, Mutated, testing::ValuesIn(kMutations),
                         [](const auto& parameter) { return parameter.param.name; });

TEST(Compare, a_missing_call_is_told_with_both_places) {
    Trace actual = simple_program();
    erase_call(actual, "close");
    const Trace golden = simple_program();
    const Comparison result = compare_one(golden, actual);
    EXPECT_EQ(result.divergence->golden_event, index_of(golden, "close"));
    EXPECT_EQ(result.divergence->actual_event, index_of(actual, "getpid"));
    EXPECT_EQ(result.divergence->message, "expected close, found getpid");
}

TEST(Compare, a_cut_recording_says_why) {
    Trace actual = simple_program();
    actual.events.resize(index_of(actual, "getpid"));
    actual.incomplete = "time limit of 10 s reached";
    const Comparison result = compare_one(simple_program(), actual);
    EXPECT_EQ(result.divergence->kind, DivergenceKind::MissingCall);
    EXPECT_EQ(result.divergence->message,
              "expected getpid, found the end of the recording (time limit of 10 s reached)");
}

TEST(Compare, another_build_is_stale) {
    Trace actual = simple_program();
    erase_call(actual, "close");
    actual.header.program.sha256 = "bb";
    const Comparison result = compare_one(simple_program(), actual);
    EXPECT_EQ(result.verdict, Verdict::Stale);
    EXPECT_EQ(result.other_builds, std::vector<std::string>{"/bin/case"});
}

TEST(Compare, auxv_reads_are_not_asked_for_where_the_golden_could_not_see_them) {
    Trace golden = simple_program();
    erase_first<AuxvReadEvent>(golden);
    erase_first<AuxvReadEvent>(golden);
    EXPECT_EQ(compare_one(golden, simple_program()).verdict, Verdict::Equivalent);
    EXPECT_EQ(compare_one(simple_program(), golden).verdict, Verdict::Divergent);
}

TEST(Compare, random_addresses_are_compared_by_what_they_belong_to) {
    Trace golden = simple_program();
    Trace actual = simple_program();
    actual.header.randomize_addresses = true;
    call_at(actual, "mmap").result = 0x7fff12340000;
    auto& exec = first_of<ExecEvent>(actual);
    exec.sp = 0x7ffedcba0010;
    exec.auxv[1].value = 0x7ffedcba0810;
    for (Event& event : actual.events) {
        if (auto* read = std::get_if<AuxvReadEvent>(&event.body); read != nullptr && read->type == 25) {
            read->value = exec.auxv[1].value;
        }
    }
    EXPECT_EQ(compare_one(golden, actual).verdict, Verdict::Equivalent);
    // The same page cannot lie in two places.
    auto& extra = call_at(golden, "close");
    extra.number = abi::syscall_number("munmap");
    extra.arguments = {0x7ffff7f00000, 4096};
    auto& other = call_at(actual, "close");
    other.number = extra.number;
    other.arguments = {0x7fff12340000, 4096};
    EXPECT_EQ(compare_one(golden, actual).verdict, Verdict::Equivalent);
    other.arguments = {0x7fff12350000, 4096};
    EXPECT_EQ(compare_one(golden, actual).divergence.value().kind, DivergenceKind::Arguments);
}

// ---- threads ----

struct ThreadedOptions {
    bool main_waits = true;
    std::int64_t wake_count = 1;
    std::uint64_t stack = 0x7ffff7a00000;
    bool child_first = false;
    std::int64_t tid = 101;
    std::int64_t wait_result = 0;
};

Trace threaded_program(const ThreadedOptions& o = {}) {
    TraceBuilder b;
    const auto wait = value(abi::constant("FUTEX_WAIT_BITSET") | abi::constant("FUTEX_CLOCK_REALTIME"));
    const auto wake = value(abi::constant("FUTEX_WAKE_PRIVATE"));
    b.start(1, 0, 17, 100);
    b.call(1, "mmap", {0, 0x200000, 3, 0x22, value(-1), 0}, 0x7ffff7c00000);
    b.call(1, "clone", {kThreadFlags, 0x7ffff7dff000, 0x7ffff7dff100, 0x7ffff7dff200, 0x7ffff7dff100}, o.tid);
    const auto child = [&] {
        b.call(2, "mmap", {0, 0x200000, 3, 0x22, value(-1), 0}, static_cast<std::int64_t>(o.stack));
        b.call(2, "mprotect", {o.stack + 0x1000, 0x1000, 3}, 0);
        b.call(2, "gettid", {}, o.tid);
        b.call(2, "futex", {0x4000, wake, 1}, o.wake_count);
    };
    b.start(2, 1, kThreadFlags, o.tid);
    if (o.child_first) {
        child();
    }
    if (o.main_waits) {
        b.call(1, "futex", {0x7ffff7dff100, wait, value(o.tid), 0, 0, 0xffffffff}, o.wait_result);
    }
    b.call(1, "sched_getaffinity", {0, 128, 0}, 8);
    if (!o.child_first) {
        child();
    }
    b.call(2, "exit", {0}, std::nullopt);
    b.end(2, 0);
    b.call(1, "munmap", {0x7ffff7c00000, 0x200000}, 0);
    b.call(1, "exit_group", {0}, std::nullopt);
    b.end(1, 0);
    b.outcome(0, "");
    return b.trace();
}

std::string told(const Comparison& result) {
    return result.divergence ? result.divergence->message : "no divergence";
}

TEST(CompareThreads, another_schedule_is_equivalent) {
    const Trace golden = threaded_program();
    for (const ThreadedOptions& o :
         {ThreadedOptions{.main_waits = false}, ThreadedOptions{.wake_count = 0},
          ThreadedOptions{.child_first = true}, ThreadedOptions{.tid = 77},
          ThreadedOptions{.wait_result = -11}, ThreadedOptions{.stack = 0x7ffff7600000}}) {
        const Comparison result = compare_one(golden, threaded_program(o));
        EXPECT_NE(result.verdict, Verdict::Divergent) << told(result);
        const Comparison reverse = compare_one(threaded_program(o), golden);
        EXPECT_NE(reverse.verdict, Verdict::Divergent) << told(reverse);
    }
}

TEST(CompareThreads, repeated_waits_are_equivalent) {
    const Trace golden = threaded_program();
    Trace actual = threaded_program();
    Event again = actual.events[index_of(actual, "futex")];
    std::get<SyscallEvent>(again.body).result = -abi::error_number("EAGAIN");
    actual.events.insert(actual.events.begin() + static_cast<std::ptrdiff_t>(index_of(actual, "futex")),
                         again);
    EXPECT_EQ(compare_one(golden, actual).verdict, Verdict::Equivalent);
}

TEST(CompareThreads, a_futex_that_is_refused_diverges) {
    const Comparison result =
        compare_one(threaded_program(), threaded_program({.wait_result = -abi::error_number("ENOSYS")}));
    EXPECT_EQ(result.verdict, Verdict::Divergent);
    EXPECT_EQ(result.divergence.value().kind, DivergenceKind::Result);
}

TEST(CompareThreads, a_timeout_without_a_timeout_diverges) {
    const Comparison result =
        compare_one(threaded_program(), threaded_program({.wait_result = -abi::error_number("ETIMEDOUT")}));
    EXPECT_EQ(result.verdict, Verdict::Divergent);
}

TEST(CompareThreads, a_mapping_in_another_place_stays_the_same_mapping) {
    Trace actual = threaded_program({.stack = 0x7ffff7600000});
    call_at(actual, "mprotect").arguments[0] += 0x1000;
    const Comparison result = compare_one(threaded_program(), actual);
    ASSERT_EQ(result.verdict, Verdict::Equivalent) << "the first use of a page of a moved mapping binds it";
    call_at(actual, "mprotect").arguments[0] = 0x7ffff7a01000;
    EXPECT_EQ(compare_one(threaded_program(), actual).verdict, Verdict::Divergent);
}

TEST(CompareThreads, before_the_first_thread_all_is_exact) {
    TraceBuilder golden;
    golden.start(1, 0, 17, 100);
    golden.call(1, "futex", {0x4000, value(abi::constant("FUTEX_WAKE_PRIVATE")), 1}, 0);
    golden.end(1, 0);
    TraceBuilder actual;
    actual.start(1, 0, 17, 100);
    actual.end(1, 0);
    EXPECT_EQ(compare_one(golden.trace(), actual.trace()).divergence.value().kind,
              DivergenceKind::MissingCall);
}

TEST(CompareThreads, a_missing_and_an_extra_thread_diverge) {
    Trace fewer = threaded_program();
    std::erase_if(fewer.events, [](const Event& event) { return event.task == TaskNumber{2}; });
    EXPECT_EQ(compare_one(threaded_program(), fewer).divergence.value().kind, DivergenceKind::MissingCall);
    EXPECT_EQ(compare_one(fewer, threaded_program()).divergence.value().kind, DivergenceKind::ExtraCall);
}

TEST(CompareThreads, a_thread_that_its_process_ends_may_stop_anywhere) {
    Trace golden = threaded_program();
    Trace actual = threaded_program();
    erase_call(golden, "exit");
    erase_call(actual, "exit");
    std::erase_if(actual.events, [](const Event& event) {
        const auto* call = std::get_if<SyscallEvent>(&event.body);
        return event.task == TaskNumber{2} && call != nullptr && call->number != abi::syscall_number("mmap");
    });
    EXPECT_EQ(compare_one(golden, actual).verdict, Verdict::Equivalent);
}

TEST(CompareThreads, a_mutation_inside_a_thread_is_found) {
    Trace actual = threaded_program();
    call_at(actual, "mprotect").result = -12;
    const Comparison result = compare_one(threaded_program(), actual);
    EXPECT_EQ(result.divergence.value().kind, DivergenceKind::Result);
    EXPECT_EQ(result.divergence.value().task, TaskNumber{2});
}

// ---- streams, polls, signals ----

Trace piped(const std::vector<std::string_view>& chunks, bool beside = true) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    auto& pipe = b.call(1, "pipe2", {0x4000, 0}, 0);
    TraceBuilder::payload(pipe, 0, Direction::Out, to_bytes(std::string_view("\x03\0\0\0\x04\0\0\0", 8)));
    if (beside) {
        b.call(1, "clone", {17}, 101);
        b.start(2, 1, 17, 101);
    }
    for (const std::string_view chunk : chunks) {
        b.read(1, 3, chunk);
    }
    b.call(1, "close", {3}, 0);
    if (beside) {
        b.end(2, 0);
    }
    b.end(1, 0);
    return b.trace();
}

TEST(CompareStreams, a_pipe_may_be_chunked_otherwise) {
    EXPECT_EQ(compare_one(piped({"abc", "def", ""}), piped({"abcdef", ""})).verdict, Verdict::Equivalent);
    EXPECT_EQ(compare_one(piped({"abcdef", ""}), piped({"a", "bcde", "f", ""})).verdict, Verdict::Equivalent);
}

TEST(CompareStreams, bytes_and_ends_are_compared) {
    EXPECT_EQ(compare_one(piped({"abc", "def", ""}), piped({"abcdeF", ""})).verdict, Verdict::Divergent);
    EXPECT_EQ(compare_one(piped({"abc", "def", ""}), piped({"abcde", ""})).verdict, Verdict::Divergent);
    EXPECT_EQ(compare_one(piped({"abc", "def", ""}), piped({"abcdef"})).verdict, Verdict::Divergent);
}

TEST(CompareStreams, alone_with_its_pipe_a_task_sees_exact_chunks) {
    EXPECT_EQ(compare_one(piped({"abc", "def"}, false), piped({"abcdef"}, false)).verdict,
              Verdict::Divergent);
}

TEST(CompareStreams, a_regular_file_is_not_chunked_freely) {
    const auto file = [](const std::vector<std::string_view>& chunks) {
        TraceBuilder b;
        b.start(1, 0, 17, 100);
        b.call(1, "clone", {17}, 101);
        b.start(2, 1, 17, 101);
        b.open(1, "/data", 3);
        for (const std::string_view chunk : chunks) {
            b.read(1, 3, chunk);
        }
        b.end(1, 0);
        return b.trace();
    };
    EXPECT_EQ(compare_one(file({"abcdef", ""}), file({"abc", "def", ""})).verdict, Verdict::Divergent);
}

TEST(CompareStreams, standard_input_may_arrive_in_pieces) {
    const auto input = [](const std::vector<std::string_view>& chunks) {
        TraceBuilder b;
        b.start(1, 0, 17, 100);
        for (const std::string_view chunk : chunks) {
            b.read(1, 0, chunk);
        }
        b.end(1, 0);
        return b.trace();
    };
    EXPECT_EQ(compare_one(input({"ab", "c", ""}), input({"abc", ""})).verdict, Verdict::Equivalent);
}

Trace alarmed(std::size_t position) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    std::vector<std::byte> siginfo(128);
    siginfo[0] = std::byte{14};
    siginfo[8] = std::byte{0x80};
    for (std::size_t i = 0; i < 4; ++i) {
        if (i == position) {
            b.add(1, SignalEvent{14, 128, siginfo, 0x3000, 0x7fffffffc000, 0x3100 + i});
            b.write(1, 2, "alarm");
            b.call(1, "rt_sigreturn", {}, std::nullopt);
        }
        b.call(1, "lseek", {3, i, 0}, static_cast<std::int64_t>(i));
    }
    b.end(1, 0);
    return b.trace();
}

TEST(CompareSignals, an_alarm_may_come_at_another_point) {
    EXPECT_EQ(compare_one(alarmed(1), alarmed(1)).verdict, Verdict::Identical);
    EXPECT_EQ(compare_one(alarmed(1), alarmed(3)).verdict, Verdict::Equivalent);
    EXPECT_EQ(compare_one(alarmed(3), alarmed(0)).verdict, Verdict::Equivalent);
}

TEST(CompareSignals, an_alarm_has_to_come) {
    const Comparison result = compare_one(alarmed(1), alarmed(9));
    EXPECT_EQ(result.divergence.value().kind, DivergenceKind::Signal);
    EXPECT_EQ(result.divergence.value().message, "signal SIGALRM was not delivered");
    EXPECT_EQ(compare_one(alarmed(9), alarmed(1)).divergence.value().kind, DivergenceKind::Signal);
}

TEST(CompareSignals, its_handler_has_to_do_the_same) {
    Trace actual = alarmed(3);
    call_at(actual, "write").payloads[0].bytes[0] = std::byte{'A'};
    EXPECT_EQ(compare_one(alarmed(1), actual).divergence.value().kind, DivergenceKind::Signal);
}

// ---- files of /proc ----

Trace reads_file(std::string_view path, const std::vector<std::string_view>& chunks) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    b.open(1, path, 3);
    for (const std::string_view chunk : chunks) {
        b.read(1, 3, chunk);
    }
    b.end(1, 0);
    return b.trace();
}

TEST(CompareFiles, maps_are_compared_by_what_they_say) {
    constexpr std::string_view kMaps = "/proc/self/maps";
    const auto golden = reads_file(
        kMaps, {"1000-2000 r-xp 00000000 00:02 17 /bin/case\n7000-8000 rw-p 00000000 00:00 0 [stack]\n", ""});
    const auto same = reads_file(kMaps, {"1000-2000 r-xp 00000000 00:1a 5      /bin/case\n",
                                         "7000-8000 rw-p 00000000 00:00 0   [stack]\n", ""});
    EXPECT_EQ(compare_one(golden, same).verdict, Verdict::Equivalent) << told(compare_one(golden, same));
    const auto permissions = reads_file(
        kMaps, {"1000-2000 rwxp 00000000 00:02 17 /bin/case\n7000-8000 rw-p 00000000 00:00 0 [stack]\n", ""});
    EXPECT_EQ(compare_one(golden, permissions).divergence.value().kind, DivergenceKind::Data);
    const auto shorter = reads_file(kMaps, {"1000-2000 r-xp 00000000 00:02 17 /bin/case\n", ""});
    EXPECT_EQ(compare_one(golden, shorter).verdict, Verdict::Divergent);
    const auto longer = reads_file(
        kMaps, {"1000-2000 r-xp 00000000 00:02 17 /bin/case\n7000-9000 rw-p 00000000 00:00 0 [stack]\n", ""});
    EXPECT_EQ(compare_one(golden, longer).verdict, Verdict::Divergent);
}

TEST(CompareFiles, numbers_of_proc_files_are_free_and_their_shape_is_not) {
    constexpr std::string_view kStatus = "/proc/self/status";
    const auto golden = reads_file(kStatus, {"Name:\tcase\nPid:\t100\nVmRSS:\t    1024 kB\n", ""});
    EXPECT_EQ(
        compare_one(golden, reads_file(kStatus, {"Name:\tcase\nPid:\t7\nVmRSS:\t 20480 kB\n", ""})).verdict,
        Verdict::Equivalent);
    EXPECT_EQ(compare_one(golden, reads_file(kStatus, {"Name:\tcase\nVmRSS:\t 20480 kB\n", ""})).verdict,
              Verdict::Divergent);
    EXPECT_EQ(compare_one(golden, reads_file("/etc/status", {"Name:\tcase\n", ""})).verdict,
              Verdict::Divergent);
}

// A task that sends itself the signal that ends it. Who sees the call's result depends on where one looks
// from.
Trace suicide(std::optional<std::int64_t> result, TaskEndEvent end) {
    TraceBuilder b;
    b.start(1, 0, value(abi::constant("SIGCHLD")), 100);
    b.call(1, "tgkill", {100, 100, value(abi::constant("SIGABRT"))}, result);
    b.add(1, end);
    b.add(1, OutcomeEvent{end.exit_code, end.signal, {}, {}});
    return b.trace();
}

constexpr TaskEndEvent kAborted{.exit_code = std::nullopt, .signal = 6};

TEST(CompareEnds, a_result_that_a_task_does_not_live_to_see_may_be_missing) {
    EXPECT_EQ(compare_one(suicide(0, kAborted), suicide(std::nullopt, kAborted)).verdict,
              Verdict::Equivalent);
    EXPECT_EQ(compare_one(suicide(std::nullopt, kAborted), suicide(0, kAborted)).verdict,
              Verdict::Equivalent);
    EXPECT_EQ(compare_one(suicide(0, kAborted), suicide(-1, kAborted)).verdict, Verdict::Divergent);
}

TEST(CompareEnds, a_result_that_a_living_task_does_not_get_is_missed) {
    const auto outlive = [](Trace trace) {
        TraceBuilder b;
        b.trace() = std::move(trace);
        const Event end = b.trace().events[2];
        const Event outcome = b.trace().events[3];
        b.trace().events.resize(2);
        Event after = b.trace().events[1];
        std::get<SyscallEvent>(after.body).result = 0;
        for (Event event : {after, end, outcome}) {
            event.index = event.order = b.trace().events.size();
            b.trace().events.push_back(event);
        }
        return b.trace();
    };
    const Comparison living =
        compare_one(outlive(suicide(0, kAborted)), outlive(suicide(std::nullopt, kAborted)));
    ASSERT_TRUE(living.divergence);
    EXPECT_EQ(living.divergence->kind, DivergenceKind::Result);
    // It ends by itself: it was there to see the result.
    const TaskEndEvent exited{.exit_code = 0, .signal = std::nullopt};
    EXPECT_EQ(compare_one(suicide(0, exited), suicide(std::nullopt, exited)).verdict, Verdict::Divergent);
}

TEST(CompareEnds, a_number_that_was_not_known_at_birth_is_not_compared) {
    const auto with_child = [](std::int64_t at_birth, std::int64_t asked) {
        TraceBuilder b;
        b.start(1, 0, value(abi::constant("SIGCHLD")), 100);
        const std::uint64_t flags = value(abi::constant("CLONE_VM") | abi::constant("CLONE_VFORK"));
        b.start(2, 1, flags, at_birth);
        b.call(2, "getpid", {}, asked);
        b.call(2, "getpid", {}, 101);
        b.call(1, "clone", {flags, 0, 0, 0, 0}, 101);
        return b.trace();
    };
    EXPECT_EQ(compare_one(with_child(101, 101), with_child(0, 101)).verdict, Verdict::Identical);
    EXPECT_EQ(compare_one(with_child(0, 101), with_child(101, 101)).verdict, Verdict::Identical);
    // Where both know it, it is the number that the child has everywhere else.
    EXPECT_EQ(compare_one(with_child(101, 101), with_child(102, 101)).verdict, Verdict::Divergent);
}

// ---- several recordings ----

Trace says(std::string_view text, std::int64_t size = 5, std::int64_t seconds = 0) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    auto& clock = b.call(1, "clock_gettime", {0, 0x4000}, 0);
    std::vector<std::byte> time(16);
    time[0] = static_cast<std::byte>(seconds);
    TraceBuilder::payload(clock, 1, Direction::Out, time);
    b.call(1, "lseek", {3, 0, 2}, size);
    b.write(1, 1, text);
    b.end(1, 0);
    b.outcome(0, text);
    return b.trace();
}

TEST(CompareRecordings, what_varied_among_them_may_vary) {
    const std::vector<Trace> golden{says("took 12 ms\n", 5), says("took 31 ms\n", 6)};
    EXPECT_EQ(compare(golden, says("took 45 ms\n", 9)).verdict, Verdict::Equivalent);
    EXPECT_EQ(compare(golden, says("took 45 us\n", 9)).divergence.value().kind, DivergenceKind::Data);
    EXPECT_EQ(compare(golden, says("took 45 ms\n", -9)).divergence.value().kind, DivergenceKind::Result);
}

TEST(CompareRecordings, what_did_not_vary_may_not) {
    const std::vector<Trace> golden{says("took 12 ms\n"), says("took 31 ms\n")};
    EXPECT_EQ(compare(golden, says("took 12 ms\n", 6)).divergence.value().kind, DivergenceKind::Result);
    const std::vector<Trace> equal{says("a\n"), says("a\n")};
    EXPECT_EQ(compare(equal, says("b\n")).divergence.value().kind, DivergenceKind::Data);
}

TEST(CompareRecordings, a_time_on_which_all_agree_is_exact) {
    const std::vector<Trace> agree{says("a", 5, 1), says("a", 5, 1)};
    EXPECT_EQ(compare(agree, says("a", 5, 2)).divergence.value().kind, DivergenceKind::Data);
    const std::vector<Trace> differ{says("a", 5, 1), says("a", 5, 2)};
    EXPECT_EQ(compare(differ, says("a", 5, 3)).verdict, Verdict::Equivalent);
    EXPECT_EQ(compare(std::span(agree).first(1), says("a", 5, 2)).verdict, Verdict::Equivalent);
}

TEST(CompareRecordings, another_path_that_one_of_them_took_is_fine) {
    Trace other = simple_program();
    erase_call(other, "close");
    const std::vector<Trace> golden{simple_program(), other};
    EXPECT_EQ(compare(golden, other).verdict, Verdict::Identical);
    EXPECT_EQ(compare(golden, other).golden, 1U);
    EXPECT_EQ(compare(golden, simple_program()).verdict, Verdict::Identical);
    Trace neither = simple_program();
    erase_call(neither, "getpid");
    EXPECT_EQ(compare(golden, neither).verdict, Verdict::Divergent);
}

// ---- hostile input ----

TEST(CompareHostile, any_traces_can_be_compared) {
    std::mt19937 random(3);
    const Trace golden = threaded_program();
    for (int round = 0; round < 400; ++round) {
        Trace damaged = threaded_program();
        for (int change = 0; change < 4; ++change) {
            Event& event = damaged.events[random() % damaged.events.size()];
            event.task = static_cast<TaskNumber>(random() % 4);
            event.order = random() % 20;
            event.index = random() % 20;
            event.body = damaged.events[random() % damaged.events.size()].body;
            if (auto* call = std::get_if<SyscallEvent>(&event.body)) {
                call->number = random() % 460;
                call->result = static_cast<std::int64_t>(random());
                call->payloads.push_back({.argument = static_cast<unsigned>(random() % 6),
                                          .direction = Direction::Out,
                                          .element = static_cast<unsigned>(random() % 3),
                                          .bytes = std::vector<std::byte>(random() % 200),
                                          .length = 0});
            }
            if (auto* start = std::get_if<TaskStartEvent>(&event.body)) {
                start->parent = static_cast<TaskNumber>(random() % 4);
            }
        }
        compare_one(golden, damaged);
        compare_one(damaged, golden);
        EXPECT_NE(compare_one(damaged, damaged).verdict, Verdict::Stale);
    }
}

TEST(CompareHostile, an_empty_trace_is_equal_to_itself_only) {
    EXPECT_EQ(compare_one({}, {}).verdict, Verdict::Identical);
    EXPECT_EQ(compare_one(simple_program(), {}).verdict, Verdict::Divergent);
    EXPECT_EQ(compare_one({}, simple_program()).verdict, Verdict::Divergent);
}

}  // namespace
}  // namespace levitate::traces
