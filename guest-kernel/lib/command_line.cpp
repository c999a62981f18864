#include "lib/command_line.hpp"

namespace kernel {

namespace {

constinit std::string_view line;

bool is_blank(char character) {
    return character == ' ' || (character >= '\t' && character <= '\r');
}

}  // namespace

void set_command_line(std::string_view text) {
    line = text;
}

std::string_view command_line() {
    return line;
}

std::string_view command_line_value(std::string_view name) {
    std::string_view rest = line;
    while (const auto word = take_word(rest)) {
        if (word->name == name && word->value) {
            return *word->value;
        }
    }
    return {};
}

std::optional<CommandLineWord> take_word(std::string_view& rest) {
    while (!rest.empty() && is_blank(rest.front())) {
        rest.remove_prefix(1);
    }
    if (rest.empty()) {
        return std::nullopt;
    }
    const bool all_quoted = rest.front() == '"';
    rest.remove_prefix(all_quoted ? 1 : 0);
    bool quoted = all_quoted;
    std::size_t end = 0;
    while (end < rest.size() && (quoted || !is_blank(rest[end]))) {
        quoted = quoted != (rest[end] == '"');
        ++end;
    }
    std::string_view word = rest.substr(0, end);
    rest.remove_prefix(end);
    if (all_quoted && word.ends_with('"')) {
        word.remove_suffix(1);
    }
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
        return CommandLineWord{.name = word, .value = std::nullopt};
    }
    std::string_view value = word.substr(equals + 1);
    if (!all_quoted && value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
        value = value.substr(1, value.size() - 2);
    }
    return CommandLineWord{.name = word.substr(0, equals), .value = value};
}

}  // namespace kernel
