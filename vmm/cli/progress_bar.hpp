// How far a check is, on the terminal's last line.
#pragma once

#include <cstddef>
#include <string>

namespace levitate::vmm::cli {

// "[######........] 3/28 threads", cut to `columns`.
std::string progress_text(std::size_t done, std::size_t total, const std::string& name, std::size_t columns);

// Shown on standard error if that is a terminal, else nowhere. If a signal ends the tool, the bar is cleared
// first.
class ProgressBar {
  public:
    explicit ProgressBar(std::size_t total);
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    void show(std::size_t done, const std::string& name) const;
    void clear() const;

  private:
    std::size_t total_;
    bool shown_;
};

}  // namespace levitate::vmm::cli
