// The man page levitate(1).
#include <fmt/format.h>

#include <cctype>
#include <string_view>
#include <vector>

#include "vmm/cli/manual/documents.hpp"
#include "vmm/cli/paths.hpp"

namespace levitate::vmm::cli {
namespace {

// Escapes text so that man(7) prints it as it stands: what troff would take for a request, and the ASCII
// characters that it would replace by typographic ones (groff_char(7)). A dash that begins an option stays
// one that can be copied.
std::string escape(std::string_view text) {
    std::string result;
    for (std::size_t index = 0; index < text.size(); ++index) {
        const bool begins_word = index == 0 || std::isalnum(static_cast<unsigned char>(text[index - 1])) == 0;
        switch (text[index]) {
            case '\\':
                result += "\\e";
                break;
            case '\'':
                result += "\\(aq";
                break;
            case '`':
                result += "\\(ga";
                break;
            case '^':
                result += "\\(ha";
                break;
            case '~':
                result += "\\(ti";
                break;
            case '-':
                result += begins_word ? "\\-" : "-";
                break;
            default:
                result += text[index];
        }
    }
    return result.starts_with('.') ? "\\&" + result : result;
}

std::string bold(std::string_view text) {
    return "\\fB" + escape(text) + "\\fR";
}

std::string italic(std::string_view text) {
    return "\\fI" + escape(text) + "\\fR";
}

// The pieces of `text` between `separator`s.
std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> pieces;
    while (true) {
        const auto end = text.find(separator);
        pieces.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return pieces;
        }
        text.remove_prefix(end + separator.size());
    }
}

std::string section(std::string_view title) {
    return fmt::format(".SH {}\n", title);
}

// Sets text that is laid out for --help: empty lines separate paragraphs, and lines that are shown unchanged
// are indented by two spaces.
std::string paragraphs(std::string_view text) {
    constexpr std::string_view kIndentation = "  ";
    std::string result;
    for (const std::string_view paragraph : split(text, "\n\n")) {
        result += ".PP\n";
        bool verbatim = false;
        for (const std::string_view line : split(paragraph, "\n")) {
            const bool is_example = line.starts_with(kIndentation);
            if (is_example != verbatim) {
                result += is_example ? ".PP\n.RS 4\n.EX\n" : ".EE\n.RE\n";
                verbatim = is_example;
            }
            result += escape(is_example ? line.substr(kIndentation.size()) : line) + "\n";
        }
        result += verbatim ? ".EE\n.RE\n" : "";
    }
    return result;
}

std::string synopsis(const Command& command) {
    std::string text = ".HP\n" + bold("levitate " + command.name);
    text += command.options().empty() ? "" : " [" + italic("OPTION") + "]...";
    for (const Argument& argument : command.positionals()) {
        const std::string name = italic(argument.value) + (argument.repeats ? "..." : "");
        text += argument.required ? " " + name : " [" + name + "]";
    }
    return text + "\n";
}

std::string item(const Argument& argument) {
    std::string title;
    for (const std::string& name : argument.names) {
        title += (title.empty() ? "" : ", ") + bold(name);
    }
    if (!argument.value.empty()) {
        title += title.empty() ? "" : " ";
        title += argument.words.empty() ? italic(argument.value) : bold(argument.value);
    }
    return fmt::format(".TP\n{}\n{}.\n", title, escape(argument.description));
}

std::string items(const std::vector<Argument>& arguments) {
    std::string text;
    for (const Argument& argument : arguments) {
        text += item(argument);
    }
    return text;
}

std::string command_section(const Command& command) {
    return fmt::format(".SS levitate {}\n{}.\n", command.name, escape(command.description)) +
           items(command.positionals()) + items(command.options()) +
           (command.footer.empty() ? "" : paragraphs(command.footer));
}

std::string environment_section() {
    std::string text = section("ENVIRONMENT");
    for (const OwnFile& file : own_files()) {
        text +=
            fmt::format(".TP\n{}\n{}; by default {} beside the directory of the tool.\n", bold(file.variable),
                        escape(file.meaning), italic(fmt::format("share/levitate/{}", file.installed_name)));
    }
    return text + fmt::format(".TP\n{}\nIf set and not empty, no colours (https://no-color.org).\n",
                              bold("NO_COLOR"));
}

}  // namespace

std::string man_page(const CommandLine& line) {
    const auto about = split(line.tool.description, "\n\n");
    std::string first{about.front().substr(0, about.front().find_last_not_of('.') + 1)};
    first.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(first.front())));

    std::string text = fmt::format(".TH LEVITATE 1 \"\" \"Levitate {}\" \"User Commands\"\n", line.version);
    text += section("NAME") + "levitate \\- " + escape(first) + "\n";
    text += section("SYNOPSIS");
    for (const Command& command : line.commands) {
        text += synopsis(command);
    }
    text += section("DESCRIPTION");
    std::string statuses;
    for (const std::string_view paragraph : about) {
        constexpr std::string_view kStatuses = "Exit status: ";
        if (paragraph.starts_with(kStatuses)) {
            statuses = section("EXIT STATUS") + paragraphs(paragraph.substr(kStatuses.size()));
        } else {
            text += paragraphs(paragraph);
        }
    }
    text += section("OPTIONS") + items(line.tool.options());
    text += section("COMMANDS");
    for (const Command& command : line.commands) {
        text += command_section(command);
    }
    text += statuses + environment_section();
    return text + section("SEE ALSO") + ".BR strace (1),\n.BR ptrace (2),\n.BR qemu-aarch64 (1)\n";
}

}  // namespace levitate::vmm::cli
