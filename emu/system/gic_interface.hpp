// The GICv3 CPU interface, reached by system registers (Arm IHI 0069, chapters 4 and 12.2). One security
// state; interrupts are Group 1; five bits of priority.
#pragma once

#include <cstdint>
#include <optional>

#include "emu/cpu.hpp"

namespace levitate::emu {

struct GicInterfaceRegisters {
    static constexpr unsigned kPriorityBits = 5;
    static constexpr std::uint64_t kMinimumBinaryPoint = 8 - kPriorityBits;

    std::uint64_t priority_mask = 0;  // ICC_PMR_EL1
    std::uint64_t binary_point = kMinimumBinaryPoint;
    std::uint64_t binary_point_0 = kMinimumBinaryPoint - 1;
    std::uint64_t group_enable = 0;         // ICC_IGRPEN1_EL1
    std::uint64_t group_enable_0 = 0;       // ICC_IGRPEN0_EL1: nothing here is Group 0
    std::uint64_t active_priorities = 0;    // ICC_AP1R0_EL1
    std::uint64_t active_priorities_0 = 0;  // ICC_AP0R0_EL1
    std::uint64_t writable_control = 0;     // ICC_CTLR_EL1, the bits that can be written
};

class GicInterface : public GicInterfaceRegisters {
  public:
    static constexpr std::uint32_t kSpurious = 1023;

    // `has_registers` is Config::gic_registers.
    GicInterface(InterruptController& controller, bool has_registers)
        : controller_(controller), has_registers_(has_registers) {}

    bool has_registers() const { return has_registers_; }
    // What is to be signalled to the CPU now (PSTATE.I and F aside): by this, or by the controller's own CPU
    // interface where this has no registers.
    Signal signals() {
        if (!has_registers_) {
            return controller_.signalled();
        }
        return signalled().has_value() ? Signal::Irq : Signal::None;
    }

    std::uint64_t acknowledge();                 // ICC_IAR1_EL1
    std::uint64_t highest_pending();             // ICC_HPPIR1_EL1
    void end_of_interrupt(std::uint64_t value);  // ICC_EOIR1_EL1
    void deactivate(std::uint64_t value);        // ICC_DIR_EL1
    void send_sgi(std::uint64_t value) { controller_.send_sgi(value); }
    std::uint64_t running_priority() const;  // ICC_RPR_EL1
    std::uint64_t control() const;           // ICC_CTLR_EL1
    void set_control(std::uint64_t value) { writable_control = value & kWritableControl; }
    void set_priority_mask(std::uint64_t value) { priority_mask = value & kPriorityField; }
    void set_binary_point(std::uint64_t value);
    void set_binary_point_0(std::uint64_t value);
    void set_group_enable(std::uint64_t value) { group_enable = value & 1; }
    void set_group_enable_0(std::uint64_t value) { group_enable_0 = value & 1; }
    void set_active_priorities(std::uint64_t value) { active_priorities = value & 0xffffffff; }
    void set_active_priorities_0(std::uint64_t value) { active_priorities_0 = value & 0xffffffff; }

  private:
    static constexpr std::uint64_t kPriorityField = 0xff & ~((1U << (8 - kPriorityBits)) - 1);
    static constexpr std::uint64_t kControlCommonBinaryPoint = 1;
    static constexpr std::uint64_t kControlEoiMode = 2;
    static constexpr std::uint64_t kWritableControl = kControlCommonBinaryPoint | kControlEoiMode;
    static constexpr std::uint64_t kIdlePriority = 0xff;

    std::uint64_t group_priority(std::uint64_t priority) const;
    // The interrupt that is to be signalled now, if there is one.
    std::optional<InterruptController::Pending> signalled();

    InterruptController& controller_;
    bool has_registers_;
};

}  // namespace levitate::emu
