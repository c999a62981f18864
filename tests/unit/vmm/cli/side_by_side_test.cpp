#include "vmm/cli/side_by_side.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "tests/unit/traces/trace_builder.hpp"

namespace levitate::vmm::cli {
namespace {

using traces::Direction;
using traces::test::TraceBuilder;

// A golden and an actual trace, and the table of where they first differ.
struct Pair {
    TraceBuilder golden;
    TraceBuilder actual;

    std::string table(TextStyle style = {}) {
        const std::vector<traces::Trace> recordings{golden.trace()};
        const traces::Comparison comparison = traces::compare(recordings, actual.trace());
        EXPECT_NE(comparison.first(), nullptr);
        return comparison.first() != nullptr
                   ? side_by_side(golden.trace(), actual.trace(), *comparison.first(), style)
                   : "";
    }
};

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::size_t longest_line(const std::string& text) {
    std::size_t longest = 0;
    for (const std::string& line : lines_of(text)) {
        // In characters: only an ellipsis has more than one byte.
        const auto continuation = [](char byte) {
            return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
        };
        longest = std::max(longest,
                           line.size() - static_cast<std::size_t>(std::ranges::count_if(line, continuation)));
    }
    return longest;
}

TEST(SideBySide, a_row_for_each_field_and_a_mark_on_the_one_that_differs) {
    Pair pair;
    pair.golden.write(1, 1, "Hello\n");
    pair.actual.write(1, 1, "Hello\n").result = 5;
    EXPECT_EQ(pair.table(),
              "           | golden    | actual\n"
              "    call   | write     | write\n"
              "    fd     | 1         | 1\n"
              "    buffer | \"Hello\\n\" | \"Hello\\n\"\n"
              "    count  | 6         | 6\n"
              "  > result | 6         | 5\n");
}

TEST(SideBySide, colour_is_on_the_marked_row_only) {
    Pair pair;
    pair.golden.call(1, "close", {3}, 0);
    pair.actual.call(1, "close", {3}, -traces::abi::error_number("EBADF"));
    const std::string table = pair.table({.columns = 100, .colour = true});
    const auto lines = lines_of(table);
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[2], "    fd     | 3      | 3");
    EXPECT_EQ(lines[3],
              "\x1b[1m  > result\x1b[0m | \x1b[32m0     \x1b[0m | "
              "\x1b[31m-1 EBADF (Bad file descriptor)\x1b[0m");
}

TEST(SideBySide, long_data_is_shown_around_its_first_difference) {
    Pair pair;
    std::string text(4096, 'x');
    pair.golden.read(1, 3, text);
    text[4000] = 'y';
    pair.actual.read(1, 3, text);
    const std::string table = pair.table({.columns = 80, .colour = false});
    EXPECT_NE(table.find("  > buffer at byte 4000 | "), std::string::npos) << table;
    EXPECT_NE(table.find('y'), std::string::npos) << table;
    EXPECT_LT(table.size(), 1500U) << table;
}

TEST(SideBySide, a_field_of_a_struct_has_a_row_of_its_own) {
    Pair pair;
    const auto stack = [](TraceBuilder& builder, char flags) {
        auto& call = builder.call(1, "sigaltstack", {0, 0x4000}, 0);
        std::vector<std::byte> bytes(24);
        bytes[8] = std::byte(flags);
        TraceBuilder::payload(call, 1, Direction::Out, std::move(bytes));
    };
    stack(pair.golden, 2);
    stack(pair.actual, 0);
    const auto lines = lines_of(pair.table());
    ASSERT_EQ(lines.size(), 6U);
    EXPECT_EQ(lines[3].substr(0, 17), "    old_stack   |");
    EXPECT_EQ(lines[4].substr(0, 32), "  >   .ss_flags | SS_DISABLE    ");
    EXPECT_TRUE(lines[4].ends_with(" | 0")) << lines[4];
}

TEST(SideBySide, what_may_differ_is_told_from_what_must_not) {
    Pair pair;
    pair.golden.call(1, "getpid", {}, 100);
    pair.actual.call(1, "getpid", {}, 200);
    pair.golden.call(1, "kill", {100, 10}, 0);
    pair.actual.call(1, "kill", {200, 12}, 0);
    EXPECT_EQ(pair.table(),
              "           | golden  | actual\n"
              "    call   | kill    | kill\n"
              "  ~ pid    | 100     | 200\n"
              "  > signum | SIGUSR1 | SIGUSR2\n"
              "    result | 0       | 0\n"
              "  ~ differs, but is not held against the trace\n");
}

TEST(SideBySide, different_calls_differ_in_what_they_are) {
    Pair pair;
    pair.golden.call(1, "close", {3}, 0);
    pair.golden.outcome(0, "");
    pair.actual.call(1, "fsync", {3}, 0);
    pair.actual.outcome(0, "");
    const auto lines = lines_of(pair.table());
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[1], "  > call   | close  | fsync");
    EXPECT_EQ(lines[2].front(), ' ');
}

TEST(SideBySide, a_side_that_has_ended_has_nothing) {
    Pair pair;
    pair.golden.call(1, "close", {3}, 0);
    const auto lines = lines_of(pair.table());
    ASSERT_GE(lines.size(), 2U);
    EXPECT_EQ(lines[1], "  > call   | close  | (nothing)");
}

TEST(SideBySide, columns_are_as_wide_as_the_terminal_allows) {
    Pair pair;
    const std::string path = "/a/path/that/is/rather/long/and/so/needs/more/than/a/line/of/a/narrow/terminal";
    pair.golden.open(1, path, 3);
    pair.actual.open(1, path, -traces::abi::error_number("ENOENT"));
    for (const std::size_t columns : {60UL, 80UL, 132UL, 200UL}) {
        const std::string table = pair.table({.columns = columns, .colour = false});
        EXPECT_LE(longest_line(table), columns) << table;
        EXPECT_NE(table.find(" | golden"), std::string::npos) << table;
    }
    EXPECT_NE(pair.table({.columns = 200, .colour = false}).find("\"" + path + "\" | \""), std::string::npos);
}

TEST(SideBySide, values_stand_below_each_other_where_columns_would_be_too_narrow) {
    Pair pair;
    pair.golden.call(1, "close", {3}, 0);
    pair.actual.call(1, "close", {3}, -traces::abi::error_number("EBADF"));
    const std::string list = pair.table({.columns = 40, .colour = false});
    EXPECT_EQ(list,
              "    call\n"
              "      both   close\n"
              "    fd\n"
              "      both   3\n"
              "  > result\n"
              "      golden 0\n"
              "      actual -1 EBADF (Bad file\n"
              "             descriptor)\n");
    EXPECT_LE(longest_line(list), 40U);
}

TEST(SideBySide, of_an_event_with_many_fields_only_what_differs_is_shown) {
    Pair pair;
    const auto exec = [](TraceBuilder& builder, std::uint64_t page_size) {
        traces::ExecEvent event;
        event.path = "/bin/case";
        event.argv = {"case"};
        for (std::uint64_t type = 40; type < 60; ++type) {
            event.auxv.push_back({.type = type, .value = 1});
        }
        event.auxv.push_back(
            {.type = static_cast<std::uint64_t>(traces::abi::constant("AT_PAGESZ")), .value = page_size});
        builder.add(1, std::move(event));
    };
    exec(pair.golden, 4096);
    exec(pair.actual, 65536);
    EXPECT_EQ(pair.table(),
              "              | golden | actual\n"
              "    event     | exec   | exec\n"
              "  > AT_PAGESZ | 4096   | 65536\n"
              "    24 more fields agree\n");
}

TEST(SideBySide, bytes_that_a_terminal_would_obey_are_escaped) {
    Pair pair;
    pair.golden.write(1, 1, "\x1b[2J");
    pair.actual.write(1, 1, "\x1b[3J");
    EXPECT_EQ(pair.table().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace levitate::vmm::cli
