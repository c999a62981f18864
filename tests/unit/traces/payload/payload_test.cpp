#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "traces/abi/constants.hpp"
#include "traces/format/bytes.hpp"
#include "traces/payload/payload.hpp"

namespace levitate::traces::abi {
namespace {

// Pages that a test maps by writing to them.
class FakeMemory final : public MemoryReader {
  public:
    std::size_t read(std::uint64_t address, std::span<std::byte> into) override {
        std::size_t done = 0;
        while (done < into.size()) {
            const auto page = pages_.find((address + done) / kPage);
            if (page == pages_.end()) {
                break;
            }
            const auto part = std::span(page->second).subspan((address + done) % kPage);
            const std::size_t count = std::min(part.size(), into.size() - done);
            std::copy_n(part.begin(), count, into.begin() + static_cast<std::ptrdiff_t>(done));
            done += count;
        }
        return done;
    }

    void write(std::uint64_t address, std::span<const std::byte> bytes) {
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            auto& page = pages_[(address + i) / kPage];
            page.resize(kPage);
            page[(address + i) % kPage] = bytes[i];
        }
    }
    void write(std::uint64_t address, std::string_view text) { write(address, to_bytes(text)); }
    template <typename T>
    void number(std::uint64_t address, T value) {
        write(address, std::as_bytes(std::span(&value, 1)));
    }

  private:
    static constexpr std::uint64_t kPage = 4096;
    std::map<std::uint64_t, std::vector<std::byte>> pages_;
};

using Registers = std::array<std::uint64_t, 6>;

std::vector<Payload> whole_call(std::string_view name, const Registers& arguments, std::int64_t result,
                                FakeMemory& memory) {
    const std::uint64_t number = find_syscall(name)->number;
    auto payloads = read_payloads_at_entry(number, arguments, memory);
    read_payloads_at_exit(number, arguments, result, memory, payloads);
    return payloads;
}

std::string text(const Payload& payload) {
    return std::string(as_string_view(payload.bytes));
}

TEST(Payload, read_gives_what_the_result_says) {
    FakeMemory memory;
    memory.write(0x1000, "abcdefgh");
    const auto payloads = whole_call("read", {3, 0x1000, 8}, 3, memory);
    ASSERT_EQ(payloads.size(), 1U);
    EXPECT_EQ(payloads[0].direction, Direction::Out);
    EXPECT_EQ(text(payloads[0]), "abc");
}

TEST(Payload, a_failed_read_has_none) {
    FakeMemory memory;
    memory.write(0x1000, "abcdefgh");
    EXPECT_TRUE(whole_call("read", {3, 0x1000, 8}, -error_number("EBADF"), memory).empty());
}

TEST(Payload, write_has_its_bytes_and_says_how_many_were_asked_for) {
    FakeMemory memory;
    memory.write(0x1ffe, "ab");
    const auto payloads = whole_call("write", {1, 0x1ffe, 10}, 2, memory);
    ASSERT_EQ(payloads.size(), 1U);
    EXPECT_EQ(text(payloads[0]), "ab");
    EXPECT_EQ(payloads[0].length, 10U);
}

TEST(Payload, paths_and_string_arrays_are_read_to_their_end) {
    FakeMemory memory;
    memory.write(0x1000, std::string_view("/bin/x\0", 7));
    memory.write(0x1100, std::string_view("one\0", 4));
    memory.write(0x1200, std::string_view("two\0", 4));
    memory.number<std::uint64_t>(0x1300, 0x1100);
    memory.number<std::uint64_t>(0x1308, 0x1200);
    memory.number<std::uint64_t>(0x1310, 0);
    const auto payloads =
        read_payloads_at_entry(syscall_number("execve"), Registers{0x1000, 0x1300, 0x1310}, memory);
    ASSERT_EQ(payloads.size(), 3U);
    EXPECT_EQ(text(payloads[0]), "/bin/x");
    EXPECT_EQ(text(payloads[1]), "one");
    EXPECT_EQ(payloads[2].element, (PayloadElement{.piece = Piece::String, .index = 1}));
    EXPECT_EQ(text(payloads[2]), "two");
}

TEST(Payload, strings_that_an_exec_had_to_fetch_come_from_the_new_program) {
    FakeMemory memory;
    memory.number<std::uint64_t>(0x1300, 0x20000);
    memory.number<std::uint64_t>(0x1308, 0x1200);
    memory.number<std::uint64_t>(0x1310, 0);
    memory.write(0x1200, std::string_view("two\0", 4));
    const std::uint64_t number = syscall_number("execve");
    const Registers arguments{0x30000, 0x1300, 0x40000};
    auto payloads = read_payloads_at_entry(number, arguments, memory);
    ASSERT_EQ(payloads.size(), 3U);
    EXPECT_EQ(text(payloads[0]), "");
    const std::vector<std::string> argv{"one", "two"};
    const std::vector<std::string> envp{"A=B"};
    auto completed = payloads;
    complete_exec_payloads(number, arguments, "/bin/x", argv, envp, completed);
    ASSERT_EQ(completed.size(), 4U);
    EXPECT_EQ(text(completed[0]), "/bin/x");
    EXPECT_EQ(completed[0].length, 6U);
    EXPECT_EQ(text(completed[1]), "one");
    EXPECT_EQ(text(completed[2]), "two");
    EXPECT_EQ(text(completed[3]), "A=B");
    EXPECT_EQ(completed[3].argument, 2U);
    // Of a script the first string is not known.
    const std::vector<std::string> script{"/bin/sh", "/bin/x", "two"};
    completed = payloads;
    complete_exec_payloads(number, arguments, "/bin/x", script, envp, completed);
    EXPECT_EQ(text(completed[1]), "");
    EXPECT_EQ(text(completed[2]), "two");
}

TEST(Payload, a_string_at_the_end_of_memory_is_cut_there) {
    FakeMemory memory;
    memory.write(0x1ffd, "abc");
    const auto payloads = read_payloads_at_entry(syscall_number("chdir"), Registers{0x1ffd}, memory);
    ASSERT_EQ(payloads.size(), 1U);
    EXPECT_EQ(text(payloads[0]), "abc");
    EXPECT_EQ(payloads[0].length, 4U);
}

TEST(Payload, what_was_not_mapped_at_the_entry_is_read_at_the_exit) {
    FakeMemory memory;
    const Registers arguments{static_cast<std::uint64_t>(constant("AT_FDCWD")), 0x1000, 0};
    auto payloads = read_payloads_at_entry(syscall_number("openat"), arguments, memory);
    memory.write(0x1000, std::string_view("/etc/passwd\0", 12));
    read_payloads_at_exit(syscall_number("openat"), arguments, 3, memory, payloads);
    ASSERT_EQ(payloads.size(), 1U);
    EXPECT_EQ(text(payloads[0]), "/etc/passwd");
}

TEST(Payload, an_empty_path_that_was_not_mapped_at_the_entry_has_its_end_at_the_exit) {
    FakeMemory memory;
    const Registers arguments{3, 0x1fff, 0x3000, static_cast<std::uint64_t>(constant("AT_EMPTY_PATH"))};
    const std::uint64_t number = syscall_number("newfstatat");
    auto payloads = read_payloads_at_entry(number, arguments, memory);
    ASSERT_EQ(payloads.size(), 1U);
    EXPECT_EQ(payloads[0].length, 1U);  // not known to be empty
    memory.write(0x1fff, std::string_view("\0", 1));
    memory.write(0x3000, std::string(128, 's'));
    read_payloads_at_exit(number, arguments, 0, memory, payloads);
    ASSERT_EQ(payloads.size(), 2U);
    EXPECT_EQ(payloads[0].direction, Direction::In);
    EXPECT_TRUE(payloads[0].bytes.empty());
    EXPECT_EQ(payloads[0].length, 0U);
}

TEST(Payload, of_what_a_failed_call_was_given_the_beginning_is_kept) {
    FakeMemory memory;
    constexpr std::size_t kGiven = 3 * kMostRefusedBytes;
    memory.write(0x100000, std::string(kGiven, 'x'));
    const auto refused = whole_call("write", {9, 0x100000, kGiven}, -error_number("EBADF"), memory);
    ASSERT_EQ(refused.size(), 1U);
    EXPECT_EQ(refused[0].bytes.size(), kMostRefusedBytes);
    EXPECT_EQ(refused[0].length, kGiven);
    EXPECT_EQ(whole_call("write", {9, 0x100000, kGiven}, 5, memory).at(0).bytes.size(), kGiven);
}

TEST(Payload, a_failed_call_with_a_wild_array_of_messages_stays_small) {
    FakeMemory memory;
    // Every word of it is an address within it, so each message has a name, control data and buffers.
    for (std::uint64_t at = 0x10000; at < 0x40000; at += 8) {
        memory.number<std::uint64_t>(at, 0x10000);
    }
    const auto payloads = whole_call("sendmmsg", {9, 0x10000, UINT64_MAX, 0}, -error_number("EBADF"), memory);
    std::size_t bytes = 0;
    for (const Payload& payload : payloads) {
        bytes += payload.bytes.size();
    }
    EXPECT_LE(bytes, kMostRefusedBytes);
    EXPECT_LE(payloads.size(), 1025U);
}

TEST(Payload, clone_tells_a_tid_or_a_descriptor) {
    FakeMemory memory;
    memory.number<std::uint32_t>(0x1000, 77);
    const auto told = [&](std::int64_t flags) {
        return whole_call("clone", {static_cast<std::uint64_t>(flags), 0, 0x1000, 0, 0}, 77, memory);
    };
    EXPECT_TRUE(told(constant("CLONE_VM")).empty());
    const auto tid = told(constant("CLONE_PARENT_SETTID"));
    ASSERT_EQ(tid.size(), 1U);
    EXPECT_EQ(tid[0].element.piece, Piece::Object);
    const auto descriptor = told(constant("CLONE_PIDFD"));
    ASSERT_EQ(descriptor.size(), 1U);
    EXPECT_EQ(descriptor[0].element.piece, Piece::Pidfd);
}

TEST(Payload, clone3_tells_through_the_pointers_of_its_struct) {
    FakeMemory memory;
    const auto flags = static_cast<std::uint64_t>(constant("CLONE_PARENT_SETTID") | constant("CLONE_PIDFD"));
    memory.number<std::uint64_t>(0x1000, flags);
    memory.number<std::uint64_t>(0x1008, 0x2000);  // pidfd
    memory.number<std::uint64_t>(0x1010, 0x2008);  // child_tid
    memory.number<std::uint64_t>(0x1018, 0x2010);  // parent_tid
    for (std::uint64_t at = 0x1020; at < 0x1058; at += 8) {
        memory.number<std::uint64_t>(at, 0);
    }
    memory.number<std::uint32_t>(0x2000, 5);
    memory.number<std::uint32_t>(0x2010, 77);
    const auto payloads = whole_call("clone3", {0x1000, 88}, 77, memory);
    ASSERT_EQ(payloads.size(), 3U);
    EXPECT_EQ(payloads[1].element.piece, Piece::Pidfd);
    EXPECT_EQ(payloads[1].address, 0x2000U);
    EXPECT_EQ(payloads[1].bytes[0], std::byte{5});
    EXPECT_EQ(payloads[2].element.piece, Piece::ParentTid);
    EXPECT_EQ(payloads[2].address, 0x2010U);
    EXPECT_EQ(whole_call("clone3", {0x1000, 88}, -22, memory).size(), 1U);
    memory.number<std::uint64_t>(0x1000, 0);
    EXPECT_EQ(whole_call("clone3", {0x1000, 88}, 77, memory).size(), 1U);
}

TEST(Payload, readv_fills_its_buffers_in_order) {
    FakeMemory memory;
    memory.write(0x1000, "abcdefgh");
    memory.number<std::uint64_t>(0x2000, 0x1000);
    memory.number<std::uint64_t>(0x2008, 3);
    memory.number<std::uint64_t>(0x2010, 0x1004);
    memory.number<std::uint64_t>(0x2018, 4);
    const auto payloads = whole_call("readv", {3, 0x2000, 2}, 5, memory);
    ASSERT_EQ(payloads.size(), 3U);
    EXPECT_EQ(payloads[0].bytes.size(), 32U);
    EXPECT_EQ(text(payloads[1]), "abc");
    EXPECT_EQ(text(payloads[2]), "ef");
    EXPECT_EQ(payloads[2].element, (PayloadElement{.piece = Piece::Buffer, .index = 1}));
}

TEST(Payload, recvmsg_follows_its_header) {
    FakeMemory memory;
    memory.number<std::uint64_t>(0x1000, 0x3000);  // name
    memory.number<std::uint32_t>(0x1008, 16);
    memory.number<std::uint64_t>(0x1010, 0x2000);  // iovec
    memory.number<std::uint64_t>(0x1018, 1);
    memory.number<std::uint64_t>(0x1020, 0);
    memory.number<std::uint64_t>(0x1028, 0);
    memory.number<std::uint64_t>(0x2000, 0x4000);
    memory.number<std::uint64_t>(0x2008, 100);
    memory.write(0x3000, std::string(16, 'n'));
    memory.write(0x4000, "message");
    const std::uint64_t number = syscall_number("recvmsg");
    const Registers arguments{3, 0x1000, 0};
    auto payloads = read_payloads_at_entry(number, arguments, memory);
    memory.number<std::uint32_t>(0x1008, 2);  // the kernel says how long the name is
    read_payloads_at_exit(number, arguments, 7, memory, payloads);
    std::map<std::pair<Direction, Piece>, std::string> found;
    for (const Payload& payload : payloads) {
        found[{payload.direction, payload.element.piece}] = text(payload);
    }
    EXPECT_EQ((found[{Direction::Out, Piece::Name}]), "nn");
    EXPECT_EQ((found[{Direction::Out, Piece::Buffer}]), "message");
    EXPECT_EQ((found[{Direction::In, Piece::Vector}].size()), 16U);
}

TEST(Payload, an_address_fits_the_room_there_was) {
    FakeMemory memory;
    memory.write(0x1000, std::string(64, 'a'));
    memory.number<std::uint32_t>(0x2000, 4);
    const std::uint64_t number = syscall_number("getsockname");
    const Registers arguments{3, 0x1000, 0x2000};
    auto payloads = read_payloads_at_entry(number, arguments, memory);
    memory.number<std::uint32_t>(0x2000, 28);
    read_payloads_at_exit(number, arguments, 0, memory, payloads);
    ASSERT_EQ(payloads.size(), 3U);
    EXPECT_EQ(text(payloads[1]), "aaaa");
}

TEST(Payload, commands_decide_what_is_read) {
    FakeMemory memory;
    memory.write(0x1000, std::string(64, 'w'));
    const auto window = static_cast<std::uint64_t>(constant("TIOCGWINSZ"));
    EXPECT_EQ(whole_call("ioctl", {1, window, 0x1000}, 0, memory).at(0).bytes.size(), 8U);
    EXPECT_TRUE(whole_call("ioctl", {1, 0x9999, 0x1000}, 0, memory).empty());
    const auto get_flags = static_cast<std::uint64_t>(constant("F_GETFL"));
    EXPECT_TRUE(whole_call("fcntl", {1, get_flags, 0x1000}, 0, memory).empty());
    const auto wake = static_cast<std::uint64_t>(constant("FUTEX_WAKE_PRIVATE"));
    EXPECT_TRUE(whole_call("futex", {0x1000, wake, 1, 0x1000}, 0, memory).empty());
}

TEST(Payload, what_sleep_left_is_written_only_when_interrupted) {
    FakeMemory memory;
    memory.write(0x1000, std::string(16, '\0'));
    memory.write(0x1100, std::string(16, '\0'));
    EXPECT_EQ(whole_call("nanosleep", {0x1000, 0x1100}, 0, memory).size(), 1U);
    EXPECT_EQ(whole_call("nanosleep", {0x1000, 0x1100}, -error_number("EINTR"), memory).size(), 2U);
}

TEST(Payload, a_hostile_length_is_bounded) {
    FakeMemory memory;
    memory.write(0x1000, "a");
    EXPECT_EQ(whole_call("write", {1, 0x1000, UINT64_MAX}, 1, memory).at(0).bytes.size(), 4096U);
    EXPECT_EQ(whole_call("ppoll", {0x1000, UINT64_MAX, 0}, 0, memory).at(0).bytes.size(), 4096U);
    whole_call("writev", {1, 0x1000, UINT64_MAX}, 1, memory);
    whole_call("recvmmsg", {1, 0x1000, UINT64_MAX}, INT64_MAX, memory);
}

TEST(Payload, no_call_crashes_on_any_arguments) {
    FakeMemory memory;
    memory.write(0x1000, std::string(4096, '\x10'));
    for (const SyscallRow& row : all_syscalls()) {
        for (const std::uint64_t value :
             {std::uint64_t{0}, std::uint64_t{0x1000}, std::uint64_t{0x1ff8}, UINT64_MAX}) {
            const Registers arguments{value, value, value, value, value, value};
            for (const std::int64_t result :
                 {std::int64_t{0}, std::int64_t{1}, std::int64_t{-4}, INT64_MAX}) {
                whole_call(row.name, arguments, result, memory);
            }
        }
    }
}

}  // namespace
}  // namespace levitate::traces::abi
