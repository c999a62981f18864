// A text that grows as it is written: what procfs and sysfs files are made with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/string.hpp"
#include "lib/vector.hpp"

namespace kernel {

// An append without memory only sets a flag, so that writers need not check every step: finish() reports it
// for all of them.
class TextBuffer {
  public:
    TextBuffer& text(std::string_view value);
    TextBuffer& character(char value);
    TextBuffer& decimal(std::uint64_t value, std::size_t width = 0, char pad = ' ');
    TextBuffer& signed_decimal(std::int64_t value);
    // Lower case, no prefix, at least `width` characters.
    TextBuffer& hex(std::uint64_t value, std::size_t width = 0, char pad = '0');
    TextBuffer& upper_hex(std::uint64_t value, std::size_t width);
    TextBuffer& octal(std::uint64_t value, std::size_t width = 0);
    // `value` with each character of `special` written as \ooo, as Linux's mangle_path does.
    TextBuffer& escaped(std::string_view value, std::string_view special);
    TextBuffer& bytes(const void* data, std::size_t size);

    void clear();
    // ENOMEM if any append failed.
    Result<void> finish() const;
    // Appends the whole to a string. ENOMEM.
    Result<void> append_to(String& out) const;
    std::string_view view() const;
    std::size_t size() const { return bytes_.size(); }

  private:
    TextBuffer& number(std::uint64_t value, unsigned base, std::size_t width, char pad);

    Vector<char> bytes_;
    bool failed_ = false;
};

}  // namespace kernel
