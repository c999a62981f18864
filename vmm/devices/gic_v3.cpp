#include "vmm/devices/gic_v3.hpp"

#include <utility>

namespace levitate::vmm {
namespace {

// GICD_* offsets (IHI 0069 table 12-25); the SGI frame of the redistributor has those from IGROUPR to
// ICFGR at the same places.
enum Register : std::uint64_t {
    kControl = 0x0000,
    kType = 0x0004,
    kImplementer = 0x0008,
    kGroup = 0x0080,
    kSetEnable = 0x0100,
    kClearEnable = 0x0180,
    kSetPending = 0x0200,
    kClearPending = 0x0280,
    kSetActive = 0x0300,
    kClearActive = 0x0380,
    kPriority = 0x0400,
    kConfiguration = 0x0C00,
    kGroupModifier = 0x0D00,
    kRoute = 0x6000,
    kRouteEnd = 0x8000,
    kPeripheralId2 = 0xFFE8,

    // GICR_* offsets (IHI 0069 table 12-27).
    kRedistributorImplementer = 0x0004,
    kRedistributorType = 0x0008,
    kWaker = 0x0014,
    kSgiFrame = 0x10000,
};

constexpr std::uint64_t kRegisterBits = 0x80;  // bytes of a one-bit-an-interrupt register array
constexpr std::uint32_t kEnableGroups = 0x3;   // GICD_CTLR.EnableGrp0, EnableGrp1
constexpr std::uint32_t kEnableGroup1 = 1U << 1U;
constexpr std::uint32_t kAffinityRouting = 1U << 4U;
constexpr std::uint32_t kDisableSecurity = 1U << 6U;
// ITLinesNumber: 32 * (8 + 1) INTIDs; IDbits: 10; No1N: an SPI goes to one CPU by its route.
constexpr std::uint32_t kTypeValue = (GicV3::kInterrupts / 32 - 1) | (9U << 19U) | (1U << 25U);
constexpr std::uint32_t kImplementerValue = 0x43B;           // Arm
constexpr std::uint32_t kPeripheralId2Value = 0x3B;          // ArchRev: GICv3
constexpr std::uint32_t kRedistributorTypeValue = 1U << 4U;  // Last
constexpr std::uint32_t kProcessorSleep = 1U << 1U;
constexpr std::uint32_t kChildrenAsleep = 1U << 2U;
constexpr std::uint64_t kRouteAny = 1ULL << 31U;         // Interrupt_Routing_Mode
constexpr std::uint64_t kRouteMask = 0xFF'80FF'FFFFULL;  // affinities and Interrupt_Routing_Mode

// Only the five high bits of a priority exist, as in the CPU interface of a Neoverse N1.
constexpr std::uint8_t kPriorityMask = 0xF8;

bool is_priority(std::uint64_t offset) {
    return offset >= kPriority && offset < kPriority + GicV3::kInterrupts;
}

// Whether the register at `offset` is only about SGIs and PPIs, whose registers are in the redistributor.
bool is_private(std::uint64_t offset) {
    constexpr std::uint64_t kInterrupts = GicV3::kFirstSpi;
    return (offset >= kGroup && offset < kPriority && offset % kRegisterBits == 0) ||
           (offset >= kPriority && offset < kPriority + kInterrupts) ||
           (offset >= kConfiguration && offset < kConfiguration + kInterrupts / 4) ||
           offset == kGroupModifier;
}

template <std::size_t N>
std::uint32_t word_of(const std::bitset<N>& bits, std::size_t index) {
    const std::bitset<N> low{0xFFFF'FFFFU};
    return static_cast<std::uint32_t>(((bits >> (index * 32)) & low).to_ullong());
}

// The interrupts that the set bits of `value` name in word `index`.
template <std::size_t N>
std::bitset<N> bits_of(std::uint32_t value, std::size_t index) {
    return std::bitset<N>{value} << (index * 32);
}

}  // namespace

GicV3::GicV3()
    : distributor_(*this, &GicV3::read_distributor, &GicV3::write_distributor),
      redistributor_(*this, &GicV3::read_redistributor, &GicV3::write_redistributor) {
    // SGIs are always edge-triggered (IHI 0069 12.9.9).
    for (std::uint32_t intid = 0; intid < kFirstPpi; ++intid) {
        edge_.set(intid);
    }
}

std::optional<std::uint64_t> GicV3::Frame::read(std::uint64_t offset, unsigned size) {
    const auto low = (owner_.*read_)(offset & ~std::uint64_t{3});
    if (!low || (size < 4 && !is_priority(offset % kSgiFrame))) {
        return std::nullopt;
    }
    if (size < 4) {
        const std::uint64_t mask = (1ULL << (size * 8)) - 1;
        return (*low >> ((offset & 3U) * 8)) & mask;
    }
    if (size == 4) {
        return *low;
    }
    const auto high = (owner_.*read_)(offset + 4);
    return high ? std::optional{(std::uint64_t{*high} << 32U) | *low} : std::nullopt;
}

bool GicV3::Frame::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    const auto present = (owner_.*read_)(offset & ~std::uint64_t{3});
    if (!present || (size < 4 && !is_priority(offset % kSgiFrame))) {
        return false;
    }
    if (size < 4) {
        const auto shift = static_cast<unsigned>((offset & 3U) * 8);
        const std::uint32_t mask = ((1U << (size * 8)) - 1) << shift;
        (owner_.*write_)(offset & ~std::uint64_t{3},
                         (*present & ~mask) | ((static_cast<std::uint32_t>(value) << shift) & mask));
    } else {
        (owner_.*write_)(offset, static_cast<std::uint32_t>(value));
        if (size == 8) {
            (owner_.*write_)(offset + 4, static_cast<std::uint32_t>(value >> 32U));
        }
    }
    owner_.notify();
    return true;
}

std::optional<std::uint32_t> GicV3::read_interrupt_register(std::uint64_t offset) const {
    if (is_priority(offset)) {
        std::uint32_t value = 0;
        for (unsigned index = 0; index < 4; ++index) {
            value |= std::uint32_t{priority_[offset - kPriority + index]} << (8 * index);
        }
        return value;
    }
    if (offset >= kConfiguration && offset < kConfiguration + kInterrupts / 4) {
        const auto first = (offset - kConfiguration) * 4;
        std::uint32_t value = 0;
        for (unsigned index = 0; index < 16; ++index) {
            value |= edge_.test(first + index) ? 2U << (2 * index) : 0U;
        }
        return value;
    }
    const std::size_t index = (offset % kRegisterBits) / 4;
    if (index >= kInterrupts / 32) {
        return std::nullopt;
    }
    switch (offset & ~(kRegisterBits - 1)) {
        case kGroup:
            return word_of(group1_, index);
        case kSetEnable:
        case kClearEnable:
            return word_of(enabled_, index);
        case kSetPending:
        case kClearPending:
            return word_of(pending(), index);
        case kSetActive:
        case kClearActive:
            return word_of(active_, index);
        case kGroupModifier:
            return word_of(group_modifier_, index);
        default:
            return std::nullopt;
    }
}

void GicV3::write_interrupt_register(std::uint64_t offset, std::uint32_t value) {
    if (!read_interrupt_register(offset)) {
        return;
    }
    if (is_priority(offset)) {
        for (unsigned index = 0; index < 4; ++index) {
            priority_[offset - kPriority + index] =
                static_cast<std::uint8_t>(value >> (8 * index)) & kPriorityMask;
        }
    } else if (offset >= kConfiguration && offset < kConfiguration + kInterrupts / 4) {
        const auto first = (offset - kConfiguration) * 4;
        for (unsigned index = 0; index < 16; ++index) {
            if (first + index >= kFirstPpi) {
                edge_.set(first + index, ((value >> (2 * index)) & 2U) != 0);
            }
        }
    } else {
        write_bits(offset, value);
    }
}

void GicV3::write_bits(std::uint64_t offset, std::uint32_t value) {
    const std::size_t index = (offset % kRegisterBits) / 4;
    const Bits named = bits_of<kInterrupts>(value, index);
    const Bits word = bits_of<kInterrupts>(0xFFFF'FFFFU, index);
    switch (offset & ~(kRegisterBits - 1)) {
        case kGroup:
            group1_ = (group1_ & ~word) | named;
            break;
        case kSetEnable:
            enabled_ |= named;
            break;
        case kClearEnable:
            enabled_ &= ~named;
            break;
        case kSetPending:
            latched_ |= named;
            break;
        case kClearPending:
            latched_ &= ~named;
            break;
        case kSetActive:
            active_ |= named;
            break;
        case kClearActive:
            active_ &= ~named;
            break;
        default:
            group_modifier_ = (group_modifier_ & ~word) | named;
            break;
    }
}

// The first 32 interrupts' registers are in the redistributor and read as zero here (IHI 0069 12.9).
std::optional<std::uint32_t> GicV3::read_distributor(std::uint64_t offset) const {
    switch (offset) {
        case kControl:
            return control_ | kAffinityRouting | kDisableSecurity;
        case kType:
            return kTypeValue;
        case kImplementer:
            return kImplementerValue;
        case kPeripheralId2:
            return kPeripheralId2Value;
        default:
            break;
    }
    if (offset >= kRoute && offset < kRouteEnd) {
        const auto intid = (offset - kRoute) / 8;
        if (intid < kFirstSpi || intid >= kInterrupts) {
            return 0;
        }
        return static_cast<std::uint32_t>(route_[intid] >> (offset % 8 * 8));
    }
    return is_private(offset) ? 0 : read_interrupt_register(offset).value_or(0);
}

void GicV3::write_distributor(std::uint64_t offset, std::uint32_t value) {
    if (offset == kControl) {
        control_ = value & kEnableGroups;
    } else if (offset >= kRoute && offset < kRouteEnd) {
        const auto intid = (offset - kRoute) / 8;
        if (intid >= kFirstSpi && intid < kInterrupts) {
            const auto shift = static_cast<unsigned>(offset % 8 * 8);
            const std::uint64_t half = 0xFFFF'FFFFULL << shift;
            route_[intid] = ((route_[intid] & ~half) | (std::uint64_t{value} << shift)) & kRouteMask;
        }
    } else if (!is_private(offset)) {
        write_interrupt_register(offset, value);
    }
}

std::optional<std::uint32_t> GicV3::read_redistributor(std::uint64_t offset) const {
    switch (offset) {
        case kRedistributorImplementer:
            return kImplementerValue;
        case kRedistributorType:
            return kRedistributorTypeValue;
        case kWaker:
            return sleeping_ ? kProcessorSleep | kChildrenAsleep : 0;
        case kPeripheralId2:
        case kSgiFrame + kPeripheralId2:
            return kPeripheralId2Value;
        default:
            break;
    }
    if (offset >= kSgiFrame && is_private(offset - kSgiFrame)) {
        return read_interrupt_register(offset - kSgiFrame);
    }
    return 0;
}

void GicV3::write_redistributor(std::uint64_t offset, std::uint32_t value) {
    if (offset == kWaker) {
        sleeping_ = (value & kProcessorSleep) != 0;
    } else if (offset >= kSgiFrame && is_private(offset - kSgiFrame)) {
        write_interrupt_register(offset - kSgiFrame, value);
    }
}

void GicV3::set_line(std::uint32_t intid, Level level) {
    const bool high = level == Level::High;
    if (line_.test(intid) == high) {
        return;
    }
    line_.set(intid, high);
    if (high && edge_.test(intid)) {
        latched_.set(intid);
    }
    notify();
}

GicV3::Bits GicV3::pending() const {
    return latched_ | (line_ & ~edge_);
}

bool GicV3::is_routed_here(std::uint32_t intid) const {
    return intid < kFirstSpi || (route_[intid] & kRouteAny) != 0 || route_[intid] == 0;
}

std::optional<GicV3::Pending> GicV3::highest_pending() const {
    if ((control_ & kEnableGroup1) == 0 || sleeping_) {
        return std::nullopt;
    }
    const Bits candidates = pending() & enabled_ & group1_ & ~active_;
    std::optional<Pending> best;
    for (auto intid = candidates._Find_first(); intid < kInterrupts; intid = candidates._Find_next(intid)) {
        const auto number = static_cast<std::uint32_t>(intid);
        if (is_routed_here(number) && (!best || priority_[intid] < best->priority)) {
            best = Pending{.intid = number, .priority = priority_[intid]};
        }
    }
    return best;
}

void GicV3::acknowledge(std::uint32_t intid) {
    if (intid < kInterrupts) {
        active_.set(intid);
        latched_.reset(intid);
        notify();
    }
}

void GicV3::deactivate(std::uint32_t intid) {
    if (intid < kInterrupts) {
        active_.reset(intid);
        notify();
    }
}

// Arm ARM D24.8.24: with IRM the SGI goes to all CPUs but the sender, of which there are none; without IRM,
// to those of the target list in the cluster that Aff3.Aff2.Aff1 names.
void GicV3::send_sgi(std::uint64_t value) {
    constexpr std::uint64_t kRoutingMode = 1ULL << 40U;
    constexpr std::uint64_t kCluster = (0xFFULL << 48U) | (0xFFULL << 32U) | (0xFFULL << 16U);
    constexpr std::uint64_t kFirstCpu = 1;
    if ((value & (kRoutingMode | kCluster)) == 0 && (value & kFirstCpu) != 0) {
        latched_.set((value >> 24U) & 0xFU);
        notify();
    }
}

void GicV3::notify() const {
    if (changed_) {
        changed_();
    }
}

}  // namespace levitate::vmm
