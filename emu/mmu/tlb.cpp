#include "emu/mmu/tlb.hpp"

namespace levitate::emu {

void TagRules::set_alignment_checked(bool checked) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const std::uint64_t size = std::uint64_t{1} << i;
        rules_[i] = checked ? Rule{0, ~kPageOffsetMask | (size - 1)} : Rule{size - 1, ~kPageOffsetMask};
    }
}

void Tlbs::flush() {
    if (is_empty_) {
        return;
    }
    data_.fill(DataTlb{});
    fetch_.fill(FetchTlb{});
    blocks_ = {};
    is_empty_ = true;
}

void Tlbs::flush_page(std::uint64_t address) {
    if (blocks_.contains(address)) {
        flush();
        return;
    }
    // Entries for this address are in this place, whatever tag the address has.
    const std::size_t index = tlb_index(address);
    for (DataTlb& tlb : data_) {
        tlb[index] = {};
    }
    for (FetchTlb& tlb : fetch_) {
        tlb[index] = {};
    }
}

void Tlbs::stop_fast_stores(const std::byte* host) {
    for (DataTlb& tlb : data_) {
        for (DataTlbEntry& entry : tlb) {
            if (entry.host == host) {
                entry.write_tag = kNoTag;
            }
        }
    }
}

}  // namespace levitate::emu
