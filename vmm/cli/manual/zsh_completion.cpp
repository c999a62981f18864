// The completion script for zsh.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "vmm/cli/manual/documents.hpp"

namespace levitate::vmm::cli {
namespace {

constexpr std::string_view kFunctions = R"zsh(
# The names in the tool's folder of guests or of goldens, of an installed tool or of a checkout, and files.
_levitate_names() {
    local root=${_levitate_tool:A:h:h} directory
    local -a directories names
    case $1 in
        guests) directories=("$LEVITATE_GUESTS" $root/share/levitate/guests $root/build/${LEVITATE_PRESET:-release}/guests) ;;
        goldens) directories=("$LEVITATE_GOLDENS" $root/share/levitate/golden $root/traces/golden) ;;
    esac
    for directory in $directories; do
        [[ -n $directory && -d $directory ]] || continue
        names=($directory/*(N:t))
        break
    done
    _alternative "names:${1}:compadd -a names" 'files:file:_files'
}

_levitate() {
    local curcontext=$curcontext state line ret=1
    local _levitate_tool=${commands[$words[1]]:-$words[1]}
    _arguments -C $_levitate_options ':command:->command' '*::argument:->argument' && ret=0
    case $state in
        command) _describe command _levitate_commands && ret=0 ;;
        argument)
            curcontext=${curcontext%:*:*}:levitate-$words[1]:
            (( $+functions[_levitate_$words[1]] )) && _levitate_$words[1] && ret=0
            ;;
    esac
    return ret
}

_levitate "$@"
)zsh";

// The text in single quotes, as zsh's grammar wants it.
std::string shell_word(std::string_view text) {
    std::string result = "'";
    for (const char byte : text) {
        result += byte == '\'' ? std::string{"'\\''"} : std::string{byte};
    }
    return result + "'";
}

// Escapes what separates the parts of a specification of _arguments or _describe (zshcompsys(1)).
std::string part(std::string_view text) {
    std::string result;
    for (const char byte : text) {
        if (std::string_view{"[]:\\"}.find(byte) != std::string_view::npos) {
            result += '\\';
        }
        result += byte;
    }
    return result;
}

// What is called to complete a value. An action that begins with a space is called without added arguments
// (zshcompsys(1), _arguments).
std::string action(const Argument& argument) {
    switch (argument.kind) {
        case ValueKind::Flag:
            return {};
        case ValueKind::Text:
            return " ";
        case ValueKind::Words:
            return fmt::format("({})", fmt::join(argument.words, " "));
        case ValueKind::File:
            return "_files";
        case ValueKind::Directory:
            return "_files -/";
        case ValueKind::Trace:
            return " _levitate_names goldens";
        case ValueKind::Program:
            return " _levitate_names guests";
    }
    return {};
}

// One specification for each name. A name excludes the other names of its option, unless the option may be
// repeated.
std::string option_specifications(const Argument& option) {
    const std::string prefix =
        option.repeats ? std::string{"*"} : fmt::format("({})", fmt::join(option.names, " "));
    std::string text;
    for (const std::string& name : option.names) {
        std::string form = name;
        std::string value;
        if (option.kind != ValueKind::Flag) {
            form += name.starts_with("--") ? "=" : "+";
            value = ":" + part(option.value) + ":" + action(option);
        }
        const std::string specification =
            fmt::format("{}{}[{}]{}", prefix, form, part(option.description), value);
        text += fmt::format("    {}\n", shell_word(specification));
    }
    return text;
}

std::string command_function(const Command& command) {
    bool passes_on = false;
    std::string specifications;
    for (const Argument& option : command.options()) {
        specifications += option_specifications(option);
    }
    for (const Argument& argument : command.positionals()) {
        passes_on = argument.kind == ValueKind::Program;
        specifications +=
            "    " +
            shell_word((argument.repeats ? "*:" : ":") + part(argument.value) + ":" + action(argument)) +
            "\n";
    }
    if (passes_on) {
        specifications += "    '*:argument:_files'\n";
    }
    // A program's own options must not be taken for the tool's.
    return fmt::format(
        "_levitate_{}() {{\n    local -a specifications=(\n{}    )\n    _arguments {}$specifications\n}}\n",
        command.name, specifications, passes_on ? "-A '-*' " : "");
}

}  // namespace

std::string zsh_completion(const CommandLine& line) {
    std::string options;
    std::string commands;
    std::string functions;
    for (const Argument& option : line.tool.options()) {
        options += option_specifications(option);
    }
    for (const Command& command : line.commands) {
        commands += "    " + shell_word(part(command.name) + ":" + part(command.description)) + "\n";
        functions += "\n" + command_function(command);
    }
    return fmt::format(
               "#compdef levitate\n"
               "# zsh completion for levitate {}, generated from the tool's own command line.\n\n"
               "typeset -ga _levitate_options=(\n{})\n\n"
               "typeset -ga _levitate_commands=(\n{})\n{}",
               line.version, options, commands, functions) +
           std::string{kFunctions};
}

}  // namespace levitate::vmm::cli
