// Arm Generic Interrupt Controller, version 3: the distributor and the redistributor of one CPU (Arm IHI
// 0069).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "vmm/devices/device.hpp"
#include "vmm/devices/gic_interrupts.hpp"
#include "vmm/devices/interrupt_controller.hpp"
#include "vmm/devices/state_transfer.hpp"

namespace levitate::vmm {

// One security state (GICD_CTLR.DS is 1), affinity routing always on, one CPU with affinity 0.0.0.0; no LPIs,
// no ITS, no message-based SPIs. Interrupts are enabled, pending and active as IHI 0069 chapter 4 says; the
// CPU interface (ICC_*_EL1) belongs to the CPU and calls the functions that are marked as being for it.
class GicV3 final : public InterruptController {
  public:
    GicV3();

    // The register frames, for the machine's bus. Each lives as long as this.
    Device& distributor() { return distributor_; }
    Device& redistributor() { return redistributor_; }

    void set_line(std::uint32_t intid, Level level) override;

    // For the CPU interface. Group 1 interrupts only.
    std::optional<PendingInterrupt> highest_pending() const;
    // Makes it active; an edge or a software-made pending state is used up. Other values of `intid` do
    // nothing.
    void acknowledge(std::uint32_t intid);
    void deactivate(std::uint32_t intid);
    // A write of `value` to ICC_SGI1R_EL1 by the CPU.
    void send_sgi(std::uint64_t value);

    void transfer_state(StateTransfer& transfer) {
        interrupts_.transfer_state(transfer);
        transfer.values(control_, sleeping_, route_, routed_here_);
    }

  private:
    // Forwards accesses to the frame's functions.
    class Frame final : public Device {
      public:
        using Read = std::uint32_t (GicV3::*)(std::uint64_t) const;
        using Write = void (GicV3::*)(std::uint64_t, std::uint32_t);
        using IsDoubleWord = bool (*)(std::uint64_t offset);
        Frame(GicV3& owner, Read reader, Write writer, IsDoubleWord is_double_word)
            : owner_(owner), read_(reader), write_(writer), is_double_word_(is_double_word) {}
        // Registers are 32 bits wide, except that a byte of a priority register can be accessed, and that
        // both halves of a 64-bit register can be accessed at once. What is reserved and accesses of other
        // sizes read as zero and ignore writes, as QEMU has it (IHI 0069 12.1.5 leaves it open).
        std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) override;
        bool write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

      private:
        GicV3& owner_;
        Read read_;
        Write write_;
        IsDoubleWord is_double_word_;
    };

    std::uint32_t read_distributor(std::uint64_t offset) const;
    void write_distributor(std::uint64_t offset, std::uint32_t value);
    std::uint32_t read_redistributor(std::uint64_t offset) const;
    void write_redistributor(std::uint64_t offset, std::uint32_t value);

    Frame distributor_;
    Frame redistributor_;

    std::uint32_t control_ = 0;  // GICD_CTLR's group enables
    bool sleeping_ = true;       // GICR_WAKER.ProcessorSleep
    GicInterrupts interrupts_;
    std::array<std::uint64_t, kInterrupts> route_{};  // GICD_IROUTER<n>
    GicInterrupts::Bits routed_here_;                 // by their routes
};

}  // namespace levitate::vmm
