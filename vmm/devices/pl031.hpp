// Arm PrimeCell real-time clock (PL031), revision r1p3 (Arm DDI 0224C).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "vmm/devices/device.hpp"
#include "vmm/devices/register_device.hpp"
#include "vmm/devices/state_transfer.hpp"

namespace levitate::vmm {

// Counts seconds of guest time. The alarm is checked when a register is accessed: nothing in a guest that is
// run here waits for it, and Linux uses the clock to set its own at boot.
class Pl031 final : public RegisterDevice {
  public:
    // The guest's time since the machine started.
    using TimeSource = std::function<std::chrono::nanoseconds()>;

    // `start` is what the clock shows when the machine starts, in seconds since 1970 (UTC).
    Pl031(InterruptLine interrupt, TimeSource time, std::uint32_t start);
    void transfer_state(StateTransfer& transfer) { transfer.values(offset_, match_, masked_, alarm_); }

  protected:
    std::uint32_t read_register(std::uint64_t offset) override;
    void write_register(std::uint64_t offset, std::uint32_t value) override;

  private:
    std::uint32_t now() const;
    void update();

    InterruptLine interrupt_;
    TimeSource time_;
    std::uint32_t offset_;  // now() minus the time source's seconds
    std::uint32_t match_ = 0;
    bool masked_ = true;
    bool alarm_ = false;
};

}  // namespace levitate::vmm
