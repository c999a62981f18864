// The transcript: lines of text on the machine's PL011.
#pragma once

#include <cstdint>

namespace guest {

struct Hex {
    std::uint64_t value;
};

void print(const char* text);
void print(Hex number);            // 0x and no leading zeros
void print(std::uint64_t number);  // decimal
inline void print(unsigned number) {
    print(std::uint64_t{number});
}

// A line of these pieces.
template <class... Pieces>
void line(const Pieces&... pieces) {
    (print(pieces), ...);
    print("\n");
}

}  // namespace guest
