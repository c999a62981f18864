#include "lib/command_line.hpp"

namespace kernel {

namespace {

constinit std::string_view line;

}  // namespace

void set_command_line(std::string_view text) {
    line = text;
}

std::string_view command_line() {
    return line;
}

std::string_view command_line_value(std::string_view name) {
    std::string_view rest = line;
    while (!rest.empty()) {
        const std::size_t end = rest.find(' ');
        const std::string_view word = rest.substr(0, end);
        if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
            return word.substr(name.size() + 1);
        }
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    return {};
}

}  // namespace kernel
