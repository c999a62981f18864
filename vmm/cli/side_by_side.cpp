#include "vmm/cli/side_by_side.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "traces/export/event_fields.hpp"

namespace levitate::vmm::cli {
namespace {

using traces::EventField;

enum class Mark : char { None = ' ', Differs = '>', LetPass = '~' };

struct Row {
    std::string name;
    std::string golden;
    std::string actual;
    Mark mark = Mark::None;
};

constexpr std::string_view kNothing = "(nothing)";
// If an event has more fields than this (as the start of a program has), those that agree are left out.
constexpr std::size_t kMostRows = 16;
// A value that agrees is shown only for orientation.
constexpr std::size_t kMostLinesOfAgreement = 3;
// A column that is narrower than this cannot be read.
constexpr std::size_t kLeastColumn = 18;

std::string_view or_nothing(const std::string& text) {
    return text.empty() ? kNothing : text;
}

// One row for each name that either side has, in order. The first field says what the event is.
std::vector<Row> merge(const std::vector<EventField>& golden, const std::vector<EventField>& actual) {
    std::vector<Row> rows;
    auto next = actual.begin();
    const auto add_actual_until = [&](auto end) {
        for (; next != end; ++next) {
            rows.push_back({.name = next->name, .golden = {}, .actual = next->text});
        }
    };
    for (const EventField& field : golden) {
        const auto same = std::find_if(next, actual.end(),
                                       [&](const EventField& other) { return other.name == field.name; });
        if (same == actual.end()) {
            rows.push_back({.name = field.name, .golden = field.text, .actual = {}});
            continue;
        }
        add_actual_until(same);
        rows.push_back({.name = field.name, .golden = field.text, .actual = same->text});
        ++next;
    }
    add_actual_until(actual.end());
    return rows;
}

// Two events of one kind differ in their fields. Otherwise the difference is that this event exists at all.
std::vector<Row> rows_of(std::vector<EventField> golden, std::vector<EventField> actual) {
    const bool both = !golden.empty() && !actual.empty();
    if (both && golden.front().name != actual.front().name) {
        golden.front().name = actual.front().name = "event";
    }
    const bool same_kind = both && golden.front().text == actual.front().text;
    std::vector<Row> rows = merge(golden, actual);
    for (Row& row : rows) {
        if (same_kind && row.golden != row.actual) {
            const bool one_sided = row.golden.empty() || row.actual.empty();
            row.mark = one_sided ? Mark::Differs : Mark::LetPass;
        }
    }
    if (!same_kind && !rows.empty()) {
        rows.front().mark = Mark::Differs;
        rows.front().golden = or_nothing(rows.front().golden);
        rows.front().actual = or_nothing(rows.front().actual);
    }
    return rows;
}

// Whether the difference is in a part of the row's field: "statbuf.st_size", "iov[1]", "path (length)".
bool is_part(std::string_view field, std::string_view of) {
    return field.starts_with(of) && field.size() > of.size() &&
           std::string_view(".[ ").find(field[of.size()]) != std::string_view::npos;
}

void mark(std::vector<Row>& rows, const traces::Difference& difference) {
    std::string place;
    if (difference.first_byte) {
        place = fmt::format(" at byte {}", *difference.first_byte);
    }
    const auto whole = std::ranges::find(rows, difference.field, &Row::name);
    if (whole != rows.end()) {
        // The event's own text may be cut before the difference.
        if (difference.first_byte || whole->golden == whole->actual) {
            whole->golden = or_nothing(difference.golden);
            whole->actual = or_nothing(difference.actual);
        }
        whole->name += place;
        whole->mark = Mark::Differs;
        return;
    }
    Row row{.name = difference.field + place,
            .golden = std::string(or_nothing(difference.golden)),
            .actual = std::string(or_nothing(difference.actual)),
            .mark = Mark::Differs};
    const auto parent =
        std::ranges::find_if(rows, [&](const Row& other) { return is_part(difference.field, other.name); });
    if (parent == rows.end()) {
        rows.push_back(std::move(row));
        return;
    }
    // The parent's text shows the same difference, but the part's own row shows it better.
    parent->mark = Mark::None;
    row.name = "  " + row.name.substr(parent->name.size());
    const auto sibling =
        std::find_if(parent + 1, rows.end(), [](const Row& other) { return !other.name.starts_with("  "); });
    rows.insert(sibling, std::move(row));
}

// If there are many fields, keeps only the first row and those that differ. Returns how many rows it has
// taken out.
std::size_t drop_agreement(std::vector<Row>& rows) {
    if (rows.size() <= kMostRows) {
        return 0;
    }
    const auto agreement =
        std::remove_if(rows.begin() + 1, rows.end(), [](const Row& row) { return row.golden == row.actual; });
    const auto count = static_cast<std::size_t>(rows.end() - agreement);
    rows.erase(agreement, rows.end());
    return count;
}

bool starts_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
}

// The width in UTF-8 characters. These texts hold only narrow ones.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, starts_character));
}

// The first `columns` characters, or fewer if a space makes a better end.
std::string_view first_line(std::string_view text, std::size_t columns) {
    std::size_t end = 0;
    std::size_t space = 0;
    for (std::size_t seen = 0; end < text.size(); ++end) {
        if (starts_character(text[end]) && ++seen > columns) {
            return text.substr(0, space > end / 2 ? space : end);
        }
        if (text[end] == ' ') {
            space = end + 1;
        }
    }
    return text;
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns, std::size_t most_lines) {
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < most_lines) {
        const std::string_view line = first_line(text, columns);
        lines.emplace_back(line.substr(0, line.find_last_not_of(' ') + 1));
        text.remove_prefix(line.size());
    }
    if (!text.empty()) {
        std::string& last = lines.back();
        while (width(last) + 1 > columns) {
            last.pop_back();
        }
        last += "…";
    }
    return lines;
}

std::string padded(std::string_view text, std::size_t columns) {
    return std::string(text) + std::string(columns - std::min(columns, width(text)), ' ');
}

class Printer {
  public:
    Printer(const std::vector<Row>& rows, const TextStyle& style) : rows_(rows), style_(style) {
        for (const Row& row : rows) {
            name_ = std::max(name_, width(row.name));
            golden_ = std::max(golden_, width(row.golden));
            actual_ = std::max(actual_, width(row.actual));
        }
        golden_ = std::max(golden_, width(kGolden));
        actual_ = std::max(actual_, width(kActual));
        const std::size_t frame = kMargin + name_ + 2 * kSeparator.size();
        const std::size_t room = style.columns > frame ? style.columns - frame : 0;
        is_table_ = room / 2 >= kLeastColumn;
        // The other column gets what one column does not need.
        const std::size_t half = room / 2;
        if (golden_ + actual_ > room) {
            golden_ = std::min(golden_, std::max(half, room - std::min(room, actual_)));
            actual_ = std::min(actual_, room - std::min(room, golden_));
        }
    }

    std::string text() const { return is_table_ ? table() : list(); }

  private:
    static constexpr std::string_view kGolden = "golden";
    static constexpr std::string_view kActual = "actual";
    static constexpr std::string_view kSeparator = " | ";
    static constexpr std::size_t kMargin = 4;  // the mark, with two spaces before it and one behind

    static constexpr std::string_view kBold = "\x1b[1m";
    static constexpr std::string_view kGreen = "\x1b[32m";
    static constexpr std::string_view kRed = "\x1b[31m";
    static constexpr std::string_view kPlain = "\x1b[0m";

    static std::size_t most_lines(const Row& row) {
        return row.mark == Mark::Differs ? SIZE_MAX : kMostLinesOfAgreement;
    }

    std::string painted(const Row& row, std::string_view colour, std::string text) const {
        const bool paints = style_.colour && row.mark == Mark::Differs && !text.empty();
        return paints ? fmt::format("{}{}{}", colour, text, kPlain) : text;
    }

    std::string table() const {
        std::string text = fmt::format("{:{}}{}{}{}{}\n", "", kMargin + name_, kSeparator,
                                       padded(kGolden, golden_), kSeparator, kActual);
        for (const Row& row : rows_) {
            const auto golden = wrap(row.golden, golden_, most_lines(row));
            const auto actual = wrap(row.actual, actual_, most_lines(row));
            const std::size_t lines = std::max({golden.size(), actual.size(), std::size_t{1}});
            for (std::size_t line = 0; line < lines; ++line) {
                const auto cell = [line](const std::vector<std::string>& cells) {
                    return line < cells.size() ? cells[line] : std::string();
                };
                const char mark = line == 0 ? static_cast<char>(row.mark) : ' ';
                text += painted(row, kBold,
                                fmt::format("  {} {}", mark, padded(line == 0 ? row.name : "", name_)));
                text += kSeparator;
                text += painted(row, kGreen, padded(cell(golden), golden_));
                const std::string right = cell(actual);
                text +=
                    right.empty() ? std::string(" |") : std::string(kSeparator) + painted(row, kRed, right);
                text += '\n';
            }
        }
        return text;
    }

    std::string list() const {
        constexpr std::string_view kIndentation = "      ";
        const std::size_t value_at = kIndentation.size() + kGolden.size() + 1;
        const std::size_t room = std::max(style_.columns, value_at + kLeastColumn) - value_at;
        std::string text;
        for (const Row& row : rows_) {
            text += painted(row, kBold, fmt::format("  {} {}", static_cast<char>(row.mark), row.name)) + "\n";
            const auto add = [&](std::string_view side, std::string_view colour, const std::string& value) {
                std::string_view title = side;
                for (const std::string& line : wrap(value, room, most_lines(row))) {
                    text += fmt::format("{}{} {}\n", kIndentation, padded(title, kGolden.size()),
                                        painted(row, colour, line));
                    title = "";
                }
            };
            if (row.golden == row.actual) {
                add("both", "", row.golden);
            } else {
                add(kGolden, kGreen, row.golden);
                add(kActual, kRed, row.actual);
            }
        }
        return text;
    }

    const std::vector<Row>& rows_;
    const TextStyle& style_;
    std::size_t name_ = 0;
    std::size_t golden_ = 0;
    std::size_t actual_ = 0;
    bool is_table_ = true;
};

std::vector<EventField> fields_of(const traces::Trace& trace, std::optional<std::size_t> event) {
    return event ? traces::event_fields(trace, *event) : std::vector<EventField>{};
}

}  // namespace

std::string side_by_side(const traces::Trace& golden, const traces::Trace& actual,
                         const traces::Divergence& divergence, const TextStyle& style) {
    std::vector<Row> rows =
        rows_of(fields_of(golden, divergence.golden_event), fields_of(actual, divergence.actual_event));
    for (const traces::Difference& difference : divergence.differences) {
        mark(rows, difference);
    }
    const std::size_t dropped = drop_agreement(rows);
    std::string text = Printer(rows, style).text();
    if (dropped != 0) {
        text += fmt::format("    {} more fields agree\n", dropped);
    }
    if (std::ranges::find(rows, Mark::LetPass, &Row::mark) != rows.end()) {
        text += "  ~ differs, but is not held against the trace\n";
    }
    return text;
}

}  // namespace levitate::vmm::cli
