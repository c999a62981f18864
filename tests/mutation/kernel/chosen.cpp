// Which mutant of the kernel's source is chosen. The number stands in the image behind a mark, and
// scripts/mutate-kernel writes it there: a command line would be read too late for mutants of what reads it.
#include "chosen.hpp"

#include <array>
#include <cstddef>

#include "log/print.hpp"

namespace kernel::mutation {

namespace {

constexpr unsigned kNone = 0xffff'ffff;
// No mutant, but the kernel's log tells which places are reached.
constexpr unsigned kTell = 0xffff'fffe;

struct Choice {
    std::array<char, 24> mark;
    unsigned mutant;
};

// Volatile, because the compiler must not know the value.
constinit volatile Choice choice = {.mark = {"levitate chosen mutant:"}, .mutant = kNone};

constexpr std::size_t kPlaces = 8192;
constinit std::array<bool, kPlaces> is_reached{};

}  // namespace

bool is_chosen(unsigned mutant) {
    const unsigned chosen = choice.mutant;
    if (chosen == kTell && mutant < kPlaces && !is_reached[mutant]) {
        is_reached[mutant] = true;  // before it is told: that may come here again
        print("\nreached mutant ", mutant, "\n");
    }
    return chosen == mutant;
}

}  // namespace kernel::mutation
