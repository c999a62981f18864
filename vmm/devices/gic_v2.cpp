#include "vmm/devices/gic_v2.hpp"

#include <algorithm>
#include <bit>

namespace levitate::vmm {
namespace {

using Array = GicInterrupts::Register;

// GICD_* offsets (IHI 0048B table 4-1) beside those of GicInterrupts.
enum DistributorRegister : std::uint64_t {
    kControl = 0x000,
    kType = 0x004,
    kImplementer = 0x008,
    kGenerateSgi = 0xF00,
    kClearSgiPending = 0xF10,
    kSetSgiPending = 0xF20,
    kSgiPendingEnd = 0xF30,
    kIdentification = 0xFD0,
};

// GICC_* offsets (table 4-2).
enum CpuInterfaceRegister : std::uint64_t {
    kCpuControl = 0x0000,
    kPriorityMask = 0x0004,
    kBinaryPoint = 0x0008,
    kAcknowledge = 0x000C,
    kEndOfInterrupt = 0x0010,
    kRunningPriority = 0x0014,
    kHighestPending = 0x0018,
    kAliasedBinaryPoint = 0x001C,
    kAliasedAcknowledge = 0x0020,
    kAliasedEndOfInterrupt = 0x0024,
    kAliasedHighestPending = 0x0028,
    kActivePriorities0 = 0x00D0,
    kActivePriorities1 = 0x00E0,
    kActivePrioritiesEnd = 0x00F0,
    kCpuIdentification = 0x00FC,
    kDeactivate = 0x1000,
};

constexpr std::uint32_t kEnableGroup0 = 1U << 0U;
constexpr std::uint32_t kEnableGroup1 = 1U << 1U;
constexpr std::uint32_t kEnableGroups = kEnableGroup0 | kEnableGroup1;
constexpr std::uint32_t kAcknowledgeControl = 1U << 2U;
constexpr std::uint32_t kFiqEnable = 1U << 3U;
constexpr std::uint32_t kCommonBinaryPoint = 1U << 4U;
constexpr std::uint32_t kEoiMode = 1U << 9U;
// What of GICC_CTLR can be written: the bits above.
constexpr std::uint32_t kCpuControlMask = 0x21F;
constexpr std::uint32_t kMinimumAliasedBinaryPoint = 1;

// ITLinesNumber: 32 * (8 + 1) INTIDs; one CPU, no Security Extensions.
constexpr std::uint32_t kTypeValue = GicV2::kInterrupts / 32 - 1;
constexpr std::uint32_t kImplementerValue = 0x43B;  // Arm
// GICC_IIDR: a GICv2 by Arm.
constexpr std::uint32_t kCpuIdentificationValue = 0x0002'043B;
// GICD_PIDR4-7, 0-3 and CIDR0-3 (IHI 0048B 4.3.18): designer Arm, architecture version 2.
constexpr std::array<std::uint8_t, 12> kIdentity{0x04, 0x00, 0x00, 0x00, 0x90, 0xB4,
                                                 0x2B, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

constexpr std::uint32_t kSpurious = 1023;
// GICC_IAR and GICC_HPPIR say this where the interrupt is in Group 1 and AckCtl does not let them have it.
constexpr std::uint32_t kOfGroup1 = 1022;
constexpr std::uint32_t kIdlePriority = 0x100;  // below every priority
constexpr std::uint32_t kIntidMask = 0x3FF;
constexpr std::uint32_t kSgis = 0xFFFF;

// An APR has a bit for each two priorities: the least binary point ignores bit 0.
constexpr std::uint32_t kLevelShift = 1;

// GICD_CPENDSGIR and GICD_SPENDSGIR have a byte for each SGI, in it a bit for each CPU that sent it.
std::uint32_t sgi_bytes(std::uint32_t sgis) {
    std::uint32_t bytes = 0;
    for (unsigned index = 0; index < 4; ++index) {
        bytes |= ((sgis >> index) & 1U) << (8 * index);
    }
    return bytes;
}

std::uint32_t sgis_of(std::uint32_t bytes) {
    std::uint32_t sgis = 0;
    for (unsigned index = 0; index < 4; ++index) {
        sgis |= ((bytes >> (8 * index)) & 1U) << index;
    }
    return sgis;
}

}  // namespace

GicV2::GicV2() : distributor_(*this), cpu_interface_(*this), interrupts_(0xFF) {
    for (std::uint32_t intid = 0; intid < kFirstPpi; ++intid) {
        interrupts_.enabled.set(intid);
    }
}

std::optional<std::uint64_t> GicV2::Distributor::read(std::uint64_t offset, unsigned size) {
    const std::uint64_t word = offset & ~std::uint64_t{3};
    const std::uint64_t low = owner_.read_distributor(word);
    if (size == 8) {
        return (std::uint64_t{owner_.read_distributor(word + 4)} << 32U) | low;
    }
    const std::uint64_t mask = (1ULL << (size * 8)) - 1;
    return (low >> ((offset & 3U) * 8)) & mask;
}

bool GicV2::Distributor::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    constexpr std::uint32_t kWord = 0xFFFF'FFFF;
    const std::uint64_t word = offset & ~std::uint64_t{3};
    if (size >= 4) {
        owner_.write_distributor(word, static_cast<std::uint32_t>(value), kWord);
        if (size == 8) {
            owner_.write_distributor(word + 4, static_cast<std::uint32_t>(value >> 32U), kWord);
        }
    } else {
        const auto shift = static_cast<unsigned>((offset & 3U) * 8);
        const std::uint32_t mask = ((1U << (size * 8)) - 1) << shift;
        owner_.write_distributor(word, (static_cast<std::uint32_t>(value) << shift) & mask, mask);
    }
    owner_.notify();
    return true;
}

std::optional<std::uint64_t> GicV2::CpuInterface::read(std::uint64_t offset, unsigned size) {
    const std::uint64_t word = offset & ~std::uint64_t{3};
    std::uint64_t value = owner_.read_cpu_interface(word);
    if (size == 8) {
        value |= std::uint64_t{owner_.read_cpu_interface(word + 4)} << 32U;
    }
    owner_.notify();
    return size >= 4 ? value : (value >> ((offset & 3U) * 8)) & ((1ULL << (size * 8)) - 1);
}

bool GicV2::CpuInterface::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    owner_.write_cpu_interface(offset, static_cast<std::uint32_t>(value));
    if (size == 8) {
        owner_.write_cpu_interface(offset + 4, static_cast<std::uint32_t>(value >> 32U));
    }
    owner_.notify();
    return true;
}

// What is reserved, and GICD_ITARGETSR where there is one CPU, reads as zero and ignores writes.
std::uint32_t GicV2::read_distributor(std::uint64_t offset) const {
    switch (offset) {
        case kControl:
            return distributor_control_;
        case kType:
            return kTypeValue;
        case kImplementer:
            return kImplementerValue;
        case Array::kGroupModifier:
            return 0;  // it is the GICv3's
        default:
            break;
    }
    if (offset >= kClearSgiPending && offset < kSgiPendingEnd) {
        const auto first = (offset - kClearSgiPending) % (kSetSgiPending - kClearSgiPending);
        return sgi_bytes(static_cast<std::uint32_t>((interrupts_.latched >> first).to_ullong() & 0xFU));
    }
    if (offset >= kIdentification && (offset - kIdentification) / 4 < kIdentity.size()) {
        return kIdentity[(offset - kIdentification) / 4];
    }
    return offset < Array::kGroupModifier ? interrupts_.read(offset).value_or(0) : 0;
}

void GicV2::write_distributor(std::uint64_t offset, std::uint32_t value, std::uint32_t mask) {
    if (offset == kControl) {
        distributor_control_ = ((distributor_control_ & ~mask) | value) & kEnableGroups;
    } else if (offset == kGenerateSgi) {
        if (mask == 0xFFFF'FFFF) {
            generate_sgi(value);
        }
    } else if (offset >= kClearSgiPending && offset < kSgiPendingEnd) {
        const auto first = (offset - kClearSgiPending) % (kSetSgiPending - kClearSgiPending);
        const GicInterrupts::Bits named = GicInterrupts::Bits{sgis_of(value)} << first;
        interrupts_.latched =
            offset < kSetSgiPending ? interrupts_.latched & ~named : interrupts_.latched | named;
    } else if (GicInterrupts::holds_its_value(offset)) {
        interrupts_.write(offset, (read_distributor(offset) & ~mask) | value);
    } else {
        // SGIs are always enabled, and their pending state is changed by registers of their own.
        const bool fixed_for_sgis = offset >= Array::kSetEnable && offset < Array::kSetActive;
        const bool first_word = offset % GicInterrupts::kRegisterBytes == 0;
        interrupts_.write(offset, fixed_for_sgis && first_word ? value & ~kSgis : value);
    }
}

// GICD_SGIR.TargetListFilter: to those of the list, to all others, to the sender.
void GicV2::generate_sgi(std::uint32_t value) {
    constexpr std::uint32_t kFirstCpu = 1U << 16U;
    constexpr std::uint32_t kToList = 0;
    constexpr std::uint32_t kToSender = 2;
    const std::uint32_t filter = (value >> 24U) & 3U;
    if (filter == kToSender || (filter == kToList && (value & kFirstCpu) != 0)) {
        interrupts_.latched.set(value & 0xFU);
    }
}

std::uint32_t GicV2::read_cpu_interface(std::uint64_t offset) {
    if (offset >= kActivePriorities0 && offset < kActivePrioritiesEnd) {
        const Group group = offset < kActivePriorities1 ? Group::Zero : Group::One;
        return active_priorities(group).at((offset / 4) % 4);
    }
    switch (offset) {
        case kCpuControl:
            return control_;
        case kPriorityMask:
            return priority_mask_;
        case kBinaryPoint:
            return binary_point_;
        case kAcknowledge:
            return acknowledge(View::Usual);
        case kRunningPriority:
            return std::min(running_priority(), 0xFFU);
        case kHighestPending:
            return highest_pending(View::Usual);
        case kAliasedBinaryPoint:
            return aliased_binary_point_;
        case kAliasedAcknowledge:
            return acknowledge(View::Aliased);
        case kAliasedHighestPending:
            return highest_pending(View::Aliased);
        case kCpuIdentification:
            return kCpuIdentificationValue;
        default:
            return 0;
    }
}

void GicV2::write_cpu_interface(std::uint64_t offset, std::uint32_t value) {
    if (offset >= kActivePriorities0 && offset < kActivePrioritiesEnd) {
        const Group group = offset < kActivePriorities1 ? Group::Zero : Group::One;
        active_priorities(group).at((offset / 4) % 4) = value;
        return;
    }
    switch (offset) {
        case kCpuControl:
            control_ = value & kCpuControlMask;
            break;
        case kPriorityMask:
            priority_mask_ = value & 0xFFU;
            break;
        case kBinaryPoint:
            binary_point_ = value & 7U;
            break;
        case kAliasedBinaryPoint:
            aliased_binary_point_ = std::max(value & 7U, kMinimumAliasedBinaryPoint);
            break;
        case kEndOfInterrupt:
            end_of_interrupt(value, View::Usual);
            break;
        case kAliasedEndOfInterrupt:
            end_of_interrupt(value, View::Aliased);
            break;
        case kDeactivate:
            deactivate(value);
            break;
        default:
            break;
    }
}

void GicV2::set_line(std::uint32_t intid, Level level) {
    if (interrupts_.set_line(intid, level)) {
        notify();
    }
}

GicV2::Group GicV2::group_of(std::uint32_t intid) const {
    return interrupts_.group1.test(intid) ? Group::One : Group::Zero;
}

std::optional<PendingInterrupt> GicV2::forwarded() const {
    GicInterrupts::Bits candidates;
    if ((distributor_control_ & kEnableGroup0) != 0) {
        candidates |= ~interrupts_.group1;
    }
    if ((distributor_control_ & kEnableGroup1) != 0) {
        candidates |= interrupts_.group1;
    }
    const auto pending = interrupts_.highest_pending(candidates);
    return pending && pending->priority < priority_mask_ ? pending : std::nullopt;
}

GicV2::Signal GicV2::signalled() const {
    const auto pending = forwarded();
    if (!pending || group_priority(*pending) >= running_priority()) {
        return Signal::None;
    }
    const Group group = group_of(pending->intid);
    if ((control_ & (group == Group::Zero ? kEnableGroup0 : kEnableGroup1)) == 0) {
        return Signal::None;
    }
    return group == Group::Zero && (control_ & kFiqEnable) != 0 ? Signal::Fiq : Signal::Irq;
}

// IHI 0048B 4.4.4 and 4.4.11: a GIC without the Security Extensions answers as to a secure access.
std::uint32_t GicV2::highest_pending(View view) const {
    const auto pending = forwarded();
    if (!pending || (control_ & kEnableGroups) == 0) {
        return kSpurious;
    }
    const Group group = group_of(pending->intid);
    if (view == View::Aliased) {
        return group == Group::One ? pending->intid : kSpurious;
    }
    return group == Group::One && (control_ & kAcknowledgeControl) == 0 ? kOfGroup1 : pending->intid;
}

std::uint32_t GicV2::acknowledge(View view) {
    const std::uint32_t intid = highest_pending(view);
    if (intid >= kOfGroup1) {
        return intid;
    }
    const std::uint32_t priority =
        group_priority({.intid = intid, .priority = interrupts_.priority.at(intid)});
    if (priority >= running_priority()) {
        return kSpurious;
    }
    const std::uint32_t level = priority >> kLevelShift;
    active_priorities(group_of(intid)).at(level / 32) |= 1U << (level % 32);
    interrupts_.active.set(intid);
    interrupts_.latched.reset(intid);
    return intid;
}

// The priority drop takes back the highest active priority of the interrupt's group, which is the lowest bit.
void GicV2::end_of_interrupt(std::uint32_t value, View view) {
    const std::uint32_t intid = value & kIntidMask;
    if (intid >= kInterrupts || (view == View::Aliased && group_of(intid) == Group::Zero)) {
        return;
    }
    for (std::uint32_t& word : active_priorities(group_of(intid))) {
        if (word != 0) {
            word &= word - 1;
            break;
        }
    }
    if ((control_ & kEoiMode) == 0) {
        interrupts_.active.reset(intid);
    }
}

void GicV2::deactivate(std::uint32_t value) {
    const std::uint32_t intid = value & kIntidMask;
    if (intid < kInterrupts && (control_ & kEoiMode) != 0) {
        interrupts_.active.reset(intid);
    }
}

// The bits of the priority that count for preemption (IHI 0048B 3.3.3): for Group 1 its own binary point says
// how many, unless GICC_CTLR.CBPR makes one hold for both.
std::uint32_t GicV2::group_priority(const PendingInterrupt& interrupt) const {
    const bool own = group_of(interrupt.intid) == Group::One && (control_ & kCommonBinaryPoint) == 0;
    const std::uint32_t ignored = own ? aliased_binary_point_ : binary_point_ + 1;
    return interrupt.priority & ~((1U << ignored) - 1);
}

std::uint32_t GicV2::running_priority() const {
    for (std::size_t word = 0; word < active_priorities_0_.size(); ++word) {
        const std::uint32_t active = active_priorities_0_.at(word) | active_priorities_1_.at(word);
        if (active != 0) {
            const auto level =
                static_cast<std::uint32_t>(word * 32) + static_cast<std::uint32_t>(std::countr_zero(active));
            return level << kLevelShift;
        }
    }
    return kIdlePriority;
}

}  // namespace levitate::vmm
