// When to tell people that nothing has been heard of the guest for a while.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace levitate::vmm {

class Silence {
  public:
    using Clock = std::chrono::steady_clock;

    explicit Silence(Clock::time_point begun) : heard_(begun) {}

    // `signs` changes with everything that is heard: console bytes, calls. How long it has been quiet, if
    // that is to be said now: after 10 s, and then whenever it has become twice as long.
    std::optional<std::chrono::seconds> look(std::uint64_t signs, Clock::time_point now);
    // It was the guest that waited for us.
    void forgive(Clock::duration waited) { heard_ += waited; }

  private:
    static constexpr std::chrono::seconds kFirst{10};

    Clock::time_point heard_;
    std::uint64_t signs_ = 0;
    std::chrono::seconds next_ = kFirst;
};

}  // namespace levitate::vmm
