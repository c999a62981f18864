// How text for people is laid out.
#pragma once

#include <cstddef>
#include <string_view>

namespace levitate::vmm::cli {

// Empties the line of a terminal that the cursor is in (ECMA-48, EL).
inline constexpr std::string_view kClearLine = "\r\x1b[K";

struct TextStyle {
    std::size_t columns = 100;  // of a line, where it can be broken
    bool colour = false;        // by ECMA-48's SGR sequences
};

// A terminal's own width, and its colours unless NO_COLOR (https://no-color.org) or TERM=dumb forbid them;
// for anything else the defaults.
TextStyle style_of_descriptor(int descriptor);

}  // namespace levitate::vmm::cli
