// What init is to run: a file in the initramfs that the packer writes and init reads.
//
// The file is a sequence of fields, "name length\n" followed by `length` bytes and "\n": any byte may stand
// in a value. It begins with the fields `levitate-run`, whose value is the version, and `key`, whose value
// are the bytes of the run's key (frame.hpp): init removes the file before it starts a program. Each `case`
// field, whose value is empty, begins a case; its fields follow in any order:
//
//     program      path that is given to execve
//     argument     one of argv, in order; argv[0] included
//     environment  one "NAME=VALUE", in order
//     directory    the working directory
//     randomize    "0" or "1": whether addresses are randomised
//     batch        "0" or "1": whether the program runs under SCHED_BATCH
//     input        "live": standard input comes over the line; "bytes": it is the field `bytes`
//     bytes        standard input
//     terminal     the descriptors of 0, 1 and 2 that are the program's terminal, as text
//     window       its size: rows, columns, width and height as text
//     settings     its settings: the flags and characters of struct termios as text
//
// Cases run one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vmm/initramfs/init/keyed_hash.hpp"

namespace levitate::vmm::init {

inline constexpr const char* kRunDescriptionPath = "/.levitate/run";

enum class Input { Live, Bytes };

// The host's terminal, of which the program gets an image.
struct TerminalRequest {
    std::string descriptors;  // "012": those of the program that are the terminal; empty: it gets none
    std::vector<std::uint32_t> window;  // rows, columns, width, height
    std::vector<std::uint32_t>
        settings;  // c_iflag, c_oflag, c_lflag, then the characters; empty: Linux's own

    bool operator==(const TerminalRequest&) const = default;
};

struct Case {
    std::string program;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::string directory = "/";
    bool randomize_addresses = false;
    bool batch = false;
    Input input = Input::Bytes;
    std::string input_bytes;
    TerminalRequest terminal;

    bool operator==(const Case&) const = default;
};

struct RunDescription {
    HashKey key{};
    std::vector<Case> cases;

    bool operator==(const RunDescription&) const = default;
};

std::string format_run_description(const RunDescription& description);
// nullopt: not such a file, another version, or a case without a program.
std::optional<RunDescription> parse_run_description(const std::string& text);

}  // namespace levitate::vmm::init
