// The native engine on real AArch64 Linux: cross-compiled, and run on the reference host, whose root has
// busybox and, in /guests, some of the guest programs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/format/bytes.hpp"
#include "traces/format/sinks.hpp"
#include "vmm/descriptor.hpp"
#include "vmm/run/run_native.hpp"

namespace levitate::vmm {
namespace {

using traces::to_bytes;

RunSpec busybox(std::vector<std::string> command) {
    RunSpec spec;
    spec.program = "/bin/busybox";
    spec.argv = std::move(command);
    spec.stdin_bytes.emplace();
    spec.engine = EngineKind::Native;
    return spec;
}

RunSpec shell(const std::string& script) {
    return busybox({"sh", "-c", script});
}

RunSpec guest(const std::string& name) {
    RunSpec spec = busybox({name});
    spec.program = "/guests/" + name;
    return spec;
}

Result<Outcome> run_captured(const RunSpec& spec, traces::EventSink* sink = nullptr) {
    RunHooks hooks;
    hooks.capture_output = true;
    hooks.sink = sink;
    return run_native(spec, hooks, {});
}

std::string text(const std::vector<std::byte>& bytes) {
    return std::string{traces::as_string_view(bytes)};
}

TEST(RunNative, exit_status_and_both_outputs_are_the_programs) {
    const auto outcome = run_captured(shell("echo out; echo err >&2; exit 3"));
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->exit_code, 3);
    EXPECT_EQ(outcome->signal, std::nullopt);
    EXPECT_EQ(text(outcome->stdout_bytes), "out\n");
    EXPECT_EQ(text(outcome->stderr_bytes), "err\n");
    EXPECT_EQ(outcome->incomplete, "");
}

TEST(RunNative, signal_that_ends_the_program_is_told) {
    const auto outcome = run_captured(shell("kill -SEGV $$"));
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->signal, 11);
    EXPECT_EQ(outcome->exit_code, std::nullopt);
}

TEST(RunNative, program_gets_its_input_directory_and_environment_and_no_other) {
    RunSpec reader = shell("cat; pwd");
    reader.stdin_bytes = to_bytes("input\n");
    reader.cwd = "/proc";
    EXPECT_EQ(text(run_captured(reader)->stdout_bytes), "input\n/proc\n");
    RunSpec printer = busybox({"env"});
    printer.envp = {"ONE=1", "TWO=2"};
    EXPECT_EQ(text(run_captured(printer)->stdout_bytes), "ONE=1\nTWO=2\n");
}

TEST(RunNative, output_is_passed_on_where_it_is_not_captured) {
    const Pipe pipe = make_pipe().value_or(Pipe{});
    ASSERT_TRUE(pipe.writer.is_open());
    const Descriptor saved{::dup(STDOUT_FILENO)};
    ::fflush(stdout);
    ::dup2(pipe.writer.get(), STDOUT_FILENO);
    const auto outcome = run_native(shell("echo passed on"), {}, {});
    ::dup2(saved.get(), STDOUT_FILENO);
    std::array<char, 64> buffer{};
    const ssize_t count = ::read(pipe.reader.get(), buffer.data(), buffer.size());
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(std::string_view(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))),
              "passed on\n");
}

TEST(RunNative, program_that_cannot_be_executed_is_an_error) {
    RunSpec spec = busybox({"nothing"});
    spec.program = "/bin/nothing";
    EXPECT_EQ(run_captured(spec).error().kind, Error::Kind::NotFound);
    spec.program = "/etc/passwd";
    EXPECT_EQ(run_captured(spec).error().kind, Error::Kind::NotExecutable);
    spec = shell("true");
    spec.cwd = "/no/such/directory";
    const auto outcome = run_captured(spec);
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().message.find("chdir"), std::string::npos) << outcome.error().message;
}

TEST(RunNative, time_limit_ends_the_program_and_its_children) {
    RunSpec spec = shell("sleep 1000 & sleep 1000");
    spec.timeout = std::chrono::milliseconds{500};
    const auto outcome = run_captured(spec);
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->incomplete, "time limit of 500 ms reached");
    const auto left = run_captured(shell("ps | grep -c '[s]leep 1000'"));
    EXPECT_EQ(text(left->stdout_bytes), "0\n");
}

TEST(RunNative, what_a_machine_is_needed_for_is_refused) {
    RunSpec spec = shell("true");
    spec.files.push_back({.host = "/etc/passwd", .guest = "/passwd"});
    EXPECT_EQ(run_captured(spec).error().kind, Error::Kind::Usage);
    spec = shell("true");
    spec.roots.emplace_back("/etc");
    EXPECT_EQ(run_captured(spec).error().kind, Error::Kind::Usage);
    spec = shell("true");
    spec.sysroots.emplace_back("/etc");
    EXPECT_EQ(run_captured(spec).error().kind, Error::Kind::Usage);
    RunHooks hooks;
    hooks.on_event = [](Engine&, const traces::Event&) { return true; };
    EXPECT_EQ(run_native(shell("true"), hooks, {}).error().kind, Error::Kind::Usage);
}

TEST(RunNative, recording_has_calls_auxv_reads_and_one_outcome) {
    traces::TraceCollector sink;
    const auto outcome = run_captured(guest("hello"), &sink);
    ASSERT_TRUE(outcome) << outcome.error().message;
    // It ran twice; its output is there once.
    EXPECT_EQ(text(outcome->stdout_bytes), "Hello, world!\n");
    EXPECT_EQ(sink.trace().incomplete, "");
    EXPECT_TRUE(sink.trace().header.kernel.starts_with("Linux 6.1.")) << sink.trace().header.kernel;
    EXPECT_EQ(sink.trace().header.cpu, "Neoverse N1");
    EXPECT_FALSE(sink.trace().header.auxv.empty());
    EXPECT_EQ(sink.all<traces::ExecEvent>().size(), 1U);
    EXPECT_GT(sink.all<traces::AuxvReadEvent>().size(), 10U);
    ASSERT_TRUE(std::holds_alternative<traces::OutcomeEvent>(sink.trace().events.back().body));
    EXPECT_EQ(sink.all<traces::OutcomeEvent>().size(), 1U);
    EXPECT_EQ(text(std::get<traces::OutcomeEvent>(sink.trace().events.back().body).stdout_bytes),
              "Hello, world!\n");
}

TEST(RunNative, threads_are_tasks) {
    traces::TraceCollector sink;
    const auto outcome = run_captured(guest("threads"), &sink);
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_NE(text(outcome->stdout_bytes).find("scoped: [4950,"), std::string::npos);
    EXPECT_EQ(sink.trace().incomplete, "");
    EXPECT_EQ(sink.all<traces::TaskStartEvent>().size(), sink.all<traces::TaskEndEvent>().size());
    EXPECT_GT(sink.all<traces::TaskStartEvent>().size(), 40U);
}

// The guarded copy of the initial vector is what a program gives to its children as `environ`, whatever the
// number of its strings makes of the vector's place.
TEST(RunNative, environment_is_inherited_while_auxv_reads_are_recorded) {
    for (std::size_t strings = 0; strings < 4; ++strings) {
        RunSpec spec = busybox({"env", "busybox", "env"});
        spec.envp.emplace_back("PATH=/bin");
        for (std::size_t i = 0; i < strings; ++i) {
            spec.envp.push_back("NAME" + std::to_string(i) + "=x");
        }
        traces::TraceCollector sink;
        const auto outcome = run_captured(spec, &sink);
        ASSERT_TRUE(outcome) << outcome.error().message;
        EXPECT_EQ(outcome->exit_code, 0);
        EXPECT_EQ(sink.trace().incomplete, "") << strings << " strings";
        // Both programs read theirs, and the second has one only if the first could execute it there.
        EXPECT_EQ(sink.all<traces::ExecEvent>().size(), 2U);
        const auto second_exec = std::ranges::find_if(
            sink.trace().events.rbegin(), sink.trace().events.rend(),
            [](const auto& event) { return std::holds_alternative<traces::ExecEvent>(event.body); });
        const auto reads_after = std::count_if(
            sink.trace().events.rbegin(), second_exec,
            [](const auto& event) { return std::holds_alternative<traces::AuxvReadEvent>(event.body); });
        EXPECT_GT(reads_after, 10) << strings << " strings";
    }
}

}  // namespace
}  // namespace levitate::vmm
