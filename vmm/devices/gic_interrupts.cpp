#include "vmm/devices/gic_interrupts.hpp"

namespace levitate::vmm {
namespace {

using Bits = GicInterrupts::Bits;

constexpr std::size_t kWordBits = 32;

bool is_configuration(std::uint64_t offset) {
    return offset >= GicInterrupts::kConfiguration &&
           offset < GicInterrupts::kConfiguration + GicInterrupts::kCount / 4;
}

std::uint32_t word_of(const Bits& bits, std::size_t index) {
    const Bits low{0xFFFF'FFFFU};
    return static_cast<std::uint32_t>(((bits >> (index * kWordBits)) & low).to_ullong());
}

// The interrupts that the set bits of `value` name in word `index`.
Bits bits_of(std::uint32_t value, std::size_t index) {
    return Bits{value} << (index * kWordBits);
}

}  // namespace

GicInterrupts::GicInterrupts(std::uint8_t priority_mask) : priority_mask_(priority_mask) {
    // SGIs are always edge-triggered (IHI 0069 12.9.9).
    for (std::uint32_t intid = 0; intid < InterruptController::kFirstPpi; ++intid) {
        edge.set(intid);
    }
}

bool GicInterrupts::holds_its_value(std::uint64_t offset) {
    const std::uint64_t array = offset & ~(kRegisterBytes - 1);
    return is_priority(offset) || is_configuration(offset) || array == kGroup || array == kGroupModifier;
}

std::optional<std::uint32_t> GicInterrupts::read(std::uint64_t offset) const {
    if (is_priority(offset)) {
        std::uint32_t value = 0;
        for (unsigned index = 0; index < 4; ++index) {
            value |= std::uint32_t{priority[offset - kPriority + index]} << (8 * index);
        }
        return value;
    }
    if (is_configuration(offset)) {
        const auto first = (offset - kConfiguration) * 4;
        std::uint32_t value = 0;
        for (unsigned index = 0; index < 16; ++index) {
            value |= edge.test(first + index) ? 2U << (2 * index) : 0U;
        }
        return value;
    }
    const std::size_t index = (offset % kRegisterBytes) / 4;
    if (index >= kCount / kWordBits) {
        return std::nullopt;
    }
    switch (offset & ~(kRegisterBytes - 1)) {
        case kGroup:
            return word_of(group1, index);
        case kSetEnable:
        case kClearEnable:
            return word_of(enabled, index);
        case kSetPending:
        case kClearPending:
            return word_of(pending(), index);
        case kSetActive:
        case kClearActive:
            return word_of(active, index);
        case kGroupModifier:
            return word_of(group_modifier, index);
        default:
            return std::nullopt;
    }
}

void GicInterrupts::write(std::uint64_t offset, std::uint32_t value) {
    if (!read(offset)) {
        return;
    }
    if (is_priority(offset)) {
        for (unsigned index = 0; index < 4; ++index) {
            priority[offset - kPriority + index] =
                static_cast<std::uint8_t>(value >> (8 * index)) & priority_mask_;
        }
    } else if (is_configuration(offset)) {
        const auto first = (offset - kConfiguration) * 4;
        for (unsigned index = 0; index < 16; ++index) {
            if (first + index >= InterruptController::kFirstPpi) {
                edge.set(first + index, ((value >> (2 * index)) & 2U) != 0);
            }
        }
    } else {
        write_bits(offset, value);
    }
}

void GicInterrupts::write_bits(std::uint64_t offset, std::uint32_t value) {
    const std::size_t index = (offset % kRegisterBytes) / 4;
    const Bits named = bits_of(value, index);
    switch (offset & ~(kRegisterBytes - 1)) {
        case kSetEnable:
            enabled |= named;
            break;
        case kClearEnable:
            enabled &= ~named;
            break;
        case kSetPending:
            latched |= named;
            break;
        case kClearPending:
            latched &= ~named;
            break;
        case kSetActive:
            active |= named;
            break;
        case kClearActive:
            active &= ~named;
            break;
        default: {
            Bits& array = array_at(offset);
            array = (array & ~bits_of(0xFFFF'FFFFU, index)) | named;
            break;
        }
    }
}

bool GicInterrupts::set_line(std::uint32_t intid, Level level) {
    const bool high = level == Level::High;
    if (line.test(intid) == high) {
        return false;
    }
    line.set(intid, high);
    if (high && edge.test(intid)) {
        latched.set(intid);
    }
    return true;
}

std::optional<PendingInterrupt> GicInterrupts::highest_pending(const Bits& candidates) const {
    const Bits ready = candidates & pending() & enabled & ~active;
    std::optional<PendingInterrupt> best;
    for (auto intid = ready._Find_first(); intid < kCount; intid = ready._Find_next(intid)) {
        if (!best || priority[intid] < best->priority) {
            best = PendingInterrupt{.intid = static_cast<std::uint32_t>(intid), .priority = priority[intid]};
        }
    }
    return best;
}

}  // namespace levitate::vmm
