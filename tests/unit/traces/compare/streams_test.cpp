#include "traces/compare/compare.hpp"

#include <gtest/gtest.h>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/trace_builder.hpp"

namespace levitate::traces {
namespace {

using test::call_at;
using test::compare_one;
using test::divergence_of;
using test::kind_of;
using test::told;
using test::TraceBuilder;
using test::verdict_of;

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
    EXPECT_EQ(verdict_of(piped({"abc", "def", ""}), piped({"abcdef", ""})), Verdict::Equivalent);
    EXPECT_EQ(verdict_of(piped({"abcdef", ""}), piped({"a", "bcde", "f", ""})), Verdict::Equivalent);
}

TEST(CompareStreams, bytes_and_ends_are_compared) {
    EXPECT_EQ(verdict_of(piped({"abc", "def", ""}), piped({"abcdeF", ""})), Verdict::Divergent);
    EXPECT_EQ(verdict_of(piped({"abc", "def", ""}), piped({"abcde", ""})), Verdict::Divergent);
    EXPECT_EQ(verdict_of(piped({"abc", "def", ""}), piped({"abcdef"})), Verdict::Divergent);
}

TEST(CompareStreams, alone_with_its_pipe_a_task_sees_exact_chunks) {
    EXPECT_EQ(verdict_of(piped({"abc", "def"}, false), piped({"abcdef"}, false)), Verdict::Divergent);
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
    EXPECT_EQ(verdict_of(file({"abcdef", ""}), file({"abc", "def", ""})), Verdict::Divergent);
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
    EXPECT_EQ(verdict_of(input({"ab", "c", ""}), input({"abc", ""})), Verdict::Equivalent);
}

Trace alarmed(std::size_t position) {
    TraceBuilder b;
    b.start(1, 0, 17, 100);
    std::vector<std::byte> siginfo(128);
    siginfo[0] = std::byte{14};
    siginfo[8] = std::byte{0x80};
    for (std::size_t i = 0; i < 4; ++i) {
        if (i == position) {
            b.add(1, SignalEvent{.signal = 14,
                                 .code = 128,
                                 .siginfo = siginfo,
                                 .handler = 0x3000,
                                 .frame = 0x7fffffffc000,
                                 .interrupted_pc = 0x3100 + i,
                                 .records = {}});
            b.write(1, 2, "alarm");
            b.call(1, "rt_sigreturn", {}, std::nullopt);
        }
        b.call(1, "lseek", {3, i, 0}, static_cast<std::int64_t>(i));
    }
    b.end(1, 0);
    return b.trace();
}

TEST(CompareSignals, an_alarm_may_come_at_another_point) {
    EXPECT_EQ(verdict_of(alarmed(1), alarmed(1)), Verdict::Identical);
    EXPECT_EQ(verdict_of(alarmed(1), alarmed(3)), Verdict::Equivalent);
    EXPECT_EQ(verdict_of(alarmed(3), alarmed(0)), Verdict::Equivalent);
}

TEST(CompareSignals, an_alarm_has_to_come) {
    const Divergence divergence = divergence_of(compare_one(alarmed(1), alarmed(9)));
    EXPECT_EQ(divergence.kind, DivergenceKind::Signal);
    EXPECT_EQ(divergence.message, "signal SIGALRM was not delivered");
    EXPECT_EQ(kind_of(alarmed(9), alarmed(1)), DivergenceKind::Signal);
}

TEST(CompareSignals, its_handler_has_to_do_the_same) {
    Trace actual = alarmed(3);
    call_at(actual, "write").payloads[0].bytes[0] = std::byte{'A'};
    EXPECT_EQ(kind_of(alarmed(1), actual), DivergenceKind::Signal);
}

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
    EXPECT_EQ(verdict_of(golden, same), Verdict::Equivalent) << told(compare_one(golden, same));
    const auto permissions = reads_file(
        kMaps, {"1000-2000 rwxp 00000000 00:02 17 /bin/case\n7000-8000 rw-p 00000000 00:00 0 [stack]\n", ""});
    EXPECT_EQ(kind_of(golden, permissions), DivergenceKind::Data);
    const auto shorter = reads_file(kMaps, {"1000-2000 r-xp 00000000 00:02 17 /bin/case\n", ""});
    EXPECT_EQ(verdict_of(golden, shorter), Verdict::Divergent);
    const auto longer = reads_file(
        kMaps, {"1000-2000 r-xp 00000000 00:02 17 /bin/case\n7000-9000 rw-p 00000000 00:00 0 [stack]\n", ""});
    EXPECT_EQ(verdict_of(golden, longer), Verdict::Divergent);
}

TEST(CompareFiles, numbers_of_proc_files_are_free_and_their_shape_is_not) {
    constexpr std::string_view kStatus = "/proc/self/status";
    const auto golden = reads_file(kStatus, {"Name:\tcase\nPid:\t100\nVmRSS:\t    1024 kB\n", ""});
    EXPECT_EQ(verdict_of(golden, reads_file(kStatus, {"Name:\tcase\nPid:\t7\nVmRSS:\t 20480 kB\n", ""})),
              Verdict::Equivalent);
    EXPECT_EQ(verdict_of(golden, reads_file(kStatus, {"Name:\tcase\nVmRSS:\t 20480 kB\n", ""})),
              Verdict::Divergent);
    EXPECT_EQ(verdict_of(golden, reads_file("/etc/status", {"Name:\tcase\n", ""})), Verdict::Divergent);
}

}  // namespace
}  // namespace levitate::traces
