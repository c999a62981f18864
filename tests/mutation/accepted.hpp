// Mutants that real Linux could have recorded itself, with the reason (accepted.inc). They do not count.
#pragma once

#include <span>
#include <string_view>

#include "tests/mutation/mutant.hpp"

namespace levitate::traces::mutation {

enum class Where { Anywhere, Single, Concurrent };

struct Accepted {
    Where where = Where::Anywhere;
    // Patterns of the shell, for the stratum and the detail.
    const char* event = "*";
    const char* field = "*";
    const char* change = "*";
    const char* detail = "*";
    std::string_view reason;
};

std::span<const Accepted> all_accepted();

bool is_accepted(const Accepted& rule, const Mutant& mutant, bool concurrent);

// The first rule that takes the mutant; nullptr where it counts.
const Accepted* find_accepted(std::span<const Accepted> rules, const Mutant& mutant, bool concurrent);

}  // namespace levitate::traces::mutation
