// Arm PrimeCell GPIO (PL061), revision r1p0 (Arm DDI 0190B).
#pragma once

#include <cstdint>

#include "vmm/devices/device.hpp"
#include "vmm/devices/register_device.hpp"
#include "vmm/devices/state_transfer.hpp"

namespace levitate::vmm {

// Nothing outside drives the eight pins: an input stays at the level that it last had as an output, low at
// reset. The device tree calls pin 3 the power key, as QEMU's does; here nobody presses it.
class Pl061 final : public RegisterDevice {
  public:
    explicit Pl061(InterruptLine interrupt);
    void transfer_state(StateTransfer& transfer) {
        transfer.values(data_, seen_, direction_, level_sense_, both_edges_, event_, mask_, raw_,
                        alternate_function_);
    }

  protected:
    std::uint32_t read_register(std::uint64_t offset) override;
    void write_register(std::uint64_t offset, std::uint32_t value) override;

  private:
    void update();

    InterruptLine interrupt_;
    std::uint8_t data_ = 0;
    std::uint8_t seen_ = 0;  // the inputs' levels when update() last looked
    std::uint8_t direction_ = 0;
    std::uint8_t level_sense_ = 0;
    std::uint8_t both_edges_ = 0;
    std::uint8_t event_ = 0;
    std::uint8_t mask_ = 0;
    std::uint8_t raw_ = 0;
    std::uint8_t alternate_function_ = 0;
};

}  // namespace levitate::vmm
