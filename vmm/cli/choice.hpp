// An option whose values have names.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace levitate::vmm::cli {

// Makes the option take the names in `values` and no others. --help, the man page and shell completion show
// them.
template <typename Value>
CLI::Option* offer(CLI::Option* option, const std::map<std::string, Value>& values) {
    std::string names;
    for (const auto& [name, value] : values) {
        names += (names.empty() ? "" : "|") + name;
    }
    return option->transform(CLI::CheckedTransformer(values))->option_text(names);
}

}  // namespace levitate::vmm::cli
