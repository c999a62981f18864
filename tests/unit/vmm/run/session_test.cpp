// Runs on kernels of a few instructions, for what can go wrong around a program, and on real ones where the
// environment names their Images.
#include "vmm/run/session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/unit/vmm/test_files.hpp"
#include "vmm/machine/snapshot.hpp"
#include "vmm/run/prepare.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm {
namespace {

// AArch64 instructions.
constexpr std::uint32_t kWaitForInterrupt = 0xD503'207F;  // wfi
constexpr std::uint32_t kBranchBack = 0x17FF'FFFF;        // b .-4
constexpr std::uint32_t kBranchHere = 0x1400'0000;        // b .
constexpr std::uint32_t kCount = 0x9100'0400;             // add x0, x0, #1
constexpr std::uint32_t kHypercall = 0xD400'0002;         // hvc #0
constexpr std::uint32_t kPsci = 0xF2B0'8000;              // movk x0, #0x8400, lsl #16
constexpr std::uint32_t kSystemOff = 0xD280'0100;         // movz x0, #8
constexpr std::uint32_t kSystemReset = 0xD280'0120;       // movz x0, #9
constexpr std::uint32_t kUartAddress = 0xD2A1'2001;       // movz x1, #0x900, lsl #16
constexpr std::uint32_t kStoreByte = 0x3900'0022;         // strb w2, [x1]
constexpr std::uint32_t put_byte(unsigned value) {        // movz w2, #value
    return 0x5280'0002U | (value << 5U);
}

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

std::string text_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class SessionTest : public testing::Test {
  protected:
    SessionTest() {
        spec.init = LEVITATE_INIT;
        spec.program = std::string{LEVITATE_TEST_PROGRAMS} + "/static";
        spec.argv = {"talk", "one two"};
        spec.envp = {"VARIABLE=value"};
        spec.stdin_bytes = bytes_of("input\n");
        spec.memory_bytes = 64U << 20U;
        hooks.capture_output = true;
    }
    Result<Outcome> run_kernel(std::initializer_list<std::uint32_t> code) {
        spec.kernel = files.write("Image", make_image({}, code));
        return run(spec, hooks);
    }
    std::size_t snapshots() const {
        const auto is_one = [](const std::filesystem::directory_entry& entry) {
            return entry.is_directory();
        };
        return static_cast<std::size_t>(std::ranges::count_if(
            std::filesystem::directory_iterator{files.directory() / "snapshots"}, is_one));
    }
    void expect_talk(const Result<Outcome>& outcome) {
        ASSERT_TRUE(outcome) << outcome.error().message;
        EXPECT_EQ(outcome->incomplete, "") << outcome->kernel_log;
        EXPECT_EQ(outcome->exit_code, 42);
        EXPECT_EQ(text_of(outcome->stdout_bytes), "argument talk\nargument one two\nVARIABLE=value\ninput\n");
        EXPECT_EQ(text_of(outcome->stderr_bytes), "to standard error\n");
    }

    TestFiles files;
    RunSpec spec;
    RunHooks hooks;
};

TEST_F(SessionTest, power_off_before_the_program_ends_is_incomplete) {
    const auto outcome = run_kernel({kSystemOff, kPsci, kHypercall});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_NE(outcome->incomplete.find("powered off"), std::string::npos);
    EXPECT_EQ(outcome->exit_code, std::nullopt);
    EXPECT_GE(outcome->instructions, 3U);
}

TEST_F(SessionTest, panic_is_reported_with_the_kernels_last_words) {
    const auto outcome = run_kernel({kUartAddress, put_byte('o'), kStoreByte, put_byte('h'), kStoreByte,
                                     kSystemReset, kPsci, kHypercall});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->incomplete, "the kernel reset the machine: oh");
    EXPECT_EQ(outcome->kernel_log, "oh");
}

TEST_F(SessionTest, kernel_that_waits_for_nothing_is_noticed) {
    const auto outcome = run_kernel({kWaitForInterrupt, kBranchBack});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_NE(outcome->incomplete.find("for ever"), std::string::npos);
}

TEST_F(SessionTest, time_limit_ends_a_loop) {
    spec.timeout = std::chrono::milliseconds{50};
    const auto outcome = run_kernel({kCount, kBranchBack});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->incomplete, "time limit of 50 ms reached");
    EXPECT_LT(outcome->wall, std::chrono::seconds{10});
}

TEST_F(SessionTest, limit_of_instructions_ends_a_loop_at_the_very_instruction) {
    spec.instruction_limit = 1'234'567;
    const auto outcome = run_kernel({kCount, kBranchBack});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->instructions, 1'234'567U);
    EXPECT_EQ(outcome->incomplete, "the kernel did not start the program within 1234567 instructions: ");
    EXPECT_FALSE(outcome->never_ends);
}

// A kernel alone: its UART is our stdin and stdout.
class KernelAloneTest : public SessionTest {
  protected:
    KernelAloneTest() { spec.program.clear(); }
};

TEST_F(KernelAloneTest, what_it_writes_is_the_output_and_powering_off_is_success) {
    const auto outcome = run_kernel(
        {kUartAddress, put_byte('o'), kStoreByte, put_byte(0xC3), kStoreByte, kSystemOff, kPsci, kHypercall});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->incomplete, "");
    EXPECT_EQ(outcome->exit_code, 0);
    EXPECT_EQ(text_of(outcome->stdout_bytes), "o\xC3");
    EXPECT_EQ(outcome->kernel_log, "");
}

TEST_F(KernelAloneTest, input_comes_over_the_uart) {
    constexpr std::uint32_t kLoadByte = 0x3940'0022;  // ldrb w2, [x1]
    const auto outcome = run_kernel(
        {kUartAddress, kLoadByte, kStoreByte, kLoadByte, kStoreByte, kSystemOff, kPsci, kHypercall});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(text_of(outcome->stdout_bytes), "in");
}

TEST_F(KernelAloneTest, reset_is_a_fault) {
    const auto outcome =
        run_kernel({kUartAddress, put_byte('x'), kStoreByte, kSystemReset, kPsci, kHypercall});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->incomplete, "the kernel reset the machine: x");
    EXPECT_EQ(outcome->exit_code, std::nullopt);
}

TEST_F(KernelAloneTest, waiting_for_ever_and_limits_end_it) {
    EXPECT_EQ(run_kernel({kWaitForInterrupt, kBranchBack})->incomplete, "the kernel waits for ever: ");
    EXPECT_TRUE(run_kernel({kBranchHere})->incomplete.starts_with("the kernel loops for ever at 0x"));
    spec.instruction_limit = 1'000;
    EXPECT_EQ(run_kernel({kCount, kBranchBack})->incomplete,
              "the kernel did not power off within 1000 instructions: ");
    spec.instruction_limit = 0;
    spec.timeout = std::chrono::milliseconds{50};
    EXPECT_EQ(run_kernel({kCount, kBranchBack})->incomplete, "time limit of 50 ms reached");
}

TEST_F(KernelAloneTest, initramfs_that_is_given_is_in_ram) {
    spec.initramfs = files.write("initramfs", "given");
    spec.kernel = files.write("Image", make_image({}, {kBranchHere}));
    auto session = Session::create(spec, hooks);
    ASSERT_TRUE(session) << session.error().message;
    std::string found(5, ' ');
    constexpr GuestVirt kMiddleOfRam{0x4000'0000 + (32U << 20U)};
    (*session)->engine().read_memory(kMiddleOfRam, std::as_writable_bytes(std::span{found}), View::Kernel);
    EXPECT_EQ(found, "given");
    spec.initramfs = "/nonexistent/initramfs";
    EXPECT_NE(Session::create(spec, hooks).error().message.find("/nonexistent/initramfs"), std::string::npos);
}

TEST_F(KernelAloneTest, native_engine_has_none) {
    spec.kernel = files.write("Image", make_image({}, {kBranchHere}));
    spec.engine = EngineKind::Native;
    EXPECT_EQ(run(spec, hooks).error().kind, Error::Kind::Usage);
}

TEST_F(SessionTest, initramfs_in_place_of_ours_has_no_program) {
    spec.initramfs = files.write("initramfs", "given");
    EXPECT_EQ(run_kernel({kBranchHere}).error().kind, Error::Kind::Usage);
}

TEST(BootArguments, are_replaced_and_added_to) {
    RunSpec spec;
    EXPECT_EQ(boot_arguments(spec), "console=ttyAMA0 panic=-1 quiet");
    spec.kernel_command_line = "more";
    EXPECT_EQ(boot_arguments(spec), "console=ttyAMA0 panic=-1 quiet more");
    spec.replaced_command_line = "only=this";
    EXPECT_EQ(boot_arguments(spec), "only=this more");
    spec.replaced_command_line = "";
    EXPECT_EQ(boot_arguments(spec), "more");
    spec.kernel_command_line = "";
    EXPECT_EQ(boot_arguments(spec), "");
}

TEST_F(SessionTest, native_engine_refuses_what_only_a_machine_can) {
    spec.kernel = files.write("Image", make_image({}, {kBranchHere}));
    spec.engine = EngineKind::Native;
    spec.schedule_seed = 1;
    EXPECT_EQ(run(spec, hooks).error().kind, Error::Kind::Usage);
    spec.schedule_seed = 0;
    spec.instruction_limit = 1;
    EXPECT_EQ(run(spec, hooks).error().kind, Error::Kind::Usage);
}

TEST_F(SessionTest, access_that_nothing_answers_is_named) {
    constexpr std::uint32_t kNowhere = 0xD2A1'6001;  // movz x1, #0xB00, lsl #16
    spec.kernel = files.write("Image", make_image({}, {kNowhere, kStoreByte}));
    auto session = Session::create(spec, hooks);
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_EQ((*session)->advance(1000), AdvanceReason::Ended);  // the abort's vector is not RAM either
    const auto outcome = (*session)->finish();
    ASSERT_TRUE(outcome) << outcome.error().message;
    ASSERT_FALSE(outcome->unanswered.empty());
    EXPECT_EQ(outcome->unanswered.front(), "write of 1 bytes at 0x0b000000, PC 0x40200044, once");
    EXPECT_NE(outcome->report.find("    write of 1 bytes at 0x0b000000, PC 0x40200044, once\n"),
              std::string::npos)
        << outcome->report;
}

TEST_F(SessionTest, kernel_that_ends_the_machine_by_semihosting_has_not_run_the_program) {
    constexpr std::uint32_t kExit = 0xD280'0300;  // movz x0, #0x18
    constexpr std::uint32_t kBlock =
        0xD2A8'0401;  // movz x1, #0x4020, lsl #16: the Image, which gives no reason
    constexpr std::uint32_t kCallHost = 0xD45E'0000;
    const auto outcome = run_kernel({kExit, kBlock, kCallHost});
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_NE(outcome->incomplete.find("by semihosting, with status 1"), std::string::npos);
    EXPECT_EQ(outcome->exit_code, std::nullopt);
}

TEST_F(SessionTest, advance_stops_at_its_budget_and_the_run_goes_on) {
    spec.kernel = files.write("Image", make_image({}, {kCount, kBranchBack}));
    auto session = Session::create(spec, hooks);
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_EQ((*session)->advance(1000), AdvanceReason::Budget);
    EXPECT_EQ((*session)->engine().retired_instructions(), 1000U);
    EXPECT_EQ((*session)->advance(2'500'000), AdvanceReason::Budget);
    EXPECT_EQ((*session)->engine().retired_instructions(), 2'501'000U);
    EXPECT_FALSE((*session)->ended());
    EXPECT_EQ((*session)->finish()->incomplete, "stopped");
}

TEST_F(SessionTest, advance_stops_at_a_breakpoint) {
    spec.kernel = files.write("Image", make_image({}, {put_byte(1), put_byte(2), kBranchHere}));
    auto session = Session::create(spec, hooks);
    ASSERT_TRUE(session) << session.error().message;
    const std::uint64_t start = (*session)->engine().registers().pc;
    const GuestVirt second{start + 64 + 4};
    (*session)->set_breakpoints({&second, 1});
    EXPECT_EQ((*session)->advance(1000), AdvanceReason::Breakpoint);
    EXPECT_EQ((*session)->engine().registers().pc, value(second));
    EXPECT_EQ((*session)->engine().registers().x[2], 1U);
    EXPECT_EQ((*session)->advance(1000), AdvanceReason::Budget);
}

TEST_F(SessionTest, what_cannot_be_run_is_an_error_that_names_it) {
    spec.kernel = files.write("Image", make_image({}, {kBranchHere}));
    spec.program = files.write("script", "#!/bin/sh\n");
    const auto script = run(spec, hooks);
    ASSERT_FALSE(script);
    EXPECT_EQ(script.error().kind, Error::Kind::NotExecutable);
    EXPECT_NE(script.error().message.find("script"), std::string::npos);
    spec.program = std::string{LEVITATE_TEST_PROGRAMS} + "/static";
    spec.cwd = "relative";
    EXPECT_EQ(run(spec, hooks).error().kind, Error::Kind::Usage);
    spec.cwd = "/";
    spec.argv = {std::string("a\0b", 3)};
    EXPECT_EQ(run(spec, hooks).error().kind, Error::Kind::Usage);
}

TEST_F(SessionTest, engine_without_a_machine_has_no_session) {
    spec.kernel = files.write("Image", make_image({}, {kBranchHere}));
    spec.engine = EngineKind::Native;
    const auto session = Session::create(spec, hooks);
    ASSERT_FALSE(session);
    EXPECT_NE(session.error().message.find("--engine emu"), std::string::npos);
}

TEST_F(SessionTest, kernel_that_does_not_run_init_boots_each_time) {
    spec.snapshots = files.directory() / "snapshots";
    for (unsigned time = 0; time < 2; ++time) {
        const auto outcome = run_kernel({kSystemOff, kPsci, kHypercall, kBranchHere});
        ASSERT_TRUE(outcome) << outcome.error().message;
        EXPECT_NE(outcome->incomplete, "");
    }
    EXPECT_EQ(snapshots(), 0U);
}

// A program on whole kernels. The parameter is the environment variable that names the Image.
class WholeRunTest : public SessionTest, public testing::WithParamInterface<const char*> {
  protected:
    void SetUp() override {
        const char* const image = std::getenv(GetParam());
        if (image == nullptr) {
            GTEST_SKIP() << GetParam() << " is not set to the path of an arm64 Image";
        }
        spec.kernel = image;
        spec.memory_bytes = 512U << 20U;
        spec.timeout = std::chrono::minutes{2};
    }
};

TEST_P(WholeRunTest, arguments_environment_input_and_status_come_through) {
    expect_talk(run(spec, hooks));
}

TEST_P(WholeRunTest, frames_go_over_the_uart_where_no_engine_answers) {
    spec.uart_only = true;
    expect_talk(run(spec, hooks));
}

TEST_P(WholeRunTest, dynamic_program_finds_its_libraries) {
    spec.program = std::string{LEVITATE_TEST_PROGRAMS} + "/dynamic";
    expect_talk(run(spec, hooks));
}

TEST_P(WholeRunTest, two_runs_retire_the_same_instructions) {
    const auto first = run(spec, hooks);
    const auto second = run(spec, hooks);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->instructions, second->instructions);
}

TEST_P(WholeRunTest, directory_that_does_not_exist_is_an_error) {
    spec.cwd = "/nonexistent";
    const auto outcome = run(spec, hooks);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, Error::Kind::NotFound);
    EXPECT_NE(outcome.error().message.find("/nonexistent"), std::string::npos);
}

TEST_P(WholeRunTest, runs_start_from_one_snapshot) {
    spec.snapshots = files.directory() / "snapshots";
    const auto first = run(spec, hooks);
    expect_talk(first);
    ASSERT_EQ(snapshots(), 1U);
    const auto second = run(spec, hooks);
    expect_talk(second);
    EXPECT_EQ(first->instructions, second->instructions);
    spec.program = std::string{LEVITATE_TEST_PROGRAMS} + "/dynamic";
    spec.seed = 7;
    spec.schedule_seed = 7;
    expect_talk(run(spec, hooks));
    EXPECT_EQ(snapshots(), 1U);
    spec.memory_bytes = 256U << 20U;
    expect_talk(run(spec, hooks));
    EXPECT_EQ(snapshots(), 2U);
}

TEST_P(WholeRunTest, damaged_snapshot_is_made_anew) {
    spec.snapshots = files.directory() / "snapshots";
    expect_talk(run(spec, hooks));
    for (const auto& entry : std::filesystem::recursive_directory_iterator{spec.snapshots}) {
        if (entry.is_regular_file() && entry.path().filename() == Snapshot::kStateName) {
            std::filesystem::resize_file(entry.path(), 100);
        }
    }
    expect_talk(run(spec, hooks));
    expect_talk(run(spec, hooks));
    EXPECT_EQ(snapshots(), 1U);
}

TEST_P(WholeRunTest, kernel_boots_where_nothing_can_be_kept) {
    spec.snapshots = files.write("file", "no folder") / "snapshots";
    expect_talk(run(spec, hooks));
}

TEST_P(WholeRunTest, root_that_does_not_fit_is_an_error) {
    spec.snapshots = files.directory() / "snapshots";
    spec.memory_bytes = 64U << 20U;
    spec.files = {{.host = files.write("large", std::string(80U << 20U, 'x')), .guest = "/large"}};
    const auto outcome = run(spec, hooks);
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().message.find("unpack /large"), std::string::npos) << outcome.error().message;
}

INSTANTIATE_TEST_SUITE_P(Kernels, WholeRunTest, testing::Values("LEVITATE_KERNEL", "LEVITATE_LINUX_IMAGE"),
                         [](const auto& kernel) { return std::string(kernel.param); });

}  // namespace
}  // namespace levitate::vmm
