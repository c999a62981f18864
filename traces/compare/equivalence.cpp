#include "traces/compare/equivalence.hpp"

#include <algorithm>

namespace levitate::traces::detail {
namespace {

constexpr unsigned kPageBits = 12;
constexpr std::uint64_t kPageMask = (1U << kPageBits) - 1;
// What remains of an address even where it is random or another object's: the alignment that the AArch64 ABI
// gives stacks, and allocators their blocks.
constexpr std::uint64_t kAlignmentMask = 15;
// Above are no user addresses, but errors and other small negative numbers; below is no mapping
// (mmap_min_addr).
constexpr std::uint64_t kUserEnd = std::uint64_t{1} << 52;
constexpr std::uint64_t kUserStart = 4096;

std::string_view name_of(Token kind) {
    switch (kind) {
        case Token::Pid:
            return "process and thread numbers";
        case Token::Inode:
            return "inode numbers";
        case Token::Device:
            return "device numbers";
        case Token::Port:
            return "ephemeral ports";
    }
    return {};
}

bool is_user_address(std::uint64_t address) {
    return address >= kUserStart && address < kUserEnd;
}

// A wrapped difference makes an address below the start a huge number, so that one comparison is enough.
bool inside(std::uint64_t address, std::uint64_t start, std::uint64_t length) {
    return address - start < length;
}

void erase_pages(std::map<std::uint64_t, std::uint64_t>& pages, std::uint64_t address, std::uint64_t length) {
    pages.erase(pages.lower_bound(address >> kPageBits),
                pages.upper_bound((address + (length == 0 ? 0 : length - 1)) >> kPageBits));
}

}  // namespace

bool AddressMap::equal(std::uint64_t golden, std::uint64_t actual, AddressMode mode) {
    if (!is_user_address(golden) || !is_user_address(actual)) {
        return golden == actual;
    }
    if (in_shared(golden, actual)) {
        return true;
    }
    // A thread may have its blocks from the program's own heap instead of from a reserve.
    if (contains(shared_golden_, golden) != contains(shared_actual_, actual)) {
        return ((actual - golden) & kAlignmentMask) == 0;
    }
    const std::uint64_t delta = actual - golden;
    if (const auto known = delta_.find(golden >> kPageBits); known != delta_.end()) {
        return known->second == delta;
    }
    for (const Moved& mapping : moved_) {
        if (inside(golden, mapping.golden, mapping.length) &&
            inside(actual, mapping.actual, mapping.length)) {
            return (delta & kPageMask) == 0 && bind(golden, actual);
        }
    }
    if (contains(golden_only_, golden) && contains(actual_only_, actual)) {
        return (delta & kPageMask) == 0 && bind(golden, actual);
    }
    if (contains(golden_only_, golden) || contains(actual_only_, actual)) {
        return (delta & kAlignmentMask) == 0;
    }
    if (moved(golden) || moved_from_actual(actual)) {
        return false;
    }
    if (mode == AddressMode::Random) {
        return (delta & kAlignmentMask) == 0 && bind(golden, actual);
    }
    return delta == 0 && !reverse_.contains(actual >> kPageBits);
}

bool AddressMap::in_shared(std::uint64_t golden, std::uint64_t actual) const {
    return std::ranges::any_of(shared_golden_, [&](const Range& one) {
        return inside(golden, one.address, one.length) &&
               std::ranges::any_of(shared_actual_, [&](const Range& other) {
                   return other.length == one.length && actual - other.address == golden - one.address;
               });
    });
}

bool AddressMap::contains(const std::vector<Range>& ranges, std::uint64_t address) {
    return std::ranges::any_of(
        ranges, [&](const Range& range) { return inside(address, range.address, range.length); });
}

bool AddressMap::bind(std::uint64_t golden, std::uint64_t actual) {
    const std::uint64_t delta = actual - golden;
    const bool whole_pages = (delta & kPageMask) == 0;
    const auto taken = reverse_.find(actual >> kPageBits);
    if (whole_pages && taken != reverse_.end() && taken->second != delta) {
        return false;
    }
    delta_[golden >> kPageBits] = delta;
    reverse_[actual >> kPageBits] = delta;
    fresh_.emplace_back(golden >> kPageBits, actual >> kPageBits);
    return true;
}

void AddressMap::note_mapping(std::uint64_t golden, std::uint64_t actual, std::uint64_t length) {
    erase_pages(delta_, golden, length);
    erase_pages(reverse_, actual, length);
    std::erase_if(golden_only_, [&](const Range& range) { return inside(range.address, golden, length); });
    std::erase_if(actual_only_, [&](const Range& range) { return inside(range.address, actual, length); });
    cut(&Moved::golden, golden, length);
    cut(&Moved::actual, actual, length);
    if (golden != actual) {
        moved_.push_back({golden, actual, length});
    }
}

void AddressMap::note_unmapping(std::uint64_t golden, std::uint64_t length) {
    std::erase_if(moved_, [&](const Moved& old) {
        return inside(old.golden, golden, length) && old.length <= length - (old.golden - golden);
    });
}

// Takes a range of one of the two address spaces out of the mappings, and with it what it stood for in the
// other.
void AddressMap::cut(std::uint64_t Moved::* start, std::uint64_t address, std::uint64_t length) {
    std::vector<Moved> kept;
    for (const Moved& old : moved_) {
        const std::uint64_t begin = std::clamp(address, old.*start, old.*start + old.length) - old.*start;
        const std::uint64_t end =
            std::clamp(address + length, old.*start, old.*start + old.length) - old.*start;
        if (begin >= end) {
            kept.push_back(old);
            continue;
        }
        kept.push_back({old.golden, old.actual, begin});
        kept.push_back({old.golden + end, old.actual + end, old.length - end});
    }
    std::erase_if(kept, [](const Moved& mapping) { return mapping.length == 0; });
    moved_ = std::move(kept);
}

bool AddressMap::moved(std::uint64_t golden) const {
    return contains(golden_only_, golden) ||
           std::ranges::any_of(moved_, [&](const Moved& m) { return inside(golden, m.golden, m.length); });
}

bool AddressMap::moved_from_actual(std::uint64_t actual) const {
    return contains(actual_only_, actual) ||
           std::ranges::any_of(moved_, [&](const Moved& m) { return inside(actual, m.actual, m.length); });
}

void AddressMap::roll_back() {
    for (const auto& [golden, actual] : fresh_) {
        delta_.erase(golden);
        reverse_.erase(actual);
    }
    fresh_.clear();
}

bool Equivalence::tokens_equal(Token kind, std::uint64_t golden, std::uint64_t actual) {
    Bijection& known = tokens_[kind];
    const auto forward = known.forward.find(golden);
    const auto backward = known.backward.find(actual);
    if (forward != known.forward.end() || backward != known.backward.end()) {
        if (forward == known.forward.end() || forward->second != actual) {
            return false;
        }
    } else {
        known.forward.emplace(golden, actual);
        known.backward.emplace(actual, golden);
        fresh_.push_back({kind, golden, actual});
    }
    if (golden != actual) {
        normalised(std::string(name_of(kind)));
    }
    return true;
}

bool Equivalence::tokens_known_equal(Token kind, std::uint64_t golden, std::uint64_t actual) const {
    const auto known = tokens_.find(kind);
    if (known == tokens_.end()) {
        return false;
    }
    const auto forward = known->second.forward.find(golden);
    return forward != known->second.forward.end() && forward->second == actual;
}

bool Equivalence::addresses_equal(std::uint32_t space, std::uint64_t golden, std::uint64_t actual) {
    touched_.insert(space);
    const bool equal = spaces_[space].equal(golden, actual, mode_);
    if (equal && golden != actual) {
        normalised("addresses");
    }
    return equal;
}

bool Equivalence::descriptors_equal(std::uint64_t golden, std::uint64_t actual) const {
    const auto known = descriptors_.find(golden);
    return golden == actual || (known != descriptors_.end() && known->second == actual);
}

void Equivalence::fork_space(std::uint32_t parent, std::uint32_t child) {
    if (parent != child && !spaces_.contains(child)) {
        spaces_[child] = spaces_[parent];
    }
}

void Equivalence::commit() {
    fresh_.clear();
    for (const std::uint32_t space : touched_) {
        spaces_[space].commit();
    }
    touched_.clear();
    for (const std::string& what : pending_counts_) {
        ++counts_[what];
    }
    pending_counts_.clear();
}

void Equivalence::roll_back() {
    for (const Fresh& fresh : fresh_) {
        tokens_[fresh.kind].forward.erase(fresh.golden);
        tokens_[fresh.kind].backward.erase(fresh.actual);
    }
    fresh_.clear();
    for (const std::uint32_t space : touched_) {
        spaces_[space].roll_back();
    }
    touched_.clear();
    pending_counts_.clear();
}

std::vector<Normalisation> Equivalence::normalisations() const {
    std::vector<Normalisation> result;
    result.reserve(counts_.size());
    for (const auto& [what, count] : counts_) {
        result.push_back({what, count});
    }
    return result;
}

}  // namespace levitate::traces::detail
