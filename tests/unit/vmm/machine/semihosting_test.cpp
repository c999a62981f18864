#include "vmm/machine/semihosting.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace levitate::vmm {
namespace {

enum Operation : std::uint32_t {
    kOpen = 0x01,
    kClose = 0x02,
    kWriteCharacter = 0x03,
    kWriteString = 0x04,
    kWrite = 0x05,
    kRead = 0x06,
    kIsTerminal = 0x09,
    kErrorNumber = 0x13,
    kExit = 0x18,
    kExitExtended = 0x20,
};

class SemihostingTest : public testing::Test {
  protected:
    static constexpr std::uint64_t kBase = 0x1000;

    SemihostingReply call(std::uint32_t operation, std::uint64_t parameter) {
        return host.call(operation, parameter, [this](GuestVirt from, std::span<std::byte> into) {
            const std::uint64_t offset = value(from) - kBase;
            const std::size_t count =
                offset < memory.size() ? std::min<std::size_t>(into.size(), memory.size() - offset) : 0;
            if (count != 0) {
                std::memcpy(into.data(), memory.data() + offset, count);
            }
            return count;
        });
    }
    // Puts a parameter block at the front of the memory.
    std::uint64_t block(std::vector<std::uint64_t> words) {
        std::memcpy(memory.data(), words.data(), words.size() * sizeof(std::uint64_t));
        return kBase;
    }
    std::uint64_t text(std::string_view characters) {
        std::memcpy(memory.data() + 0x100, characters.data(), characters.size());
        return kBase + 0x100;
    }
    std::uint64_t open_console(std::uint64_t mode) {
        return call(kOpen, block({text(":tt"), mode, 3})).result;
    }
    std::uint64_t error() { return call(kErrorNumber, 0).result; }

    std::string memory = std::string(4096, '\0');
    std::string output;
    Semihosting host{[this](std::byte byte) { output.push_back(static_cast<char>(byte)); }};
};

TEST_F(SemihostingTest, characters_and_strings_are_written) {
    call(kWriteCharacter, text("a"));
    call(kWriteString, text(std::string_view{"bc\0d", 4}));
    EXPECT_EQ(output, "abc");
}

TEST_F(SemihostingTest, the_console_is_opened_for_what_its_mode_says) {
    const std::uint64_t input = open_console(0);
    const std::uint64_t written = open_console(4);
    EXPECT_NE(input, 0U);
    EXPECT_NE(open_console(8), written);
    EXPECT_EQ(call(kIsTerminal, block({written})).result, 1U);
    EXPECT_EQ(call(kWrite, block({written, text("hello"), 5})).result, 0U);
    EXPECT_EQ(call(kWrite, block({input, text("hello"), 5})).result, 5U);
    EXPECT_EQ(error(), static_cast<std::uint64_t>(EBADF));
    EXPECT_EQ(call(kClose, block({written})).result, 0U);
    EXPECT_EQ(output, "hello");
}

TEST_F(SemihostingTest, files_of_the_host_are_not_there) {
    EXPECT_EQ(call(kOpen, block({text("/etc/passwd"), 0, 11})).result, ~0ULL);
    EXPECT_EQ(error(), static_cast<std::uint64_t>(ENOENT));
    EXPECT_EQ(open_console(12), ~0ULL);
}

TEST_F(SemihostingTest, operations_that_are_not_there_fail) {
    EXPECT_EQ(call(kRead, block({1, kBase, 1})).result, ~0ULL);
    EXPECT_EQ(error(), static_cast<std::uint64_t>(ENOSYS));
    EXPECT_EQ(call(0x1234, 0).result, ~0ULL);
}

TEST_F(SemihostingTest, exit_has_a_status) {
    constexpr std::uint64_t kApplicationExit = 0x2'0026;
    EXPECT_EQ(call(kExit, block({kApplicationExit, 0})).exit_status, 0);
    EXPECT_EQ(call(kExitExtended, block({kApplicationExit, 7})).exit_status, 7);
    EXPECT_EQ(call(kExit, block({0x2'0023, 7})).exit_status, 1);  // a run-time error
    EXPECT_EQ(call(kExit, 0).exit_status, std::nullopt);          // no block
}

TEST_F(SemihostingTest, memory_that_is_not_there_is_survived) {
    EXPECT_EQ(call(kOpen, ~0ULL).result, ~0ULL);
    EXPECT_EQ(call(kWrite, kBase + 4090).result, ~0ULL);
    const std::uint64_t console = open_console(4);
    EXPECT_EQ(call(kWrite, block({console, kBase + 4094, ~0ULL})).result, ~0ULL - 2);
    EXPECT_EQ(call(kWrite, block({console, 0, 9})).result, 9U);
    call(kWriteString, 0);
    EXPECT_EQ(output.size(), 2U);
}

}  // namespace
}  // namespace levitate::vmm
