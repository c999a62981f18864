// What the guest's kernel writes to its console, the last mebibytes of it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace levitate::vmm {

class KernelLog {
  public:
    // `listener` gets everything as it comes; it may be empty.
    explicit KernelLog(std::function<void(std::string_view)> listener) : listener_(std::move(listener)) {}

    void append(std::string_view text);
    const std::string& text() const { return text_; }
    // The first line that speaks of a panic, or else the last line.
    std::string last_words() const;

  private:
    std::function<void(std::string_view)> listener_;
    std::string text_;
};

}  // namespace levitate::vmm
