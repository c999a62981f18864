// What the fuzz targets share. Each target is one file with an LLVMFuzzerTestOneInput (LLVM, "libFuzzer - a
// library for coverage-guided fuzz testing"); scripts/fuzz runs them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace levitate::fuzz {

// Takes values off the front of an input, little-endian; behind its end there are zeroes.
class Input {
  public:
    explicit Input(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

    template <class T>
    T take() {
        static_assert(std::is_trivially_copyable_v<T>);
        T value{};
        const std::size_t size = std::min(sizeof value, rest_.size());
        if (size != 0) {
            std::memcpy(&value, rest_.data(), size);
            rest_ = rest_.subspan(size);
        }
        return value;
    }
    std::span<const std::uint8_t> rest() const { return rest_; }

  private:
    std::span<const std::uint8_t> rest_;
};

inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Ends the process where what must hold does not, so that the input counts as one that crashes.
inline void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "fuzz: does not hold: %s\n", what);
        std::abort();
    }
}

}  // namespace levitate::fuzz
