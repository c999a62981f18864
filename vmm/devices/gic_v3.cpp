#include "vmm/devices/gic_v3.hpp"

#include <array>

namespace levitate::vmm {
namespace {

using Array = GicInterrupts::Register;

// GICD_* offsets (IHI 0069 table 12-25) beside those of GicInterrupts; the SGI frame of the redistributor has
// those from IGROUPR to ICFGR at the same places.
enum Register : std::uint64_t {
    kControl = 0x0000,
    kType = 0x0004,
    kImplementer = 0x0008,
    kRoute = 0x6000,
    kRouteEnd = 0x8000,
    kIdentification = 0xFFD0,

    // GICR_* offsets (IHI 0069 table 12-27).
    kRedistributorImplementer = 0x0004,
    kRedistributorType = 0x0008,
    kWaker = 0x0014,
    kSgiFrame = 0x10000,
};

constexpr std::uint32_t kEnableGroups = 0x3;  // GICD_CTLR.EnableGrp0, EnableGrp1
constexpr std::uint32_t kEnableGroup1 = 1U << 1U;
constexpr std::uint32_t kAffinityRouting = 1U << 4U;
constexpr std::uint32_t kDisableSecurity = 1U << 6U;
// ITLinesNumber: 32 * (8 + 1) INTIDs; IDbits: 10; No1N: an SPI goes to one CPU by its route.
constexpr std::uint32_t kTypeValue = (GicV3::kInterrupts / 32 - 1) | (9U << 19U) | (1U << 25U);
constexpr std::uint32_t kImplementerValue = 0x43B;  // Arm
// GICD_PIDR4-7, 0-3 and CIDR0-3 (IHI 0069 12.1.9): designer Arm, ArchRev GICv3. The first of a
// redistributor's frames has the same but for its part number.
constexpr std::array<std::uint8_t, 12> kIdentity{0x44, 0x00, 0x00, 0x00, 0x92, 0xB4,
                                                 0x3B, 0x00, 0x0D, 0xF0, 0x05, 0xB1};
constexpr std::uint32_t kRedistributorPart = 0x93;
constexpr std::size_t kPartAt = 4;
constexpr std::uint32_t kRedistributorTypeValue = 1U << 4U;  // Last
constexpr std::uint32_t kProcessorSleep = 1U << 1U;
constexpr std::uint32_t kChildrenAsleep = 1U << 2U;
constexpr std::uint64_t kRouteAny = 1ULL << 31U;         // Interrupt_Routing_Mode
constexpr std::uint64_t kRouteMask = 0xFF'80FF'FFFFULL;  // affinities and Interrupt_Routing_Mode

// Only the five high bits of a priority exist, as in the CPU interface of a Neoverse N1.
constexpr std::uint8_t kPriorityMask = 0xF8;

// Whether the register at `offset` is only about SGIs and PPIs, whose registers are in the redistributor.
bool is_private(std::uint64_t offset) {
    constexpr std::uint64_t kInterrupts = GicV3::kFirstSpi;
    return (offset >= Array::kGroup && offset < Array::kPriority &&
            offset % GicInterrupts::kRegisterBytes == 0) ||
           (offset >= Array::kPriority && offset < Array::kPriority + kInterrupts) ||
           (offset >= Array::kConfiguration && offset < Array::kConfiguration + kInterrupts / 4) ||
           offset == Array::kGroupModifier;
}

std::uint32_t identity(std::uint64_t offset) {
    const std::uint64_t index = (offset - kIdentification) / 4;
    return index < kIdentity.size() ? kIdentity.at(index) : 0;
}

// The registers of 64 bits, whose halves can be accessed at once.
bool is_route(std::uint64_t offset) {
    return offset >= kRoute && offset < kRouteEnd;
}
bool is_redistributor_type(std::uint64_t offset) {
    return offset == kRedistributorType;
}

}  // namespace

GicV3::GicV3()
    : distributor_(*this, &GicV3::read_distributor, &GicV3::write_distributor, is_route),
      redistributor_(*this, &GicV3::read_redistributor, &GicV3::write_redistributor, is_redistributor_type),
      interrupts_(kPriorityMask) {
    routed_here_.set();
}

std::optional<std::uint64_t> GicV3::Frame::read(std::uint64_t offset, unsigned size) {
    const std::uint32_t low = (owner_.*read_)(offset & ~std::uint64_t{3});
    if (size == 8) {
        return is_double_word_(offset) ? (std::uint64_t{(owner_.*read_)(offset + 4)} << 32U) | low : 0;
    }
    if (size == 1 && GicInterrupts::is_priority(offset % kSgiFrame)) {
        return (low >> ((offset & 3U) * 8)) & 0xFFU;
    }
    return size == 4 ? low : 0;
}

bool GicV3::Frame::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (size == 4 || (size == 8 && is_double_word_(offset))) {
        (owner_.*write_)(offset, static_cast<std::uint32_t>(value));
        if (size == 8) {
            (owner_.*write_)(offset + 4, static_cast<std::uint32_t>(value >> 32U));
        }
    } else if (size == 1 && GicInterrupts::is_priority(offset % kSgiFrame)) {
        const std::uint64_t word = offset & ~std::uint64_t{3};
        const auto shift = static_cast<unsigned>((offset & 3U) * 8);
        const std::uint32_t others = (owner_.*read_)(word) & ~(0xFFU << shift);
        (owner_.*write_)(word, others | ((static_cast<std::uint32_t>(value) & 0xFFU) << shift));
    }
    owner_.notify();
    return true;
}

// The first 32 interrupts' registers are in the redistributor and read as zero here (IHI 0069 12.9).
std::uint32_t GicV3::read_distributor(std::uint64_t offset) const {
    switch (offset) {
        case kControl:
            return control_ | kAffinityRouting | kDisableSecurity;
        case kType:
            return kTypeValue;
        case kImplementer:
            return kImplementerValue;
        default:
            break;
    }
    if (offset >= kIdentification) {
        return identity(offset);
    }
    if (offset >= kRoute && offset < kRouteEnd) {
        const auto intid = (offset - kRoute) / 8;
        if (intid < kFirstSpi || intid >= kInterrupts) {
            return 0;
        }
        return static_cast<std::uint32_t>(route_[intid] >> (offset % 8 * 8));
    }
    return is_private(offset) ? 0 : interrupts_.read(offset).value_or(0);
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
            routed_here_.set(intid, (route_[intid] & kRouteAny) != 0 || route_[intid] == 0);
        }
    } else if (!is_private(offset)) {
        interrupts_.write(offset, value);
    }
}

std::uint32_t GicV3::read_redistributor(std::uint64_t offset) const {
    switch (offset) {
        case kRedistributorImplementer:
            return kImplementerValue;
        case kRedistributorType:
            return kRedistributorTypeValue;
        case kWaker:
            return sleeping_ ? kProcessorSleep | kChildrenAsleep : 0;
        case kIdentification + 4 * kPartAt:
            return kRedistributorPart;
        default:
            break;
    }
    if (offset % kSgiFrame >= kIdentification) {
        return identity(offset % kSgiFrame);
    }
    if (offset >= kSgiFrame && is_private(offset - kSgiFrame)) {
        return interrupts_.read(offset - kSgiFrame).value_or(0);
    }
    return 0;
}

void GicV3::write_redistributor(std::uint64_t offset, std::uint32_t value) {
    if (offset == kWaker) {
        sleeping_ = (value & kProcessorSleep) != 0;
    } else if (offset >= kSgiFrame && is_private(offset - kSgiFrame)) {
        interrupts_.write(offset - kSgiFrame, value);
    }
}

void GicV3::set_line(std::uint32_t intid, Level level) {
    if (interrupts_.set_line(intid, level)) {
        notify();
    }
}

std::optional<PendingInterrupt> GicV3::highest_pending() const {
    if ((control_ & kEnableGroup1) == 0 || sleeping_) {
        return std::nullopt;
    }
    return interrupts_.highest_pending(interrupts_.group1 & routed_here_);
}

void GicV3::acknowledge(std::uint32_t intid) {
    if (intid < kInterrupts) {
        interrupts_.active.set(intid);
        interrupts_.latched.reset(intid);
        notify();
    }
}

void GicV3::deactivate(std::uint32_t intid) {
    if (intid < kInterrupts) {
        interrupts_.active.reset(intid);
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
        interrupts_.latched.set((value >> 24U) & 0xFU);
        notify();
    }
}

}  // namespace levitate::vmm
