// The kernel's command line: words separated by blanks. Quotes keep a word, or the value in it, together
// (Linux lib/cmdline.c, next_arg).
#pragma once

#include <optional>
#include <string_view>

namespace kernel {

struct CommandLineWord {
    std::string_view name;                  // the whole word, if it has no value
    std::optional<std::string_view> value;  // after its first '='
};

void set_command_line(std::string_view line);
std::string_view command_line();
// The value of `name=value`; empty if the line has no such word.
std::string_view command_line_value(std::string_view name);

// Takes the first word off `rest`. nullopt: there is none.
std::optional<CommandLineWord> take_word(std::string_view& rest);

}  // namespace kernel
