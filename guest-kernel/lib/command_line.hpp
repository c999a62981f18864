// The kernel's command line: words separated by blanks.
#pragma once

#include <string_view>

namespace kernel {

void set_command_line(std::string_view line);
std::string_view command_line();
// The value of `name=value`; empty if the line has no such word.
std::string_view command_line_value(std::string_view name);

}  // namespace kernel
