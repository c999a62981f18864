// An owned byte string. Always ends in a NUL that size() does not count.
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/vector.hpp"

namespace kernel {

class String {
  public:
    String() = default;
    static Result<String> copy_of(std::string_view text) {
        String string;
        TRY(string.append(text));
        return string;
    }

    std::string_view view() const {
        return bytes_.is_empty() ? std::string_view() : std::string_view(bytes_.data(), size());
    }
    const char* c_str() const { return bytes_.is_empty() ? "" : bytes_.data(); }
    std::size_t size() const { return bytes_.is_empty() ? 0 : bytes_.size() - 1; }
    bool is_empty() const { return size() == 0; }
    bool operator==(std::string_view other) const { return view() == other; }

    // On ENOMEM the string is as it was.
    Result<void> append(std::string_view text);
    Result<void> append_decimal(std::uint64_t value, unsigned minimum_width = 0, char pad = ' ');
    Result<void> append_signed(std::int64_t value);
    Result<void> append_hex(std::uint64_t value, unsigned minimum_width = 0, char pad = '0');
    void clear() { bytes_.clear(); }

  private:
    Vector<char> bytes_;
};

}  // namespace kernel
