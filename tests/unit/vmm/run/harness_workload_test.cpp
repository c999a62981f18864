// What init says of its program over the UART, and what it gets.
#include "vmm/run/harness_workload.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/vmm/engine/fake_engine.hpp"
#include "vmm/initramfs/init/channel.hpp"

namespace levitate::vmm {
namespace {

using init::FrameType;

constexpr init::HashKey kKey{std::byte{7}};
constexpr std::uint64_t kBuffer = 0x5000;

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

RunHooks captured_output() {
    RunHooks hooks;
    hooks.capture_output = true;
    return hooks;
}

class HarnessWorkloadTest : public testing::Test {
  protected:
    HarnessWorkloadTest() {
        spec.guest_program = "/bin/tool";
        workload.connect(uart, [this] { ++calls_for_attention; });
    }
    void say(std::string_view text) {
        for (const std::byte byte : bytes_of(text)) {
            workload.receive(byte);
        }
    }
    void send(FrameType type, std::string_view payload) {
        std::vector<std::byte> line;
        encoder.append(type, bytes_of(payload), line);
        for (const std::byte byte : line) {
            workload.receive(byte);
        }
    }
    void send_by_call(FrameType type, std::string_view payload) {
        const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(kKey);
        test::FakeEngine engine;
        engine.put(kBuffer, bytes_of(payload));
        VcpuRegisters call;
        call.x[0] = static_cast<std::uint64_t>(init::ChannelCall::Send);
        call.x[1] = halves[0];
        call.x[2] = halves[1];
        call.x[3] = kBuffer;
        call.x[4] = payload.size();
        call.x[5] = static_cast<std::uint64_t>(type);
        EXPECT_TRUE(workload.serve_call(engine, call));
    }
    std::string output() {
        const auto& bytes = workload.captured(OutputStream::Stdout);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    RunSpec spec;
    RunHooks hooks = captured_output();
    int calls_for_attention = 0;
    Pl011 uart{[](Level) {}, [](std::byte) {}};
    HarnessWorkload workload{spec, hooks, kKey};
    init::FrameEncoder encoder{init::Direction::FromInit, kKey};
};

TEST_F(HarnessWorkloadTest, what_has_no_tag_is_the_kernels_log) {
    say("booting\n");
    send(FrameType::Started, std::string(4, char{}));
    send(FrameType::Stdout, "out");
    say("Kernel panic - not syncing: why\nrebooting\n");
    EXPECT_TRUE(workload.program().started);
    EXPECT_EQ(output(), "out");
    EXPECT_EQ(workload.kernel_log(), "booting\nKernel panic - not syncing: why\nrebooting\n");
    EXPECT_EQ(workload.log().last_words(), "Kernel panic - not syncing: why");
    EXPECT_EQ(workload.damage(), "");
}

TEST_F(HarnessWorkloadTest, hello_names_the_kernel_and_calls_attention) {
    EXPECT_EQ(workload.kernel_name(), "");
    send(FrameType::Hello, std::string{static_cast<char>(init::kProtocolVersion)} + "Linux 6.1");
    EXPECT_EQ(workload.kernel_name(), "Linux 6.1");
    EXPECT_EQ(calls_for_attention, 1);
    EXPECT_EQ(workload.failure(), "");
}

TEST_F(HarnessWorkloadTest, init_of_another_version_is_refused) {
    send(FrameType::Hello, std::string{static_cast<char>(init::kProtocolVersion + 1)} + "Linux 6.1");
    EXPECT_NE(workload.failure().find("another version"), std::string::npos);
}

TEST_F(HarnessWorkloadTest, input_goes_over_the_line_until_init_makes_calls) {
    send(FrameType::StdinCredit, std::string("\x10\0\0\0", 4));
    EXPECT_EQ(workload.stdin_credit(), 16U);
    workload.send_stdin(bytes_of("input"));
    EXPECT_EQ(workload.stdin_credit(), 11U);
    const std::size_t frame = uart.unread();
    EXPECT_GT(frame, 5U);
    send_by_call(FrameType::Started, std::string(4, char{}));
    workload.send_stdin(bytes_of("more"));
    EXPECT_EQ(uart.unread(), frame + 1) << "a byte on the line says that there is something";
}

TEST_F(HarnessWorkloadTest, inits_end_before_its_programs_fails_the_run) {
    say("Attempted to kill init! exitcode=0x0000000b\n");
    EXPECT_EQ(workload.failure(), "Levitate's init ended before it could start the program");
}

TEST_F(HarnessWorkloadTest, inits_end_after_all_is_said_is_no_failure) {
    send(FrameType::Exited, std::string("\0\0\0\0\3\0\0\0", 8));
    send(FrameType::AllDone, {});
    say("Attempted to kill init! exitcode=0x00000000\n");
    EXPECT_EQ(workload.failure(), "");
    EXPECT_TRUE(workload.program().over);
    EXPECT_EQ(workload.program().exit_code, 3);
}

TEST_F(HarnessWorkloadTest, program_that_cannot_be_executed_is_named) {
    EXPECT_EQ(workload.refusal(), std::nullopt);
    send(FrameType::ExecFailed, std::string("\0\0\0\0\2\0\0\0execve", 14));
    const auto refusal = workload.refusal();
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->kind, Error::Kind::NotFound);
    EXPECT_EQ(refusal->message,
              "/bin/tool: the guest's kernel refused it: execve: No such file or directory");
}

TEST_F(HarnessWorkloadTest, frames_that_did_not_arrive_are_counted) {
    std::vector<std::byte> lost;
    encoder.append(FrameType::Stdout, bytes_of("lost"), lost);
    send(FrameType::AllDone, {});
    EXPECT_EQ(workload.damage(), "1 frames between init and levitate were damaged");
}

}  // namespace
}  // namespace levitate::vmm
