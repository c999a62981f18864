#include "tests/mutation/accepted.hpp"

#include <fnmatch.h>

#include <algorithm>

namespace levitate::traces::mutation {
namespace {

constexpr Accepted kAccepted[] = {
#define ACCEPTED(where, event, field, change, detail, reason) \
    {Where::where, event, field, change, detail, reason},
#include "tests/mutation/accepted.inc"
#undef ACCEPTED
};

bool fits(const char* pattern, const std::string& text) {
    return fnmatch(pattern, text.c_str(), 0) == 0;
}

}  // namespace

std::span<const Accepted> all_accepted() {
    return kAccepted;
}

bool is_accepted(const Accepted& rule, const Mutant& mutant, bool concurrent) {
    const bool here = rule.where == Where::Anywhere || (rule.where == Where::Concurrent) == concurrent;
    return here && fits(rule.event, mutant.stratum.event) && fits(rule.field, mutant.stratum.field) &&
           fits(rule.change, mutant.stratum.change) && fits(rule.detail, mutant.detail);
}

const Accepted* find_accepted(std::span<const Accepted> rules, const Mutant& mutant, bool concurrent) {
    const auto found = std::ranges::find_if(
        rules, [&](const Accepted& rule) { return is_accepted(rule, mutant, concurrent); });
    return found != rules.end() ? &*found : nullptr;
}

}  // namespace levitate::traces::mutation
