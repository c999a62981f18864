#include "traces/compare/compare.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/sample.hpp"
#include "tests/unit/traces/trace_builder.hpp"

namespace levitate::traces {
namespace {

using test::call_at;
using test::compare_one;
using test::divergence_of;
using test::erase_call;
using test::erase_first;
using test::first_of;
using test::index_of;
using test::kind_of;
using test::simple_program;
using test::TraceBuilder;
using test::value;
using test::verdict_of;

TEST(Compare, a_trace_is_identical_to_itself) {
    const Comparison result = compare_one(simple_program(), simple_program());
    EXPECT_EQ(result.verdict, Verdict::Identical) << test::told(result);
    EXPECT_TRUE(result.normalised.empty());
}

TEST(Compare, every_kind_of_event_is_identical_to_itself) {
    EXPECT_EQ(verdict_of(test::sample_trace(), test::sample_trace()), Verdict::Identical);
}

TEST(Compare, pids_inodes_times_and_random_bytes_are_equivalent) {
    const Comparison result = compare_one(simple_program(100, 7), simple_program(43, 9));
    EXPECT_EQ(result.verdict, Verdict::Equivalent) << test::told(result);
    std::vector<std::string> what;
    what.reserve(result.normalised.size());
    for (const Normalisation& normalisation : result.normalised) {
        what.push_back(normalisation.what);
    }
    EXPECT_EQ(what, (std::vector<std::string>{"inode numbers", "process and thread numbers", "random bytes",
                                              "times"}));
}

TEST(Compare, a_pid_that_is_not_the_same_everywhere_diverges) {
    Trace actual = simple_program(43);
    call_at(actual, "getpid").result = 44;
    const Divergence divergence = divergence_of(compare_one(simple_program(100), actual));
    EXPECT_EQ(divergence.kind, DivergenceKind::Result);
    EXPECT_EQ(divergence.differences.at(0).field, "result");
}

TEST(Compare, a_pid_that_was_written_down_may_be_longer) {
    // As formatters do, from the last digit of a buffer on.
    const auto writes_pid = [](std::int64_t pid, std::uint64_t buffer_end) {
        TraceBuilder b;
        b.start(1, 0, 17, pid);
        b.call(1, "getpid", {}, pid);
        const std::string digits = std::to_string(pid);
        const std::uint64_t buffer = buffer_end - digits.size();
        auto& write =
            b.call(1, "write", {2, buffer, digits.size()}, static_cast<std::int64_t>(digits.size()));
        TraceBuilder::payload(write, 1, Direction::In, to_bytes(digits));
        b.end(1, 0);
        return b.trace();
    };
    EXPECT_EQ(verdict_of(writes_pid(223, 0x6010), writes_pid(78, 0x6010)), Verdict::Equivalent);
    EXPECT_EQ(verdict_of(writes_pid(223, 0x6010), writes_pid(78, 0x6011)), Verdict::Divergent);
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
    const Divergence divergence = divergence_of(result);
    EXPECT_EQ(divergence.kind, GetParam().kind) << divergence.message;
    EXPECT_FALSE(divergence.message.empty());
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
    const Divergence divergence = divergence_of(compare_one(golden, actual));
    EXPECT_EQ(divergence.golden_event, index_of(golden, "close"));
    EXPECT_EQ(divergence.actual_event, index_of(actual, "getpid"));
    EXPECT_EQ(divergence.message, "expected close, found getpid");
}

TEST(Compare, a_cut_recording_says_why) {
    Trace actual = simple_program();
    actual.events.resize(index_of(actual, "getpid"));
    actual.incomplete = "time limit of 10 s reached";
    const Divergence divergence = divergence_of(compare_one(simple_program(), actual));
    EXPECT_EQ(divergence.kind, DivergenceKind::MissingCall);
    EXPECT_EQ(divergence.message,
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

TEST(Compare, the_first_auxv_read_or_vdso_call_diverges_where_the_golden_has_none) {
    Trace no_reads = simple_program();
    erase_first<AuxvReadEvent>(no_reads);
    erase_first<AuxvReadEvent>(no_reads);
    EXPECT_EQ(verdict_of(no_reads, simple_program()), Verdict::Divergent);
    Trace no_vdso_call = simple_program();
    erase_first<VdsoCallEvent>(no_vdso_call);
    EXPECT_EQ(verdict_of(no_vdso_call, simple_program()), Verdict::Divergent);
}

TEST(Compare, random_addresses_are_compared_by_what_they_belong_to) {
    Trace golden = simple_program();
    Trace actual = simple_program();
    actual.header.randomize_addresses = true;
    call_at(actual, "mmap").result = 0x7fff12340000;
    auto& exec = first_of<ExecEvent>(actual);
    exec.sp = 0x7ffedcba0010;
    exec.auxv[1].value = 0x7ffedcba0810;
    const std::uint64_t moved = exec.sp - first_of<ExecEvent>(golden).sp;
    first_of<VdsoCallEvent>(actual).arguments[1] += moved;
    first_of<SignalEvent>(actual).frame += moved;
    for (Event& event : actual.events) {
        if (auto* read = std::get_if<AuxvReadEvent>(&event.body); read != nullptr && read->type == 25) {
            read->value = exec.auxv[1].value;
        }
    }
    EXPECT_EQ(verdict_of(golden, actual), Verdict::Equivalent);
    // The same page cannot lie in two places.
    auto& extra = call_at(golden, "close");
    extra.number = abi::syscall_number("munmap");
    extra.arguments = {0x7ffff7f00000, 4096};
    auto& other = call_at(actual, "close");
    other.number = extra.number;
    other.arguments = {0x7fff12340000, 4096};
    EXPECT_EQ(verdict_of(golden, actual), Verdict::Equivalent);
    other.arguments = {0x7fff12350000, 4096};
    EXPECT_EQ(kind_of(golden, actual), DivergenceKind::Arguments);
}

}  // namespace
}  // namespace levitate::traces
