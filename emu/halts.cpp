#include "emu/halts.hpp"

#include <algorithm>
#include <utility>

#include "emu/arch/bits.hpp"
#include "emu/mmu/tlb.hpp"

namespace levitate::emu {

void Halts::set_watched_ranges(std::span<const WatchedRange> ranges) {
    watched_.assign(ranges.begin(), ranges.end());
}

void Halts::set_breakpoints(std::span<const std::uint64_t> addresses) {
    breakpoints_.assign(addresses.begin(), addresses.end());
    std::ranges::sort(breakpoints_);
}

bool Halts::has_breakpoint_in(std::uint64_t page) const {
    if (breakpoints_.empty()) [[likely]] {
        return false;
    }
    const auto found = std::ranges::lower_bound(breakpoints_, page);
    return found != breakpoints_.end() && page_of(*found) == page;
}

bool Halts::has_breakpoint_at(std::uint64_t address) const {
    return std::ranges::binary_search(breakpoints_, address);
}

bool Halts::watches(std::uint64_t ttbr0, std::uint64_t address, std::uint64_t size) const {
    return std::ranges::any_of(watched_, [&](const WatchedRange& range) {
        return address < range.end && address + size > range.begin &&
               bits(ttbr0, 47, 1) == bits(range.table, 47, 1);
    });
}

void Halts::request_for_load(std::uint64_t address, unsigned size) {
    if (!next_.has_value()) {
        next_ = Halt{.reason = HaltReason::WatchedLoad, .address = address, .size = size};
        return;
    }
    // Loads of several registers read one run of bytes.
    const std::uint64_t begin = std::min(next_->address, address);
    const std::uint64_t end = std::max(next_->address + next_->size, address + size);
    next_->address = begin;
    next_->size = static_cast<unsigned>(end - begin);
}

void Halts::set_load_address(std::uint64_t pc) {
    if (next_.has_value() && next_->reason == HaltReason::WatchedLoad) {
        next_->pc = pc;
    }
}

std::optional<Halt> Halts::take() {
    return std::exchange(next_, std::nullopt);
}

}  // namespace levitate::emu
