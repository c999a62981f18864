// The output of a program that is process 1 itself.
#include "vmm/run/console_writes.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "tests/unit/traces/trace_builder.hpp"

namespace levitate::vmm {
namespace {

using traces::Direction;
using traces::SyscallEvent;
using traces::abi::constant;
using traces::test::TraceBuilder;

class Written final : public ConsoleWrites::Receiver {
  public:
    void on_start() override { ++starts; }
    void on_output(OutputStream stream, std::span<const std::byte> bytes) override {
        for (const std::byte byte : bytes) {
            (stream == OutputStream::Stdout ? out : error).push_back(std::to_integer<char>(byte));
        }
    }
    void on_unseen_output(const std::string& call) override { unseen.insert(call); }

    int starts = 0;
    std::string out;
    std::string error;
    std::set<std::string> unseen;
};

constexpr std::uint64_t flag(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

class ConsoleWritesTest : public testing::Test {
  protected:
    ConsoleWritesTest() { builder.start(1, 0, 17, 1); }

    void write(std::uint32_t task, std::uint64_t fd, std::string_view text, std::int64_t result) {
        SyscallEvent& call = builder.call(task, "write", {fd, 0x5000, text.size()}, result);
        TraceBuilder::payload(call, 1, Direction::In, bytes_of(text));
    }
    void write(std::uint32_t task, std::uint64_t fd, std::string_view text) {
        write(task, fd, text, static_cast<std::int64_t>(text.size()));
    }
    static std::vector<std::byte> bytes_of(std::string_view text) {
        const auto bytes = std::as_bytes(std::span(text));
        return {bytes.begin(), bytes.end()};
    }
    Written watch() {
        Written written;
        ConsoleWrites writes(written);
        for (const traces::Event& event : builder.trace().events) {
            writes.event(event);
        }
        return written;
    }

    TraceBuilder builder;
};

TEST_F(ConsoleWritesTest, its_writes_to_1_and_2_are_its_output) {
    write(1, 1, "out");
    write(1, 2, "error");
    write(1, 7, "a file");
    const Written written = watch();
    EXPECT_EQ(written.starts, 1);
    EXPECT_EQ(written.out, "out");
    EXPECT_EQ(written.error, "error");
}

TEST_F(ConsoleWritesTest, what_a_write_did_not_take_is_not_output) {
    write(1, 1, "abcdef", 2);
    write(1, 1, "gone", -5);
    EXPECT_EQ(watch().out, "ab");
}

TEST_F(ConsoleWritesTest, parts_of_a_vector_are_written_in_order_up_to_the_result) {
    SyscallEvent& call = builder.call(1, "writev", {1, 0x6000, 2}, 5);
    TraceBuilder::payload(call, 1, Direction::In, std::vector<std::byte>(32));
    for (const std::string_view part : {"one", "two"}) {
        TraceBuilder::payload(call, 1, Direction::In, bytes_of(part));
        call.payloads.back().element.piece = traces::Piece::Buffer;
    }
    EXPECT_EQ(watch().out, "onetw");
}

TEST_F(ConsoleWritesTest, copies_of_a_descriptor_are_the_console_until_they_are_closed) {
    builder.call(1, "dup", {2}, 5);
    write(1, 5, "a");
    builder.call(1, "dup3", {1, 5, 0}, 5);
    write(1, 5, "b");
    builder.call(1, "fcntl", {1, flag(constant("F_DUPFD_CLOEXEC")), 10}, 10);
    write(1, 10, "c");
    builder.call(1, "close", {5}, 0);
    write(1, 5, "d");
    builder.call(1, "close_range", {1, 0xffffffff, 0}, 0);
    write(1, 1, "e");
    const Written written = watch();
    EXPECT_EQ(written.error, "a");
    EXPECT_EQ(written.out, "bc");
}

TEST_F(ConsoleWritesTest, a_descriptor_that_another_file_takes_is_the_console_no_longer) {
    builder.call(1, "dup3", {7, 1, 0}, 1);
    write(1, 1, "to the file");
    EXPECT_EQ(watch().out, "");
}

TEST_F(ConsoleWritesTest, exec_closes_what_is_to_be_closed) {
    builder.call(1, "fcntl", {1, flag(constant("F_SETFD")), flag(constant("FD_CLOEXEC"))}, 0);
    builder.add(1, traces::ExecEvent{});
    write(1, 1, "out");
    write(1, 2, "error");
    const Written written = watch();
    EXPECT_EQ(written.out, "");
    EXPECT_EQ(written.error, "error");
}

TEST_F(ConsoleWritesTest, threads_share_descriptors_and_children_have_copies) {
    builder.start(2, 1, flag(constant("CLONE_VM")) | flag(constant("CLONE_FILES")), 2);
    builder.start(3, 1, 17, 3);
    builder.call(2, "close", {1}, 0);
    write(1, 1, "closed by the thread");
    write(3, 1, "child");
    EXPECT_EQ(watch().out, "child");
}

TEST_F(ConsoleWritesTest, the_console_may_be_opened_again) {
    SyscallEvent& call = builder.call(1, "openat", {0, 0x5000, 1, 0}, 4);
    TraceBuilder::payload(call, 1, Direction::In, bytes_of("/dev/console"));
    write(1, 4, "again");
    EXPECT_EQ(watch().out, "again");
}

TEST_F(ConsoleWritesTest, output_that_is_not_seen_is_named) {
    builder.call(1, "sendfile", {1, 4, 0, 100}, 100);
    builder.call(1, "sendfile", {9, 4, 0, 100}, 100);
    builder.call(1, "splice", {4, 0, 2, 0, 10, 0}, 10);
    EXPECT_EQ(watch().unseen, (std::set<std::string>{"sendfile", "splice"}));
}

}  // namespace
}  // namespace levitate::vmm
