// Arm Generic Interrupt Controller, version 2: the distributor and the CPU interface of one CPU, both in
// memory (Arm IHI 0048B).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "vmm/devices/device.hpp"
#include "vmm/devices/gic_interrupts.hpp"
#include "vmm/devices/interrupt_controller.hpp"
#include "vmm/devices/state_transfer.hpp"

namespace levitate::vmm {

// Without the Security Extensions but with interrupt groups, as QEMU's virt has it: one CPU, 256 priorities,
// SGIs that are always enabled. Group 0 is signalled as IRQ, or as FIQ if GICC_CTLR.FIQEn says so.
class GicV2 final : public InterruptController {
  public:
    enum class Signal { None, Irq, Fiq };

    GicV2();

    // The register frames, for the machine's bus. Each lives as long as this.
    Device& distributor() { return distributor_; }
    Device& cpu_interface() { return cpu_interface_; }

    void set_line(std::uint32_t intid, Level level) override;
    // What the CPU interface signals to the CPU.
    Signal signalled() const;
    void transfer_state(StateTransfer& transfer) {
        interrupts_.transfer_state(transfer);
        transfer.values(distributor_control_, control_, priority_mask_, binary_point_, aliased_binary_point_,
                        active_priorities_0_, active_priorities_1_);
    }

  private:
    class Distributor final : public Device {
      public:
        explicit Distributor(GicV2& owner) : owner_(owner) {}
        // Any byte, halfword or word of a register can be accessed; two of them at once.
        std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) override;
        bool write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

      private:
        GicV2& owner_;
    };
    class CpuInterface final : public Device {
      public:
        explicit CpuInterface(GicV2& owner) : owner_(owner) {}
        std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) override;
        bool write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

      private:
        GicV2& owner_;
    };
    enum class Group { Zero, One };
    // How an interrupt is acknowledged or ended: through GICC_IAR and GICC_EOIR or their aliases for Group 1.
    enum class View { Usual, Aliased };
    // GICC_APR and GICC_NSAPR: a bit for each preemption level, of which there are 128.
    using ActivePriorities = std::array<std::uint32_t, 4>;

    std::uint32_t read_distributor(std::uint64_t offset) const;
    // `mask` has the bits of the register that are written.
    void write_distributor(std::uint64_t offset, std::uint32_t value, std::uint32_t mask);
    void generate_sgi(std::uint32_t value);
    // Acknowledging and ending are reads and writes that act.
    std::uint32_t read_cpu_interface(std::uint64_t offset);
    void write_cpu_interface(std::uint64_t offset, std::uint32_t value);

    Group group_of(std::uint32_t intid) const;
    // The interrupt that the distributor forwards to the CPU interface, if the priority mask lets it through.
    std::optional<PendingInterrupt> forwarded() const;
    // What GICC_HPPIR or its alias shows.
    std::uint32_t highest_pending(View view) const;
    std::uint32_t acknowledge(View view);
    void end_of_interrupt(std::uint32_t value, View view);
    void deactivate(std::uint32_t value);
    std::uint32_t group_priority(const PendingInterrupt& interrupt) const;
    std::uint32_t running_priority() const;
    ActivePriorities& active_priorities(Group group) {
        return group == Group::Zero ? active_priorities_0_ : active_priorities_1_;
    }

    Distributor distributor_;
    CpuInterface cpu_interface_;
    GicInterrupts interrupts_;
    std::uint32_t distributor_control_ = 0;
    std::uint32_t control_ = 0;
    std::uint32_t priority_mask_ = 0;
    std::uint32_t binary_point_ = 0;
    std::uint32_t aliased_binary_point_ = 1;
    ActivePriorities active_priorities_0_{};
    ActivePriorities active_priorities_1_{};
};

}  // namespace levitate::vmm
