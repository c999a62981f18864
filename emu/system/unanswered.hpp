// The accesses that nothing answered, for the report. Private to emu.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "emu/cpu.hpp"

namespace levitate::emu {

class Unanswered {
  public:
    using Kind = UnansweredAccess::Kind;

    // An instruction has raised an external abort for this access. Which instruction it was is known when the
    // exception is taken.
    void raised(Kind kind, std::uint64_t physical, unsigned size) {
        raised_ = {.physical = physical, .pc = 0, .count = 1, .size = size, .kind = kind};
    }
    // The exception of the instruction at `pc` is taken: counts its access, if it was for one.
    void taken(std::uint64_t pc) {
        if (raised_.has_value()) [[unlikely]] {
            count(*raised_, pc);
            raised_.reset();
        }
    }

    std::span<const UnansweredAccess> accesses() const { return accesses_; }
    std::uint64_t total() const { return total_; }

  private:
    void count(UnansweredAccess access, std::uint64_t pc);

    std::optional<UnansweredAccess> raised_;
    std::vector<UnansweredAccess> accesses_;
    std::uint64_t total_ = 0;
};

}  // namespace levitate::emu
