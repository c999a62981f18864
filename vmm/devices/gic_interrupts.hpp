// The state of each interrupt in a GIC's distributor, and the registers that versions 2 and 3 have in common
// (Arm IHI 0048B chapter 4.3, IHI 0069 chapter 12.9).
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "vmm/devices/interrupt_controller.hpp"
#include "vmm/devices/state_transfer.hpp"

namespace levitate::vmm {

struct PendingInterrupt {
    std::uint32_t intid;
    std::uint8_t priority;  // 0 is the highest
};

class GicInterrupts {
  public:
    static constexpr std::uint32_t kCount = InterruptController::kInterrupts;
    using Bits = std::bitset<kCount>;

    // Offsets of the registers, which are arrays with one, two or eight bits for each interrupt.
    enum Register : std::uint64_t {
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
    };
    static constexpr std::uint64_t kRegisterBytes = 0x80;  // of an array with one bit for each interrupt

    // `priority_mask` has the bits of a priority that exist.
    explicit GicInterrupts(std::uint8_t priority_mask);

    static bool is_priority(std::uint64_t offset) {
        return offset >= kPriority && offset < kPriority + kCount;
    }
    // Whether the register holds what is written to it; in the others a one acts and a zero does not.
    static bool holds_its_value(std::uint64_t offset);
    // Registers are words at multiples of four. nullopt: there is none at `offset`.
    std::optional<std::uint32_t> read(std::uint64_t offset) const;
    void write(std::uint64_t offset, std::uint32_t value);

    // Whether anything may have changed.
    bool set_line(std::uint32_t intid, Level level);
    // The enabled pending interrupt of the highest priority among `candidates`; the lowest INTID of several.
    std::optional<PendingInterrupt> highest_pending(const Bits& candidates) const;

    void transfer_state(StateTransfer& transfer) {
        transfer.values(group1, enabled, latched, line, active, edge, group_modifier, priority);
    }

    Bits pending() const { return latched | (line & ~edge); }

    Bits group1;
    Bits enabled;
    Bits latched;  // pending by an edge or by software
    Bits line;
    Bits active;
    Bits edge;  // configuration
    Bits group_modifier;
    std::array<std::uint8_t, kCount> priority{};

  private:
    void write_bits(std::uint64_t offset, std::uint32_t value);
    // The bits of an array that holds its value.
    Bits& array_at(std::uint64_t offset) {
        return (offset & ~(kRegisterBytes - 1)) == kGroup ? group1 : group_modifier;
    }

    std::uint8_t priority_mask_;
};

}  // namespace levitate::vmm
