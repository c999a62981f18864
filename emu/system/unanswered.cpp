#include "emu/system/unanswered.hpp"

#include <algorithm>

namespace levitate::emu {

void Unanswered::count(UnansweredAccess access, std::uint64_t pc) {
    constexpr std::size_t kMostKept = 64;
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
