// The completion script for bash.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "vmm/cli/manual/documents.hpp"

namespace levitate::vmm::cli {
namespace {

constexpr std::string_view kFunctions = R"bash(
# The names in the tool's folder of guests or of goldens ($1), of an installed tool or of a checkout.
_levitate_names() {
    local tool directory entry
    tool=$(type -P -- "${COMP_WORDS[0]}") && tool=$(readlink -f -- "$tool") || return
    tool=${tool%/*/*}
    local -a directories
    case $1 in
        guests) directories=("${LEVITATE_GUESTS-}" "$tool/share/levitate/guests" "$tool/build/${LEVITATE_PRESET:-release}/guests") ;;
        goldens) directories=("${LEVITATE_GOLDENS-}" "$tool/share/levitate/golden" "$tool/traces/golden") ;;
    esac
    for directory in "${directories[@]}"; do
        [[ -n $directory && -d $directory ]] || continue
        for entry in "$directory"/*; do
            echo "${entry##*/}"
        done
        return
    done
}

# Completes the word $2 as what $1 says: a kind, and for words these.
_levitate_complete() {
    local -a words
    read -ra words <<<"$1"
    case ${words[0]-} in
        words) mapfile -t COMPREPLY < <(compgen -W "${words[*]:1}" -- "$2") ;;
        directory) mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
        file) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
        trace) mapfile -t COMPREPLY < <(compgen -W "$(_levitate_names goldens)" -- "$2"; compgen -f -- "$2") ;;
        program) mapfile -t COMPREPLY < <(compgen -W "$(_levitate_names guests)" -- "$2"; compgen -f -- "$2") ;;
    esac
    [[ ${words[0]-} == words ]] || compopt -o filenames 2>/dev/null
}

_levitate() {
    local word=${COMP_WORDS[COMP_CWORD]} command='' option='' kind index
    COMPREPLY=()
    # Which command it is, and whether the option before wants the word as its value. Readline takes --option=value for three words.
    for ((index = 1; index < COMP_CWORD; ++index)); do
        local before=${COMP_WORDS[index]}
        if [[ $before == '=' ]]; then
            continue
        elif [[ -n $option ]]; then
            option=''
        elif [[ $before == -* ]]; then
            [[ $(_levitate_value "$command" "$before") == flag ]] || option=$before
        elif [[ -z $command ]]; then
            command=$before
        elif [[ $(_levitate_value "$command" '') == program ]]; then
            _levitate_complete file "$word" # the program's own arguments
            return
        fi
    done
    [[ $word != '=' ]] || word=''
    kind=$(_levitate_value "$command" "$option")
    if [[ -z $option && $word == -* ]]; then
        kind="words $(_levitate_options "$command")"
    fi
    _levitate_complete "$kind" "$word"
}

complete -F _levitate levitate
)bash";

std::string kind_text(const Argument& argument) {
    switch (argument.kind) {
        case ValueKind::Flag:
            return "flag";
        case ValueKind::Text:
            return "text";
        case ValueKind::Words:
            return fmt::format("words {}", fmt::join(argument.words, " "));
        case ValueKind::File:
            return "file";
        case ValueKind::Directory:
            return "directory";
        case ValueKind::Trace:
            return "trace";
        case ValueKind::Program:
            return "program";
    }
    return {};
}

std::string options_case(const std::string& command, const Command& arguments) {
    std::vector<std::string> names;
    for (const Argument& option : arguments.options()) {
        names.insert(names.end(), option.names.begin(), option.names.end());
    }
    return fmt::format("        '{}') echo '{}' ;;\n", command, fmt::join(names, " "));
}

// One line for each option. All positional arguments of a command are completed like its first one.
std::string value_cases(const std::string& command, const Command& arguments) {
    std::string text;
    for (const Argument& option : arguments.options()) {
        std::vector<std::string> patterns;
        patterns.reserve(option.names.size());
        for (const std::string& name : option.names) {
            patterns.push_back(fmt::format("'{} {}'", command, name));
        }
        text += fmt::format("        {}) echo '{}' ;;\n", fmt::join(patterns, " | "), kind_text(option));
    }
    if (const auto positionals = arguments.positionals(); !positionals.empty()) {
        text += fmt::format("        '{} ') echo '{}' ;;\n", command, kind_text(positionals.front()));
    }
    return text;
}

}  // namespace

std::string bash_completion(const CommandLine& line) {
    std::string options = options_case("", line.tool);
    std::string values = value_cases("", line.tool);
    std::vector<std::string> names;
    for (const Command& command : line.commands) {
        names.push_back(command.name);
        options += options_case(command.name, command);
        values += value_cases(command.name, command);
    }
    values += fmt::format("        ' ') echo 'words {}' ;;\n", fmt::join(names, " "));
    return fmt::format(
               "# bash completion for levitate {}, generated from the tool's own command line.\n\n"
               "# The options of the command $1.\n"
               "_levitate_options() {{\n    case $1 in\n{}    esac\n}}\n\n"
               "# What the command $1 takes after the option $2, or where no option wants it: a kind, and "
               "for words "
               "these.\n"
               "_levitate_value() {{\n    case \"$1 $2\" in\n{}    esac\n}}\n",
               line.version, options, values) +
           std::string{kFunctions};
}

}  // namespace levitate::vmm::cli
