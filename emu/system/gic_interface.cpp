#include "emu/system/gic_interface.hpp"

#include <algorithm>
#include <bit>

#include "emu/arch/bits.hpp"

namespace levitate::emu {

namespace {

// INTIDs from here on are special and never active.
constexpr std::uint32_t kFirstSpecialIntid = 1020;
constexpr std::uint32_t kLastSpecialIntid = 1023;

std::uint32_t intid_of(std::uint64_t value) {
    return static_cast<std::uint32_t>(value & low_mask(24));
}

bool is_special(std::uint32_t intid) {
    return intid >= kFirstSpecialIntid && intid <= kLastSpecialIntid;
}

}  // namespace

std::uint64_t GicInterface::group_priority(std::uint64_t priority) const {
    const bool common = (writable_control & kControlCommonBinaryPoint) != 0;
    const std::uint64_t point = common ? binary_point_0 + 1 : binary_point;
    return priority & kPriorityField & ~low_mask(static_cast<unsigned>(point));
}

std::uint64_t GicInterface::running_priority() const {
    const std::uint64_t active = active_priorities | active_priorities_0;
    return active == 0 ? kIdlePriority
                       : static_cast<std::uint64_t>(std::countr_zero(active)) << (8 - kPriorityBits);
}

std::optional<InterruptController::Pending> GicInterface::signalled() {
    if ((group_enable & 1) == 0) {
        return std::nullopt;
    }
    const std::optional<InterruptController::Pending> pending = controller_.highest_pending();
    const bool is_signalled = pending.has_value() && pending->priority < priority_mask &&
                              group_priority(pending->priority) < running_priority();
    return is_signalled ? pending : std::nullopt;
}

std::uint64_t GicInterface::acknowledge() {
    const std::optional<InterruptController::Pending> pending = signalled();
    if (!pending.has_value()) {
        return kSpurious;
    }
    active_priorities |= std::uint64_t{1} << (group_priority(pending->priority) >> (8 - kPriorityBits));
    controller_.acknowledge(pending->intid);
    return pending->intid;
}

std::uint64_t GicInterface::highest_pending() {
    if ((group_enable & 1) == 0) {
        return kSpurious;
    }
    const std::optional<InterruptController::Pending> pending = controller_.highest_pending();
    return pending.has_value() ? pending->intid : kSpurious;
}

void GicInterface::end_of_interrupt(std::uint64_t value) {
    const std::uint32_t intid = intid_of(value);
    if (is_special(intid)) {
        return;
    }
    active_priorities &= active_priorities - 1;  // priority drop: the highest is the lowest bit
    if ((writable_control & kControlEoiMode) == 0) {
        controller_.deactivate(intid);
    }
}

void GicInterface::deactivate(std::uint64_t value) {
    const std::uint32_t intid = intid_of(value);
    if (!is_special(intid) && (writable_control & kControlEoiMode) != 0) {
        controller_.deactivate(intid);
    }
}

std::uint64_t GicInterface::control() const {
    constexpr std::uint64_t kAffinity3Valid = std::uint64_t{1} << 15;
    constexpr std::uint64_t kPriorityBitsField = std::uint64_t{kPriorityBits - 1} << 8;
    constexpr std::uint64_t kIntidBits24 = std::uint64_t{1} << 11;
    return writable_control | kPriorityBitsField | kIntidBits24 | kAffinity3Valid;
}

void GicInterface::set_binary_point(std::uint64_t value) {
    binary_point = std::max(value & 7, kMinimumBinaryPoint);
}

void GicInterface::set_binary_point_0(std::uint64_t value) {
    binary_point_0 = std::max(value & 7, kMinimumBinaryPoint - 1);
}

}  // namespace levitate::emu
