// Arm Generic Interrupt Controller, version 3: the distributor and the redistributor of one CPU (Arm IHI
// 0069).
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <optional>

#include "vmm/devices/device.hpp"

namespace levitate::vmm {

// One security state (GICD_CTLR.DS is 1), affinity routing always on, one CPU with affinity 0.0.0.0; no LPIs,
// no ITS, no message-based SPIs. Interrupts are enabled, pending and active as IHI 0069 chapter 4 says; the
// CPU interface (ICC_*_EL1) belongs to the CPU and calls the functions that are marked as being for it.
class GicV3 {
  public:
    static constexpr std::uint32_t kInterrupts = 288;  // INTIDs: 16 SGIs, 16 PPIs, 256 SPIs
    static constexpr std::uint32_t kFirstPpi = 16;
    static constexpr std::uint32_t kFirstSpi = 32;

    struct Pending {
        std::uint32_t intid;
        std::uint8_t priority;  // 0 is the highest
    };

    GicV3();
    // `listener` is called whenever highest_pending() may have changed.
    void on_change(std::function<void()> listener) { changed_ = std::move(listener); }

    // The register frames, for the machine's bus. Each lives as long as this.
    Device& distributor() { return distributor_; }
    Device& redistributor() { return redistributor_; }

    // The wire of a PPI or SPI. Precondition: kFirstPpi <= intid < kInterrupts.
    void set_line(std::uint32_t intid, Level level);

    // For the CPU interface. Group 1 interrupts only.
    std::optional<Pending> highest_pending() const;
    // Makes it active; an edge or a software-made pending state is used up. Other values of `intid` do
    // nothing.
    void acknowledge(std::uint32_t intid);
    void deactivate(std::uint32_t intid);
    // A write of `value` to ICC_SGI1R_EL1 by the CPU.
    void send_sgi(std::uint64_t value);

  private:
    using Bits = std::bitset<kInterrupts>;

    // Forwards accesses to the frame's functions.
    class Frame final : public Device {
      public:
        using Read = std::optional<std::uint32_t> (GicV3::*)(std::uint64_t) const;
        using Write = void (GicV3::*)(std::uint64_t, std::uint32_t);
        Frame(GicV3& owner, Read reader, Write writer) : owner_(owner), read_(reader), write_(writer) {}
        // Registers are 32 bits wide, except that a byte of a priority register can be accessed, and that
        // both halves of a 64-bit register can be accessed at once.
        std::optional<std::uint64_t> read(std::uint64_t offset, unsigned size) override;
        bool write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

      private:
        GicV3& owner_;
        Read read_;
        Write write_;
    };

    // Registers of which each frame has a part: `offset` is within the 64 KiB that hold them. nullopt: there
    // is no such register.
    std::optional<std::uint32_t> read_interrupt_register(std::uint64_t offset) const;
    void write_interrupt_register(std::uint64_t offset, std::uint32_t value);
    void write_bits(std::uint64_t offset, std::uint32_t value);

    std::optional<std::uint32_t> read_distributor(std::uint64_t offset) const;
    void write_distributor(std::uint64_t offset, std::uint32_t value);
    std::optional<std::uint32_t> read_redistributor(std::uint64_t offset) const;
    void write_redistributor(std::uint64_t offset, std::uint32_t value);

    Bits pending() const;
    bool is_routed_here(std::uint32_t intid) const;
    void notify() const;

    Frame distributor_;
    Frame redistributor_;
    std::function<void()> changed_;

    std::uint32_t control_ = 0;  // GICD_CTLR's group enables
    bool sleeping_ = true;       // GICR_WAKER.ProcessorSleep
    Bits group1_;
    Bits enabled_;
    Bits latched_;  // pending by an edge or by software
    Bits line_;
    Bits active_;
    Bits edge_;  // configuration
    Bits group_modifier_;
    std::array<std::uint8_t, kInterrupts> priority_{};
    std::array<std::uint64_t, kInterrupts> route_{};  // GICD_IROUTER<n>
};

}  // namespace levitate::vmm
