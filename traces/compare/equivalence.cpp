#include "traces/compare/equivalence.hpp"

#include <algorithm>

#include "traces/compare/pages.hpp"

namespace levitate::traces::detail {
namespace {

// At and above kUserEnd there are no user addresses, but errors and other small negative numbers; below
// kUserStart there are no mappings (mmap_min_addr).
constexpr std::uint64_t kUserEnd = std::uint64_t{1} << 52;
constexpr std::uint64_t kUserStart = 4096;
// How far the first stack may grow: the soft RLIMIT_STACK that every program is started with.
constexpr std::uint64_t kStackRoom = std::uint64_t{8} << 20;

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
        case Token::SocketName:
            return "socket names that the kernel chose";
    }
    return {};
}

bool is_user_address(std::uint64_t address) {
    return address >= kUserStart && address < kUserEnd;
}

// The difference wraps for an address below the start and becomes huge, so one comparison is enough.
bool inside(std::uint64_t address, std::uint64_t start, std::uint64_t length) {
    return address - start < length;
}

// Whether two places lie equally far below SP. A function whose locals need more than the ABI's alignment
// (std's queues have 128 bytes, to keep cache lines apart) rounds its frame down, so that frames from there
// on are further away by less than that where SP itself has another remainder.
bool equal_below_sp(std::uint64_t golden_sp, std::uint64_t golden_depth, std::uint64_t actual_sp,
                    std::uint64_t actual_depth) {
    constexpr std::uint64_t kGreatestAlignment = 128;
    const std::uint64_t apart = std::max(golden_depth, actual_depth) - std::min(golden_depth, actual_depth);
    const bool rounded = ((golden_sp ^ actual_sp) & (kGreatestAlignment - 1)) != 0;
    return apart == 0 || (rounded && apart < kGreatestAlignment && (apart & kAlignmentMask) == 0);
}

void erase_pages(std::map<std::uint64_t, std::uint64_t>& pages, std::uint64_t address, std::uint64_t length) {
    pages.erase(pages.lower_bound(address >> kPageBits),
                pages.upper_bound((address + (length == 0 ? 0 : length - 1)) >> kPageBits));
}

}  // namespace

bool AddressMap::equal(std::uint64_t golden, std::uint64_t actual, AddressMode mode, StackTops stacks) {
    if (!is_user_address(golden) || !is_user_address(actual)) {
        return golden == actual;
    }
    if (const auto own = in_own_stack(golden, actual, stacks); own && mode == AddressMode::Exact) {
        return *own;
    }
    if (in_shared(golden, actual)) {
        return true;
    }
    if (blocks_move_ && in_heap(shared_golden_, golden_blocks_, golden) &&
        in_heap(shared_actual_, actual_blocks_, actual)) {
        return ((actual - golden) & kAlignmentMask) == 0;
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
        if (const auto placed = on_first_stack(golden, actual)) {
            return *placed;
        }
        return (delta & kAlignmentMask) == 0 && bind(golden, actual);
    }
    return delta == 0 && !reverse_.contains(actual >> kPageBits);
}

std::optional<bool> AddressMap::on_first_stack(std::uint64_t golden, std::uint64_t actual) const {
    const auto lies_on = [](std::uint64_t address, StackPlace stack) {
        return stack.end != 0 && inside(address, stack.sp - kStackRoom, stack.end - stack.sp + kStackRoom);
    };
    const bool golden_on = lies_on(golden, golden_stack_);
    const bool actual_on = lies_on(actual, actual_stack_);
    if (!golden_on && !actual_on) {
        return std::nullopt;
    }
    if (!golden_on || !actual_on) {
        return false;
    }
    if (golden >= golden_stack_.sp) {
        return actual >= actual_stack_.sp;
    }
    // An edge of the mapping: what is above SP, which is no whole number of pages, moves that against it.
    if (((golden | actual) & kPageMask) == 0) {
        return actual < actual_stack_.sp;
    }
    return equal_below_sp(golden_stack_.sp, golden_stack_.sp - golden, actual_stack_.sp,
                          actual_stack_.sp - actual);
}

bool AddressMap::equal_in_program(std::uint64_t golden, std::uint64_t actual) {
    if (!is_user_address(golden) || !is_user_address(actual)) {
        return golden == actual;
    }
    const std::uint64_t delta = actual - golden;
    if (!program_delta_) {
        program_delta_ = delta;
    }
    return (delta & kPageMask) == 0 && delta == *program_delta_;
}

// Takes the last of the reserves that hold it: whatever was mapped there before has been unmapped.
const AddressMap::Range* AddressMap::stack_of(const std::vector<Range>& reserves, std::uint64_t top) {
    const auto found = std::find_if(reserves.rbegin(), reserves.rend(), [&](const Range& reserve) {
        return reserve.use == Reserve::Stack && inside(top - 1, reserve.address, reserve.length);
    });
    return top != 0 && found != reserves.rend() ? &*found : nullptr;
}

std::optional<bool> AddressMap::in_own_stack(std::uint64_t golden, std::uint64_t actual,
                                             StackTops stacks) const {
    const Range* one = stack_of(shared_golden_, stacks.golden);
    const Range* other = stack_of(shared_actual_, stacks.actual);
    if (one == nullptr || other == nullptr) {
        return std::nullopt;
    }
    const bool golden_own = inside(golden, one->address, one->length);
    const bool actual_own = inside(actual, other->address, other->length);
    if (!golden_own && !actual_own) {
        return std::nullopt;
    }
    return golden_own && actual_own && golden - stacks.golden == actual - stacks.actual;
}

bool AddressMap::in_heap(const std::vector<Range>& reserves, HeapRange blocks, std::uint64_t address) {
    return (address >= blocks.start && address < blocks.end) ||
           std::ranges::any_of(reserves, [&](const Range& reserve) {
               return reserve.use == Reserve::Heap && inside(address, reserve.address, reserve.length);
           });
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
    const bool by_whole_pages = (delta & kPageMask) == 0;
    const auto taken = reverse_.find(actual >> kPageBits);
    if (by_whole_pages && taken != reverse_.end() && taken->second != delta) {
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

// Takes a range of one of the two address spaces out of the mappings, together with what it stood for in the
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

bool Equivalence::Bijection::has(std::uint64_t golden, std::uint64_t actual) const {
    const auto found = forward.find(golden);
    return found != forward.end() && found->second == actual;
}

bool Equivalence::Bijection::contradicts(std::uint64_t golden, std::uint64_t actual) const {
    return !has(golden, actual) && (forward.contains(golden) || backward.contains(actual));
}

bool Equivalence::bind(const Scope& scope, std::uint64_t golden, std::uint64_t actual) {
    Bijection& known = tokens_[scope];
    if (known.contradicts(golden, actual)) {
        return false;
    }
    if (known.forward.emplace(golden, actual).second) {
        known.backward.emplace(actual, golden);
        fresh_.push_back({scope, golden, actual});
    }
    return true;
}

bool Equivalence::tokens_equal(Token kind, std::uint64_t golden, std::uint64_t actual) {
    if (!bind({.kind = kind, .device = {}}, golden, actual)) {
        return false;
    }
    if (golden != actual) {
        normalised(std::string(name_of(kind)));
    }
    return true;
}

bool Equivalence::tokens_known_equal(Token kind, std::uint64_t golden, std::uint64_t actual) const {
    const auto known = tokens_.find({.kind = kind, .device = {}});
    return known != tokens_.end() && known->second.has(golden, actual);
}

// An entry of a directory is held against what is known of the only device, or has to be known of one of
// several. Where there are several, a number that entries had may be another device's.
bool Equivalence::inodes_equal(FilesOf device, std::uint64_t golden, std::uint64_t actual) {
    std::size_t others = 0;  // devices
    bool is_known = false;
    bool contradicts = false;
    for (const auto& [scope, known] : tokens_) {
        if (scope.kind == Token::Inode && scope.device != device) {
            others += scope.device ? 1U : 0U;
            is_known = is_known || known.has(golden, actual);
            contradicts = contradicts || known.contradicts(golden, actual);
        }
    }
    const bool is_one_device = others == (device ? 0U : 1U);
    if (contradicts && is_one_device) {
        return false;
    }
    const bool equal = bind({.kind = Token::Inode, .device = device}, golden, actual) ||
                       (!device && (is_known || others > 1));
    if (equal && golden != actual) {
        normalised(std::string(name_of(Token::Inode)));
    }
    return equal;
}

bool Equivalence::addresses_equal(std::uint32_t space, std::uint64_t golden, std::uint64_t actual,
                                  StackTops stacks) {
    touched_.insert(space);
    const bool equal = spaces_[space].equal(golden, actual, mode_, stacks);
    if (equal && golden != actual) {
        normalised("addresses");
    }
    return equal;
}

void Equivalence::note_descriptor(DescriptorUser user, std::uint64_t golden, std::uint64_t actual) {
    task_descriptors_[user.task][golden] = actual;
    space_descriptors_[user.space][golden] = actual;
}

void Equivalence::forget_descriptor(DescriptorUser user, std::uint64_t golden, std::uint64_t actual) {
    const auto forget = [&](Descriptors& known) {
        if (const auto found = known.find(golden); found != known.end() && found->second == actual) {
            known.erase(found);
        }
    };
    forget(task_descriptors_[user.task]);
    forget(space_descriptors_[user.space]);
}

std::optional<bool> Equivalence::descriptors_equal(DescriptorUser user, std::uint64_t golden,
                                                   std::uint64_t actual) const {
    std::optional<bool> equal;
    const auto look = [&](const auto& users, auto key) {
        const auto own = users.find(key);
        if (own == users.end()) {
            return;
        }
        if (const auto known = own->second.find(golden); known != own->second.end()) {
            equal = equal.value_or(false) || known->second == actual;
        }
    };
    look(task_descriptors_, user.task);
    look(space_descriptors_, user.space);
    return equal;
}

void Equivalence::fork_space(std::uint32_t parent, std::uint32_t child) {
    if (parent != child && !spaces_.contains(child)) {
        spaces_[child] = spaces_[parent];
        space_descriptors_[child] = space_descriptors_[parent];
    }
}

void Equivalence::commit() {
    fresh_.clear();
    for (const FreshDescriptor& fresh : fresh_descriptors_) {
        if (fresh.closed) {
            forget_descriptor(fresh.user, fresh.golden, fresh.actual);
        } else {
            note_descriptor(fresh.user, fresh.golden, fresh.actual);
        }
    }
    fresh_descriptors_.clear();
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
        Bijection& known = tokens_[fresh.scope];
        known.forward.erase(fresh.golden);
        known.backward.erase(fresh.actual);
    }
    fresh_.clear();
    fresh_descriptors_.clear();
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
