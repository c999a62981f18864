#include "traces/compare/contents.hpp"

#include <algorithm>
#include <charconv>

#include "traces/abi/layouts.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces::detail {
namespace {

struct Mapping {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::string_view permissions;
    std::uint64_t offset = 0;
    std::string_view path;
};

std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() ? std::optional(value)
                                                                               : std::nullopt;
}

std::optional<Mapping> parse_mapping(std::string_view line) {
    const std::string_view range = take_word(line);
    const std::size_t dash = range.find('-');
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto start = hexadecimal(range.substr(0, dash));
    const auto end = hexadecimal(range.substr(dash + 1));
    const std::string_view permissions = take_word(line);
    const auto offset = hexadecimal(take_word(line));
    take_word(line);  // device
    take_word(line);  // inode
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (!start || !end || !offset || permissions.size() != 4) {
        return std::nullopt;
    }
    return Mapping{*start, *end, permissions, *offset, line};
}

// Whole lines only, unless the text is the whole file.
std::vector<std::string_view> lines_of(std::string_view text, Reading extent) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos && extent == Reading::Part) {
            break;
        }
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

ContentProblem compare_line(std::string_view golden_line, std::string_view actual_line,
                            const AddressesEqual& equal) {
    const auto golden = parse_mapping(golden_line);
    const auto actual = parse_mapping(actual_line);
    if (!golden || !actual) {
        return golden_line == actual_line ? std::nullopt : ContentProblem("a line is no mapping");
    }
    if (golden->permissions != actual->permissions) {
        return "permissions differ";
    }
    if (golden->path != actual->path) {
        return "paths differ";
    }
    if (golden->offset != actual->offset) {
        return "offsets differ";
    }
    // The end is compared as the length, because it is the next mapping's page.
    if (!equal(golden->start, actual->start) || golden->end - golden->start != actual->end - actual->start) {
        return "addresses differ";
    }
    return std::nullopt;
}

// The digits that the text begins with; empty: it does not begin with a digit.
std::string_view leading_digits(std::string_view text) {
    return text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
}

// A whole number as programs write process numbers: it has no leading zero and is not part of a fraction, a
// longer word or a hexadecimal number.
std::optional<std::uint64_t> whole_number(std::string_view digits, char before, std::string_view behind) {
    const auto joins = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '+';
    };
    const bool fraction = behind.size() > 1 && behind[0] == '.' && behind[1] >= '0' && behind[1] <= '9';
    if (digits.empty() || digits.front() == '0' || joins(before) || fraction ||
        (!behind.empty() && behind[0] != '.' && joins(behind[0]))) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return parsed.ec == std::errc{} ? std::optional(value) : std::nullopt;
}

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

ContentProblem compare_maps(std::string_view golden, std::string_view actual, Reading golden_extent,
                            Reading actual_extent, const AddressesEqual& equal) {
    const auto golden_lines = lines_of(golden, golden_extent);
    const auto actual_lines = lines_of(actual, actual_extent);
    for (std::size_t i = 0; i < std::min(golden_lines.size(), actual_lines.size()); ++i) {
        if (auto problem = compare_line(golden_lines[i], actual_lines[i], equal)) {
            return "mapping " + std::to_string(i) + ": " + *problem + ": " + std::string(golden_lines[i]) +
                   " against " + std::string(actual_lines[i]);
        }
    }
    // A reader that stops somewhere has read at least one line to stop at, and no more than there are.
    const bool golden_may_go_on =
        golden_extent == Reading::Part && golden_lines.size() <= actual_lines.size();
    const bool actual_may_go_on =
        actual_extent == Reading::Part && actual_lines.size() <= golden_lines.size();
    const bool missing = golden_lines.empty() != actual_lines.empty();
    if (missing || (golden_lines.size() != actual_lines.size() && !golden_may_go_on && !actual_may_go_on)) {
        return std::to_string(golden_lines.size()) + " mappings against " +
               std::to_string(actual_lines.size());
    }
    return std::nullopt;
}

bool equal_but_for_numbers(std::string_view golden, std::string_view actual, const NumbersEqual& equal) {
    char before = '\0';
    while (!golden.empty() && !actual.empty()) {
        const std::string_view golden_digits = leading_digits(golden);
        const std::string_view actual_digits = leading_digits(actual);
        if (golden_digits.empty() || actual_digits.empty()) {
            if (golden.front() != actual.front()) {
                return false;
            }
            before = golden.front();
            golden.remove_prefix(1);
            actual.remove_prefix(1);
            continue;
        }
        golden.remove_prefix(golden_digits.size());
        actual.remove_prefix(actual_digits.size());
        if (golden_digits != actual_digits) {
            const auto one = whole_number(golden_digits, before, golden);
            const auto other = whole_number(actual_digits, before, actual);
            if (!one || !other || !equal(*one, *other)) {
                return false;
            }
        }
        before = golden_digits.back();
    }
    return golden.empty() && actual.empty();
}

std::string shape(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t end = i;
        const bool word_start =
            i == 0 || !(is_hex_digit(text[i - 1]) || (text[i - 1] >= 'g' && text[i - 1] <= 'z'));
        bool digits = false;
        while (word_start && end < text.size() && is_hex_digit(text[end])) {
            digits = digits || is_digit(text[end]);
            ++end;
        }
        if (digits) {
            result += '#';
            i = end;
        } else if (is_digit(text[i])) {
            result += '#';
            while (i < text.size() && is_digit(text[i])) {
                ++i;
            }
        } else if (text[i] == ' ' || text[i] == '\t') {
            result += ' ';
            while (i < text.size() && (text[i] == ' ' || text[i] == '\t')) {
                ++i;
            }
        } else {
            result += text[i++];
        }
    }
    return result;
}

bool fits_variation(const std::vector<std::span<const std::byte>>& recordings,
                    std::span<const std::byte> actual) {
    const auto& first = recordings.front();
    const bool one_length =
        std::ranges::all_of(recordings, [&](auto bytes) { return bytes.size() == first.size(); });
    if (one_length && actual.size() == first.size()) {
        for (std::size_t i = 0; i < actual.size(); ++i) {
            const bool agreed =
                std::ranges::all_of(recordings, [&](auto bytes) { return bytes[i] == first[i]; });
            if (agreed && actual[i] != first[i]) {
                return false;
            }
        }
        return true;
    }
    const std::string wanted = shape(as_string_view(first));
    const bool one_shape =
        std::ranges::all_of(recordings, [&](auto bytes) { return shape(as_string_view(bytes)) == wanted; });
    return !one_shape || shape(as_string_view(actual)) == wanted;
}

Nanoseconds nanoseconds_in(const abi::Struct& layout, std::span<const std::byte> bytes) {
    constexpr Nanoseconds kSecond = 1'000'000'000;
    Nanoseconds sum = 0;
    for (const abi::Field& field : layout.fields) {
        const auto value = static_cast<std::int64_t>(abi::read_field(bytes, field).value_or(0));
        sum += value * (abi::is_microseconds(field) ? 1000 : abi::is_nanoseconds(field) ? 1 : kSecond);
    }
    return sum;
}

std::vector<DirectoryEntry> parse_directory(std::span<const std::byte> records) {
    const abi::Struct& layout = *abi::find_struct("linux_dirent64");
    const std::size_t name_offset = layout.field("d_name")->offset;
    std::vector<DirectoryEntry> entries;
    while (records.size() >= name_offset) {
        const auto length = abi::read_field(records, *layout.field("d_reclen")).value_or(0);
        if (length <= name_offset || length > records.size()) {
            break;
        }
        const std::string_view name = as_string_view(records.subspan(name_offset, length - name_offset));
        entries.push_back({.name = std::string(name.substr(0, name.find('\0'))),
                           .inode = abi::read_field(records, *layout.field("d_ino")).value_or(0),
                           .type = abi::read_field(records, *layout.field("d_type")).value_or(0),
                           .size = length});
        records = records.subspan(length);
    }
    return entries;
}

}  // namespace levitate::traces::detail
