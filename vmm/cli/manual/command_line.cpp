#include "vmm/cli/manual/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <stdexcept>

namespace levitate::vmm::cli {
namespace {

// The kind of a value, by the name that --help gives it.
ValueKind kind_of(const std::string& value) {
    static const std::map<std::string, ValueKind> kKinds{
        {"DIR", ValueKind::Directory},   {"FILE", ValueKind::File},        {"HOST:GUEST", ValueKind::File},
        {"NAME=VALUE", ValueKind::Text}, {"NUMBER", ValueKind::Text},      {"PATH", ValueKind::File},
        {"SECONDS", ValueKind::Text},    {"SIZE", ValueKind::Text},        {"TEXT", ValueKind::Text},
        {"TRACE", ValueKind::File},      {"TRACE|NAME", ValueKind::Trace}, {"[ADDR:]PORT", ValueKind::Text},
    };
    const auto is_word = [](unsigned char first) {
        return std::islower(first) != 0 || std::isdigit(first) != 0;
    };
    if (!value.empty() && is_word(static_cast<unsigned char>(value.front()))) {
        return ValueKind::Words;
    }
    const auto found = kKinds.find(value);
    if (found == kKinds.end()) {
        throw std::logic_error("a value of no known kind: '" + value + "'");
    }
    return found->second;
}

Argument describe_option(const CLI::Option& option) {
    Argument argument{.names = {},
                      .value = option.get_option_text(),
                      .description = option.get_description(),
                      .words = {},
                      .repeats = option.get_items_expected_max() > 1,
                      .required = option.get_required()};
    for (const std::string& name : option.get_snames()) {
        argument.names.push_back("-" + name);
    }
    for (const std::string& name : option.get_lnames()) {
        argument.names.push_back("--" + name);
    }
    if (option.get_items_expected_max() > 0) {
        argument.kind = kind_of(argument.value);
    }
    if (argument.kind == ValueKind::Words) {
        argument.words = CLI::detail::split(argument.value, '|');
    }
    if (!argument.is_option()) {
        argument.value = option.get_name(true);
    }
    return argument;
}

Command describe_command(const CLI::App& app) {
    Command command{.name = app.get_name(),
                    .description = app.get_description(),
                    .footer = app.get_footer(),
                    .arguments = {}};
    for (const CLI::Option* option : app.get_options()) {
        command.arguments.push_back(describe_option(*option));
    }
    std::ranges::stable_partition(command.arguments, &Argument::is_option);
    if (app.get_prefix_command()) {
        command.arguments.push_back({.names = {},
                                     .value = "PROGRAM [ARGS...]",
                                     .description = "The program and its arguments",
                                     .kind = ValueKind::Program,
                                     .words = {},
                                     .repeats = false,
                                     .required = true});
    }
    return command;
}

std::vector<Argument> chosen(const std::vector<Argument>& arguments, bool options) {
    std::vector<Argument> result;
    std::ranges::copy_if(arguments, std::back_inserter(result),
                         [options](const Argument& argument) { return argument.is_option() == options; });
    return result;
}

}  // namespace

std::vector<Argument> Command::options() const {
    return chosen(arguments, true);
}

std::vector<Argument> Command::positionals() const {
    return chosen(arguments, false);
}

CommandLine describe(const CLI::App& app) {
    CommandLine result{.version = app.version(), .tool = describe_command(app), .commands = {}};
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        result.commands.push_back(describe_command(*command));
    }
    return result;
}

}  // namespace levitate::vmm::cli
