#include "emu/system/debug.hpp"

#include <algorithm>
#include <bit>

#include "emu/arch/bits.hpp"
#include "emu/arch/page.hpp"

namespace levitate::emu::debug {

namespace {

// MDSCR_EL1
constexpr unsigned kMdscrSs = 0;
constexpr unsigned kMdscrKde = 13;
constexpr unsigned kMdscrMde = 15;

// DBGBCR<n>_EL1 and DBGWCR<n>_EL1 have these fields in the same places.
bool is_enabled(std::uint64_t control) {
    return bit(control, 0);
}

// By PMC or PAC, and SSC. There are no levels above EL1, so HMC adds nothing.
bool allows(std::uint64_t control, bool privileged) {
    constexpr std::uint64_t kSecureOnly = 2;
    return is_enabled(control) && bits(control, 15, 14) != kSecureOnly && bit(control, privileged ? 1 : 2);
}

// DBGBCR<n>_EL1.BT; its lowest bit says that the breakpoint is linked to another.
enum class BreakpointType : std::uint8_t { Address = 0, LinkedAddress = 1, Context = 2, LinkedContext = 3 };

BreakpointType type_of(std::uint64_t control) {
    return static_cast<BreakpointType>(bits(control, 23, 20));
}

// Whether CONTEXTIDR_EL1 is as the linked breakpoint that LBN names wants it.
bool linked_context_matches(const SystemRegisters& system, std::uint64_t control) {
    const std::uint64_t linked = bits(control, 19, 16);
    if (linked >= kDebugBreakpoints) {
        return false;
    }
    const std::uint64_t other = system.dbgbcr[linked];
    return is_enabled(other) && type_of(other) == BreakpointType::LinkedContext &&
           bits(system.dbgbvr[linked], 31, 0) == system.contextidr;
}

std::uint64_t breakpoint_address(const SystemRegisters& system, std::size_t number) {
    return system.dbgbvr[number] & ~std::uint64_t{3};
}

// What a watchpoint covers, to the last byte. More bytes of DBGWCR<n>_EL1.BAS than one run are CONSTRAINED
// UNPREDICTABLE.
struct Range {
    std::uint64_t first;
    std::uint64_t last;
};

std::optional<Range> range_of(const SystemRegisters& system, std::size_t number) {
    const std::uint64_t control = system.dbgwcr[number];
    const std::uint64_t value = system.dbgwvr[number];
    const auto mask = static_cast<unsigned>(bits(control, 28, 24));
    if (mask != 0) {
        const std::uint64_t first = value & ~low_mask(mask);
        return Range{first, first | low_mask(mask)};
    }
    const auto bytes = static_cast<std::uint8_t>(bits(control, 12, 5));
    if (bytes == 0) {
        return std::nullopt;
    }
    return Range{value + static_cast<unsigned>(std::countr_zero(bytes)),
                 value + static_cast<unsigned>(std::bit_width(bytes)) - 1};
}

bool any_enabled(const auto& controls) {
    return std::ranges::any_of(controls, is_enabled);
}

}  // namespace

bool asks_for_steps(const SystemRegisters& system) {
    return bit(system.mdscr, kMdscrSs);
}

bool asks_for_breakpoints(const SystemRegisters& system) {
    return bit(system.mdscr, kMdscrMde) && any_enabled(system.dbgbcr);
}

bool asks_for_watchpoints(const SystemRegisters& system) {
    return bit(system.mdscr, kMdscrMde) && any_enabled(system.dbgwcr);
}

bool enabled_from(const SystemRegisters& system, unsigned exception_level, std::uint64_t daif) {
    const bool locked = system.os_lock != 0 || bit(system.osdlr, 0);
    return !locked && (exception_level == 0 || (bit(system.mdscr, kMdscrKde) && (daif & spsr::kD) == 0));
}

bool step_after_return(const SystemRegisters& system, const PState& source, std::uint64_t spsr) {
    const unsigned target = (spsr & spsr::kModeMask) == spsr::kModeEl0t ? 0 : 1;
    return (spsr & spsr::kSs) != 0 && asks_for_steps(system) &&
           !enabled_from(system, source.el, source.daif) && enabled_from(system, target, spsr & spsr::kDaif);
}

std::uint32_t step_syndrome(std::uint32_t word) {
    constexpr std::uint32_t kValid = 1U << 24;
    constexpr std::uint32_t kExclusive = 1U << 6;
    // Load-exclusives: o2 = 0 and L = 1; with o1 = 1 pairs, which bit 31 tells from CASP (Arm ARM C4.1.88).
    constexpr std::uint32_t kFixedBits = 0x3fc00000;
    constexpr std::uint32_t kLoadExclusive = 0x08400000;
    const bool loads_exclusively = (word & kFixedBits) == kLoadExclusive && (!bit(word, 21) || bit(word, 31));
    return kValid | (loads_exclusively ? kExclusive : 0) | fault::kDebug;
}

bool has_breakpoint_in(const SystemRegisters& system, std::uint64_t page) {
    for (std::size_t number = 0; number < kDebugBreakpoints; ++number) {
        // One that looks at the context alone can match anywhere.
        if (is_enabled(system.dbgbcr[number]) && (type_of(system.dbgbcr[number]) == BreakpointType::Context ||
                                                  page_of(breakpoint_address(system, number)) == page)) {
            return true;
        }
    }
    return false;
}

bool breaks_at(const SystemRegisters& system, const PState& pstate, std::uint64_t address) {
    if (!enabled_from(system, pstate.el, pstate.daif)) {
        return false;
    }
    for (std::size_t number = 0; number < kDebugBreakpoints; ++number) {
        const std::uint64_t control = system.dbgbcr[number];
        if (!allows(control, pstate.el != 0)) {
            continue;
        }
        const bool same_address = breakpoint_address(system, number) == address;
        switch (type_of(control)) {
            case BreakpointType::Address:
                if (same_address) {
                    return true;
                }
                break;
            case BreakpointType::LinkedAddress:
                if (same_address && linked_context_matches(system, control)) {
                    return true;
                }
                break;
            case BreakpointType::Context:
                if (bits(system.dbgbvr[number], 31, 0) == system.contextidr) {
                    return true;
                }
                break;
            default:
                break;
        }
    }
    return false;
}

bool has_watchpoint_in(const SystemRegisters& system, std::uint64_t page) {
    for (std::size_t number = 0; number < kDebugWatchpoints; ++number) {
        const std::optional<Range> range = range_of(system, number);
        if (is_enabled(system.dbgwcr[number]) && range.has_value() && page_of(range->first) <= page &&
            page <= range->last) {
            return true;
        }
    }
    return false;
}

std::optional<std::uint64_t> watched(const SystemRegisters& system, bool privileged, std::uint64_t address,
                                     unsigned size, Access access) {
    constexpr unsigned kLoads = 3;  // of DBGWCR<n>_EL1.LSC
    constexpr unsigned kStores = 4;
    constexpr unsigned kLinked = 20;
    const std::uint64_t last = address + size - 1;
    for (std::size_t number = 0; number < kDebugWatchpoints; ++number) {
        const std::uint64_t control = system.dbgwcr[number];
        const std::optional<Range> range = range_of(system, number);
        if (range.has_value() && allows(control, privileged) &&
            bit(control, access == Access::Write ? kStores : kLoads) &&
            (!bit(control, kLinked) || linked_context_matches(system, control)) && range->first <= last &&
            address <= range->last) {
            return std::max(address, range->first);
        }
    }
    return std::nullopt;
}

}  // namespace levitate::emu::debug
