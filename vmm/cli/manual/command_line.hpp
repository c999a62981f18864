// The tool's command line as data, read from the definitions that parse it. The man page and the shells'
// completion are generated from this.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace levitate::vmm::cli {

// What kind of value an argument takes, as far as a shell can complete it.
enum class ValueKind {
    Flag,       // there is none
    Text,       // nothing that could be listed
    Words,      // one of Argument::words
    File,       // a file of the host
    Directory,  // a directory of the host
    Trace,      // a golden's name, or a file
    Program,    // a guest's name, or a file, and then the program's own arguments
};

struct Argument {
    std::vector<std::string> names;  // of an option, dashes included; none for a positional argument
    std::string value;               // as --help names it
    std::string description;
    ValueKind kind = ValueKind::Flag;
    std::vector<std::string> words;
    bool repeats = false;
    bool required = false;

    bool is_option() const { return !names.empty(); }
};

struct Command {
    std::string name;
    std::string description;
    std::string footer;
    std::vector<Argument> arguments;  // options, then positional arguments in order

    std::vector<Argument> options() const;
    std::vector<Argument> positionals() const;
};

struct CommandLine {
    std::string version;
    Command tool;  // the options that may stand before a command
    std::vector<Command> commands;
};

// Throws std::logic_error for an option whose value is of no known kind: its option_text() must say.
CommandLine describe(const CLI::App& app);

}  // namespace levitate::vmm::cli
