// What init is to run: a file in the initramfs that the packer writes and init reads.
//
// The file is a sequence of fields, "key length\n" followed by `length` bytes and "\n": readable with cat,
// and any byte may stand in a value. It begins with the field `levitate-run`, whose value is the version.
// Each `case` field, whose value is empty, begins a case; its fields follow in any order:
//
//     program      path that is given to execve
//     argument     one of argv, in order; argv[0] included
//     environment  one "NAME=VALUE", in order
//     directory    the working directory
//     randomize    "0" or "1": whether addresses are randomised
//     input        "live": standard input comes over the line; "bytes": it is the field `bytes`
//     bytes        standard input
//
// Cases run one after the other.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace levitate::vmm::init {

inline constexpr const char* kRunDescriptionPath = "/.levitate/run";

enum class Input { Live, Bytes };

struct Case {
    std::string program;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::string directory = "/";
    bool randomize_addresses = false;
    Input input = Input::Bytes;
    std::string input_bytes;

    bool operator==(const Case&) const = default;
};

std::string format_run_description(std::span<const Case> cases);
// nullopt: not such a file, another version, or a case without a program.
std::optional<std::vector<Case>> parse_run_description(const std::string& text);

}  // namespace levitate::vmm::init
