// Which number of one trace stands for which of the other: inodes, process numbers in names and in clocks.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/traces/compare/compared.hpp"
#include "tests/unit/traces/trace_builder.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/compare/compare.hpp"

namespace levitate::traces {
namespace {

using test::TraceBuilder;

struct File {
    std::uint8_t device;
    std::uint8_t inode;
};

std::vector<std::byte> stat_of(File file) {
    const abi::Struct& layout = *abi::find_struct("stat");
    std::vector<std::byte> bytes(layout.size);
    bytes[layout.field("st_dev")->offset] = static_cast<std::byte>(file.device);
    bytes[layout.field("st_ino")->offset] = static_cast<std::byte>(file.inode);
    return bytes;
}

std::vector<std::byte> statx_of(File file) {
    const abi::Struct& layout = *abi::find_struct("statx");
    std::vector<std::byte> bytes(layout.size);
    bytes[layout.field("stx_dev_minor")->offset] = static_cast<std::byte>(file.device);
    bytes[layout.field("stx_ino")->offset] = static_cast<std::byte>(file.inode);
    return bytes;
}

std::vector<std::byte> entry_of(std::uint8_t inode, std::string_view name) {
    constexpr std::size_t kSize = 32;
    const abi::Struct& layout = *abi::find_struct("linux_dirent64");
    std::vector<std::byte> bytes(kSize);
    bytes[layout.field("d_ino")->offset] = static_cast<std::byte>(inode);
    bytes[layout.field("d_reclen")->offset] = static_cast<std::byte>(kSize);
    const std::size_t at = layout.field("d_name")->offset;
    for (std::size_t i = 0; i < name.size(); ++i) {
        bytes[at + i] = static_cast<std::byte>(name[i]);
    }
    return bytes;
}

// A program that asks about files in this order: by fstat, by statx, or as the entry of a directory.
class Asking {
  public:
    explicit Asking(std::int64_t pid = 100) { builder_.start(1, 0, 17, pid); }

    Asking& stat(File file) {
        TraceBuilder::payload(builder_.call(1, "fstat", {3, 0x4000}, 0), 1, Direction::Out, stat_of(file));
        return *this;
    }
    Asking& statx(File file) {
        TraceBuilder::payload(builder_.call(1, "statx", {3, 0x5000, 0x1000, 0x7ff, 0x4000}, 0), 4,
                              Direction::Out, statx_of(file));
        return *this;
    }
    Asking& entry(std::uint8_t inode, std::string_view name = "file") {
        const auto bytes = entry_of(inode, name);
        TraceBuilder::payload(
            builder_.call(1, "getdents64", {3, 0x4000, 1024}, static_cast<std::int64_t>(bytes.size())), 1,
            Direction::Out, bytes);
        return *this;
    }
    Asking& own_number(std::int64_t pid) {
        builder_.call(1, "getpid", {}, pid);
        return *this;
    }
    Asking& clock(std::int32_t clock) {
        builder_.call(1, "clock_getres", {static_cast<std::uint32_t>(clock), 0}, 0);
        return *this;
    }
    Trace trace() {
        builder_.call(1, "exit_group", {0}, std::nullopt);
        builder_.end(1, 0);
        builder_.outcome(0, "");
        return builder_.trace();
    }

  private:
    TraceBuilder builder_;
};

bool agree(Asking golden, Asking actual) {
    return test::verdict_of(golden.trace(), actual.trace()) == Verdict::Equivalent;
}

TEST(CompareIdentity, an_inode_number_is_unique_on_its_device_only) {
    const Asking two_devices = Asking{}.stat({20, 1}).stat({21, 1});
    EXPECT_TRUE(agree(two_devices, Asking{}.stat({7, 1}).stat({8, 2})));
    EXPECT_TRUE(agree(Asking{}.stat({7, 1}).stat({8, 2}), two_devices));
    EXPECT_FALSE(agree(two_devices, Asking{}.stat({7, 1}).stat({7, 1})));
    EXPECT_FALSE(agree(Asking{}.stat({20, 1}).stat({20, 1}), Asking{}.stat({7, 1}).stat({7, 2})));
    EXPECT_FALSE(agree(Asking{}.stat({20, 1}).stat({20, 2}), Asking{}.stat({7, 1}).stat({7, 1})));
}

TEST(CompareIdentity, stat_and_statx_tell_of_the_same_files) {
    const Asking golden = Asking{}.stat({20, 5}).statx({20, 5});
    EXPECT_TRUE(agree(golden, Asking{}.stat({7, 6}).statx({7, 6})));
    EXPECT_FALSE(agree(golden, Asking{}.stat({7, 6}).statx({7, 9})));
}

TEST(CompareIdentity, an_entry_has_the_number_of_the_file_that_it_names) {
    EXPECT_FALSE(agree(Asking{}.stat({20, 5}).entry(5), Asking{}.stat({7, 6}).entry(9)));
    EXPECT_FALSE(agree(Asking{}.entry(5).stat({20, 5}), Asking{}.entry(9).stat({7, 6})));
    EXPECT_TRUE(agree(Asking{}.stat({20, 5}).entry(5), Asking{}.stat({7, 6}).entry(6)));
    EXPECT_FALSE(agree(Asking{}.entry(5).entry(5), Asking{}.entry(6).entry(7)));
    // It may be on either of two devices.
    const Asking golden = Asking{}.stat({20, 5}).stat({21, 5}).entry(5);
    EXPECT_TRUE(agree(golden, Asking{}.stat({7, 6}).stat({8, 9}).entry(6)));
    EXPECT_TRUE(agree(golden, Asking{}.stat({7, 6}).stat({8, 9}).entry(9)));
}

TEST(CompareIdentity, an_entry_may_be_named_after_a_process) {
    const auto lists = [](std::int64_t pid, std::string_view name) {
        return Asking{pid}.own_number(pid).entry(1, name);
    };
    EXPECT_TRUE(agree(lists(100, "100"), lists(345, "345")));
    EXPECT_FALSE(agree(lists(100, "100"), lists(345, "346")));
    EXPECT_FALSE(agree(lists(100, "v100"), lists(345, "v345")));
}

TEST(CompareIdentity, a_clock_may_be_that_of_a_process) {
    const auto asks = [](std::int32_t pid, std::int32_t of, std::int32_t which) {
        return Asking{pid}.own_number(pid).clock(~of * 8 | which);
    };
    EXPECT_TRUE(agree(asks(100, 100, 2), asks(345, 345, 2)));
    EXPECT_FALSE(agree(asks(100, 100, 2), asks(345, 345, 6)));
    EXPECT_FALSE(agree(asks(100, 100, 2), asks(345, 346, 2)));
    EXPECT_FALSE(agree(Asking{}.clock(1), Asking{}.clock(2)));
}

}  // namespace
}  // namespace levitate::traces
