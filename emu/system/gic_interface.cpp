#include "emu/system/gic_interface.hpp"

#include <algorithm>
#include <bit>

#include "emu/system/bits.hpp"

namespace levitate::emu {

namespace {

// INTIDs from here on are special and never active.
constexpr std::uint32_t first_special_intid = 1020;
constexpr std::uint32_t last_special_intid = 1023;

std::uint32_t intid_of(std::uint64_t value) {
    return static_cast<std::uint32_t>(value & low_mask(24));
}

bool is_special(std::uint32_t intid) {
    return intid >= first_special_intid && intid <= last_special_intid;
}

}  // namespace

std::uint64_t GicInterface::group_priority(std::uint64_t priority) const {
    const bool common = (control_ & control_common_binary_point) != 0;
    const std::uint64_t point = common ? binary_point_0 + 1 : binary_point;
    return priority & priority_field & ~low_mask(static_cast<unsigned>(point));
}

std::uint64_t GicInterface::running_priority() const {
    const std::uint64_t active = active_priorities | active_priorities_0;
    return active == 0 ? idle_priority
                       : static_cast<std::uint64_t>(std::countr_zero(active)) << (8 - priority_bits);
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
        return spurious;
    }
    active_priorities |= std::uint64_t{1} << (group_priority(pending->priority) >> (8 - priority_bits));
    controller_.acknowledge(pending->intid);
    return pending->intid;
}

std::uint64_t GicInterface::highest_pending() {
    if ((group_enable & 1) == 0) {
        return spurious;
    }
    const std::optional<InterruptController::Pending> pending = controller_.highest_pending();
    return pending.has_value() ? pending->intid : spurious;
}

void GicInterface::end_of_interrupt(std::uint64_t value) {
    const std::uint32_t intid = intid_of(value);
    if (is_special(intid)) {
        return;
    }
    active_priorities &= active_priorities - 1;  // priority drop: the highest is the lowest bit
    if ((control_ & control_eoi_mode) == 0) {
        controller_.deactivate(intid);
    }
}

void GicInterface::deactivate(std::uint64_t value) {
    const std::uint32_t intid = intid_of(value);
    if (!is_special(intid) && (control_ & control_eoi_mode) != 0) {
        controller_.deactivate(intid);
    }
}

std::uint64_t GicInterface::control() const {
    constexpr std::uint64_t affinity3_valid = std::uint64_t{1} << 15;
    constexpr std::uint64_t priority_bits_field = std::uint64_t{priority_bits - 1} << 8;
    constexpr std::uint64_t intid_bits_24 = std::uint64_t{1} << 11;
    return control_ | priority_bits_field | intid_bits_24 | affinity3_valid;
}

void GicInterface::set_binary_point(std::uint64_t value) {
    binary_point = std::max(value & 7, minimum_binary_point);
}

void GicInterface::set_binary_point_0(std::uint64_t value) {
    binary_point_0 = std::max(value & 7, minimum_binary_point - 1);
}

}  // namespace levitate::emu
