// The strings of an execve that has succeeded, from what the new program was given.
#include <algorithm>

#include "traces/payload/short_payload.hpp"

namespace levitate::traces {
namespace {

void set_string(const std::string& text, Payload& payload) {
    const auto bytes = std::as_bytes(std::span(text));
    payload.bytes.assign(bytes.begin(), bytes.end());
    payload.length = payload.bytes.size();
}

// If a path is relative to a descriptor, Linux makes another path of it (fs/exec.c, alloc_bprm).
void complete_path(std::size_t argument, const std::string& path, std::vector<Payload>& payloads) {
    if (path.starts_with("/dev/fd/")) {
        return;
    }
    for (Payload& payload : payloads) {
        if (payload.argument == argument && is_short(payload)) {
            set_string(path, payload);
        }
    }
}

// `given` is what the program was given. For a script, Linux puts the interpreter and its argument in front
// and replaces the first string by the script's path (man 2 execve), so the program is given more strings
// than the call named.
void complete_strings(std::size_t argument, std::uint64_t address, std::span<const std::string> given,
                      std::vector<Payload>& payloads) {
    std::vector<Payload*> named;
    for (Payload& payload : payloads) {
        if (payload.argument == argument) {
            named.push_back(&payload);
        }
    }
    if (named.empty() && address != 0) {
        for (std::size_t i = 0; i < given.size(); ++i) {
            payloads.push_back({.argument = static_cast<unsigned>(argument),
                                .element = {.piece = Piece::String, .index = static_cast<unsigned>(i)},
                                .bytes = {}});
            set_string(given[i], payloads.back());
        }
        return;
    }
    const std::size_t more = given.size() - std::min(given.size(), named.size());
    for (std::size_t i = more == 0 ? 0 : 1; i < named.size() && i + more < given.size(); ++i) {
        if (is_short(*named[i])) {
            set_string(given[i + more], *named[i]);
        }
    }
}

}  // namespace

void complete_exec_payloads(std::uint64_t number, Arguments arguments, const std::string& path,
                            std::span<const std::string> argv, std::span<const std::string> envp,
                            std::vector<Payload>& payloads) {
    const abi::SyscallRow* row = abi::find_syscall(number, arguments);
    if (row == nullptr) {
        return;
    }
    bool is_argv = true;
    for (std::size_t i = 0; i < row->argument_count; ++i) {
        const abi::ArgumentKind kind = row->argument_storage[i].kind;
        if (kind == abi::ArgumentKind::Path) {
            complete_path(i, path, payloads);
        } else if (kind == abi::ArgumentKind::Strings) {
            complete_strings(i, arguments[i], is_argv ? argv : envp, payloads);
            is_argv = false;
        }
    }
}

}  // namespace levitate::traces
