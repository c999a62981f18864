#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/traces/sample.hpp"
#include "tests/unit/traces/trace_builder.hpp"
#include "traces/export/strace.hpp"

namespace levitate::traces {
namespace {

using test::TraceBuilder;
using test::value;

std::string last_line(TraceBuilder& builder) {
    return strace_line(builder.trace(), builder.trace().events.size() - 1);
}

TEST(Export, openat_shows_its_mode_only_where_it_creates) {
    TraceBuilder b;
    b.open(1, "/etc/passwd", 3);
    EXPECT_EQ(last_line(b), R"(openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3)");
    auto& create = b.open(1, "/tmp/new", -abi::error_number("EACCES"));
    create.arguments[2] =
        value(abi::constant("O_WRONLY") | abi::constant("O_CREAT") | abi::constant("O_CLOEXEC"));
    create.arguments[3] = 0644;
    EXPECT_EQ(
        last_line(b),
        R"(openat(AT_FDCWD, "/tmp/new", O_WRONLY|O_CREAT|O_CLOEXEC, 0644) = -1 EACCES (Permission denied))");
    create.arguments[2] = value(abi::constant("O_DIRECTORY"));
    EXPECT_EQ(last_line(b),
              R"(openat(AT_FDCWD, "/tmp/new", O_RDONLY|O_DIRECTORY) = -1 EACCES (Permission denied))");
}

TEST(Export, data_is_escaped_and_cut) {
    TraceBuilder b;
    b.write(1, 1, std::string_view("a\n\"\0007\x01x", 7));
    EXPECT_EQ(last_line(b), R"(write(1, "a\n\"\0007\1x", 7) = 7)");
    b.write(1, 1, std::string(40, 'x'));
    EXPECT_EQ(last_line(b), "write(1, \"" + std::string(32, 'x') + "\"..., 40) = 40");
    b.read(1, 3, "");
    EXPECT_EQ(last_line(b), R"(read(3, "", 4096) = 0)");
}

TEST(Export, mappings_and_addresses) {
    TraceBuilder b;
    b.call(1, "mmap", {0, 8192, 3, 0x22, value(-1), 0}, 0x7ffff7f00000);
    EXPECT_EQ(last_line(b),
              "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7f00000");
    b.call(1, "brk", {0}, 0x4f9000);
    EXPECT_EQ(last_line(b), "brk(NULL) = 0x4f9000");
}

TEST(Export, structs_by_field) {
    TraceBuilder b;
    auto& action = b.call(1, "rt_sigaction", {13, 0x4000, 0, 8}, 0);
    std::vector<std::byte> bytes(32);
    bytes[0] = std::byte{1};
    bytes[11] = std::byte{0x14};  // SA_RESTORER|SA_RESTART
    bytes[24] = std::byte{2};
    TraceBuilder::payload(action, 1, Direction::In, bytes);
    EXPECT_EQ(last_line(b),
              "rt_sigaction(SIGPIPE, {sa_handler=SIG_IGN, sa_mask=[INT], sa_flags=SA_RESTORER|SA_RESTART, "
              "sa_restorer=NULL}, NULL, 8) = 0");
    auto& poll = b.call(1, "ppoll", {0x4000, 1, 0, 0, 0}, 0);
    TraceBuilder::payload(poll, 0, Direction::In, to_bytes(std::string_view("\1\0\0\0\1\0\0\0", 8)));
    EXPECT_EQ(last_line(b), "ppoll([{fd=1, events=POLLIN, revents=0}], 1, NULL, NULL, 0) = 0");
}

TEST(Export, no_flags_are_zero_where_a_call_has_no_access_mode) {
    TraceBuilder b;
    b.call(1, "pipe2", {0x4000, 0}, 0);
    EXPECT_EQ(last_line(b), "pipe2(0x4000, 0) = 0");
    b.call(1, "dup3", {3, 4, value(abi::constant("O_CLOEXEC"))}, 4);
    EXPECT_EQ(last_line(b), "dup3(3, 4, O_CLOEXEC) = 4");
}

TEST(Export, times_of_a_file_may_be_now_or_left_alone) {
    TraceBuilder b;
    auto& call = b.call(1, "utimensat", {value(-100), 0, 0x4000, 0}, 0);
    std::vector<std::byte> times(32);
    const auto put = [&](std::size_t at, std::int64_t number) {
        std::memcpy(&times[at], &number, sizeof number);
    };
    put(8, abi::constant("UTIME_NOW"));
    put(24, abi::constant("UTIME_OMIT"));
    TraceBuilder::payload(call, 2, Direction::In, times);
    EXPECT_EQ(last_line(b), "utimensat(AT_FDCWD, NULL, [UTIME_NOW, UTIME_OMIT], 0) = 0");
    put(0, 5);
    put(8, 6);
    call.payloads.clear();
    TraceBuilder::payload(call, 2, Direction::In, times);
    EXPECT_EQ(last_line(b), "utimensat(AT_FDCWD, NULL, [{tv_sec=5, tv_nsec=6}, UTIME_OMIT], 0) = 0");
}

TEST(Export, futex_with_its_operation) {
    TraceBuilder b;
    b.call(1, "futex", {0x4000, 129, 1, 7, 8, 9}, 1);
    EXPECT_EQ(last_line(b), "futex(0x4000, FUTEX_WAKE_PRIVATE, 1) = 1");
    b.call(1, "futex", {0x4000, 5, 1, 2, 0x4004, 0x14001000}, 1);
    EXPECT_EQ(last_line(b),
              "futex(0x4000, FUTEX_WAKE_OP, 1, 2, 0x4004, "
              "FUTEX_OP_ADD<<28|0x1<<12|FUTEX_OP_CMP_GT<<24|0) = 1");
    b.call(1, "futex", {0x4000, 5, 1, 2, 0x4004, 0x8b005007}, 1);
    EXPECT_EQ(last_line(b),
              "futex(0x4000, FUTEX_WAKE_OP, 1, 2, 0x4004, "
              "FUTEX_OP_OPARG_SHIFT<<28|FUTEX_OP_SET<<28|0x5<<12|0xb<<24|0x7) = 1");
    b.call(1, "futex", {0x4000, 0x109, 101, 0, 0, 0xffffffff}, -11);
    EXPECT_EQ(last_line(b),
              "futex(0x4000, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 101, NULL, FUTEX_BITSET_MATCH_ANY) = -1 "
              "EAGAIN "
              "(Resource temporarily unavailable)");
}

TEST(Export, execve_that_succeeds_is_zero) {
    TraceBuilder b;
    auto& exec = b.call(1, "execve", {0x1000, 0x2000, 0x3000}, std::nullopt);
    TraceBuilder::payload(exec, 0, Direction::In, to_bytes("/bin/x"));
    TraceBuilder::payload(exec, 1, Direction::In, to_bytes("x"), {.piece = Piece::String});
    TraceBuilder::payload(exec, 1, Direction::In, to_bytes("y"), {.piece = Piece::String, .index = 1});
    b.add(1, ExecEvent{});
    EXPECT_EQ(strace_line(b.trace(), 0), R"(execve("/bin/x", ["x", "y"], 0x3000 /* 0 vars */) = 0)");
    b.call(1, "exit_group", {1}, std::nullopt);
    EXPECT_EQ(last_line(b), "exit_group(1) = ?");
}

TEST(Export, signals_and_ends) {
    TraceBuilder b;
    std::vector<std::byte> siginfo(128);
    siginfo[0] = std::byte{11};
    siginfo[8] = std::byte{1};
    siginfo[16] = std::byte{0x10};
    b.add(2, SignalEvent{.signal = 11, .code = 1, .siginfo = siginfo, .records = {}});
    EXPECT_EQ(last_line(b), "[task 2] --- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---");
    b.add(2, SignalEvent{.signal = 10, .siginfo = {}, .records = {}});
    EXPECT_EQ(last_line(b), "[task 2] --- SIGUSR1 ---");
    b.end(1, 3);
    EXPECT_EQ(last_line(b), "+++ exited with 3 +++");
}

TEST(Export, vdso_calls_look_like_the_calls_that_they_stand_for) {
    TraceBuilder b;
    VdsoCallEvent call{
        .symbol = "__kernel_clock_gettime", .arguments = {1, 0x7000}, .result = 0, .payloads = {}};
    call.payloads = {{.argument = 1,
                      .direction = Direction::Out,
                      .address = 0x7000,
                      .bytes = to_bytes(std::string_view("\3\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0", 16)),
                      .length = 16}};
    b.add(1, call);
    EXPECT_EQ(last_line(b), "vdso:__kernel_clock_gettime(CLOCK_MONOTONIC, {tv_sec=3, tv_nsec=7}) = 0");
    call.result.reset();
    call.payloads.clear();
    b.add(1, call);
    EXPECT_EQ(last_line(b), "vdso:__kernel_clock_gettime(CLOCK_MONOTONIC, 0x7000) = ?");
}

TEST(Export, an_unknown_call_shows_its_registers) {
    TraceBuilder b;
    SyscallEvent call;
    call.number = 999;
    call.arguments = {1};
    call.result = -abi::error_number("ENOSYS");
    b.add(1, call);
    EXPECT_EQ(last_line(b),
              "syscall_0x3e7(0x1, NULL, NULL, NULL, NULL, NULL) = -1 ENOSYS (Function not implemented)");
}

TEST(Export, every_event_and_every_call_has_a_line) {
    const Trace sample = test::sample_trace();
    for (std::size_t i = 0; i < sample.events.size(); ++i) {
        EXPECT_FALSE(strace_line(sample, i).empty());
    }
    for (const abi::SyscallRow& row : abi::all_syscalls()) {
        for (const std::size_t size : {0U, 1U, 7U, 300U}) {
            TraceBuilder b;
            auto& call = b.call(1, row.name, {1, 2, 3, 4, 5, 6}, 1);
            for (unsigned argument = 0; argument < 6; ++argument) {
                for (const Direction direction : {Direction::In, Direction::Out}) {
                    TraceBuilder::payload(call, argument, direction,
                                          std::vector<std::byte>(size, std::byte{0x81}));
                }
            }
            EXPECT_TRUE(last_line(b).starts_with(row.name));
        }
    }
}

}  // namespace
}  // namespace levitate::traces
