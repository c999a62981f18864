#include "emu/system/unanswered.hpp"

#include <algorithm>
#include <utility>

namespace levitate::emu {

void Unanswered::count(std::uint64_t pc) {
    constexpr std::size_t kMostKept = 64;
    UnansweredAccess access = *std::exchange(raised_, std::nullopt);
    access.pc = pc;
    ++total_;
    const auto same = std::ranges::find_if(accesses_, [&](const UnansweredAccess& known) {
        return known.physical == access.physical && known.pc == pc && known.size == access.size &&
               known.kind == access.kind;
    });
    if (same != accesses_.end()) {
        ++same->count;
    } else if (accesses_.size() < kMostKept) {
        accesses_.push_back(access);
    }
}

}  // namespace levitate::emu
