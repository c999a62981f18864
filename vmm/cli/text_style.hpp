// How text for people is laid out.
#pragma once

#include <cstddef>

namespace levitate::vmm::cli {

struct TextStyle {
    std::size_t columns = 100;  // of a line, where it can be broken
    bool colour = false;        // by ECMA-48's SGR sequences
};

// A terminal's own width, and its colours unless NO_COLOR (https://no-color.org) or TERM=dumb forbid them;
// for anything else the defaults.
TextStyle style_of_descriptor(int descriptor);

}  // namespace levitate::vmm::cli
