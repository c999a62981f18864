// The options of level SOL_SOCKET whose value is one number: what may be set and what is kept of it.
#pragma once

#include <cstddef>
#include <span>

#include "lib/result.hpp"

namespace kernel {

class Socket;

struct CommonOptionRule {
    int name;
    int initial;
    // What is kept of a value that a program sets, or the error. Null: it can only be read.
    Result<int> (*accept)(Socket& socket, int value);
};

inline constexpr std::size_t kKeptOptions = 27;
std::span<const CommonOptionRule, kKeptOptions> kept_option_rules();
// Those whose value is not kept: they read as 0.
std::span<const CommonOptionRule> other_option_rules();
// Null: none of this name.
const CommonOptionRule* find_rule(std::span<const CommonOptionRule> rules, int name);

// Has who sets the option this capability?
bool may(int capability);

// SO_BINDTOIFINDEX, which SO_BINDTODEVICE sets too. EINVAL, EPERM.
Result<int> bound_index(Socket& socket, int value);

}  // namespace kernel
