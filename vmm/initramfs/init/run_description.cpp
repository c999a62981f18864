#include "vmm/initramfs/init/run_description.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <string_view>

namespace levitate::vmm::init {
namespace {

constexpr std::string_view kVersion = "2";

void append_field(std::string& text, std::string_view key, std::string_view value) {
    text.append(key).append(" ").append(std::to_string(value.size())).append("\n");
    text.append(value).append("\n");
}

std::string format_numbers(const std::vector<std::uint32_t>& numbers) {
    std::string text;
    for (const std::uint32_t number : numbers) {
        text.append(text.empty() ? "" : " ").append(std::to_string(number));
    }
    return text;
}

// False: these are no numbers.
bool parse_numbers(std::string_view text, std::vector<std::uint32_t>& numbers) {
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at != end;) {
        std::uint32_t number = 0;
        const auto [next, error] = std::from_chars(at, end, number);
        if (error != std::errc{} || (next != end && *next != ' ')) {
            return false;
        }
        numbers.push_back(number);
        at = next == end ? end : next + 1;
    }
    return true;
}

struct Field {
    std::string_view key;
    std::string_view value;
};

// Takes one field off the front of `rest`. nullopt: malformed.
std::optional<Field> take_field(std::string_view& rest) {
    const auto line_end = rest.find('\n');
    const auto space = rest.find(' ');
    if (line_end == std::string_view::npos || space >= line_end) {
        return std::nullopt;
    }
    std::size_t length = 0;
    const char* const digits_end = rest.data() + line_end;
    const auto [end, error] = std::from_chars(rest.data() + space + 1, digits_end, length);
    const std::string_view after = rest.substr(line_end + 1);
    if (error != std::errc{} || end != digits_end || length >= after.size() || after[length] != '\n') {
        return std::nullopt;
    }
    const Field field{.key = rest.substr(0, space), .value = after.substr(0, length)};
    rest = after.substr(length + 1);
    return field;
}

// Sets the field in the case. False: a case has no such field, or the field cannot have this value.
bool apply_field(Case& one, const Field& field) {
    const std::string value{field.value};
    if (field.key == "program") {
        one.program = value;
    } else if (field.key == "argument") {
        one.arguments.push_back(value);
    } else if (field.key == "environment") {
        one.environment.push_back(value);
    } else if (field.key == "directory") {
        one.directory = value;
    } else if (field.key == "bytes") {
        one.input_bytes = value;
    } else if (field.key == "randomize" && (value == "0" || value == "1")) {
        one.randomize_addresses = value == "1";
    } else if (field.key == "batch" && (value == "0" || value == "1")) {
        one.batch = value == "1";
    } else if (field.key == "input" && (value == "live" || value == "bytes")) {
        one.input = value == "live" ? Input::Live : Input::Bytes;
    } else if (field.key == "terminal") {
        one.terminal.descriptors = value;
    } else if (field.key == "window") {
        return parse_numbers(value, one.terminal.window);
    } else if (field.key == "settings") {
        return parse_numbers(value, one.terminal.settings);
    } else {
        return false;
    }
    return true;
}

}  // namespace

std::string format_run_description(const RunDescription& description) {
    std::string text;
    append_field(text, "levitate-run", kVersion);
    append_field(text, "key",
                 {reinterpret_cast<const char*>(description.key.data()), description.key.size()});
    for (const Case& one : description.cases) {
        append_field(text, "case", "");
        append_field(text, "program", one.program);
        for (const std::string& argument : one.arguments) {
            append_field(text, "argument", argument);
        }
        for (const std::string& variable : one.environment) {
            append_field(text, "environment", variable);
        }
        append_field(text, "directory", one.directory);
        append_field(text, "randomize", one.randomize_addresses ? "1" : "0");
        append_field(text, "batch", one.batch ? "1" : "0");
        append_field(text, "input", one.input == Input::Live ? "live" : "bytes");
        if (one.input == Input::Bytes) {
            append_field(text, "bytes", one.input_bytes);
        }
        if (!one.terminal.descriptors.empty()) {
            append_field(text, "terminal", one.terminal.descriptors);
            append_field(text, "window", format_numbers(one.terminal.window));
            append_field(text, "settings", format_numbers(one.terminal.settings));
        }
    }
    return text;
}

std::optional<RunDescription> parse_run_description(const std::string& text) {
    std::string_view rest = text;
    const auto version = take_field(rest);
    if (!version || version->key != "levitate-run" || version->value != kVersion) {
        return std::nullopt;
    }
    RunDescription description;
    const auto key = take_field(rest);
    if (!key || key->key != "key" || key->value.size() != description.key.size()) {
        return std::nullopt;
    }
    std::ranges::copy(std::as_bytes(std::span{key->value}), description.key.begin());
    std::vector<Case>& cases = description.cases;
    while (!rest.empty()) {
        const auto field = take_field(rest);
        if (!field) {
            return std::nullopt;
        }
        if (field->key == "case") {
            cases.emplace_back();
        } else if (cases.empty() || !apply_field(cases.back(), *field)) {
            return std::nullopt;
        }
    }
    for (const Case& one : cases) {
        if (one.program.empty()) {
            return std::nullopt;
        }
    }
    return description;
}

}  // namespace levitate::vmm::init
