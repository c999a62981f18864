// What the machine's devices and timers know of its interrupt controller, whichever it is.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "vmm/devices/device.hpp"

namespace levitate::vmm {

class InterruptController {
  public:
    static constexpr std::uint32_t kInterrupts = 288;  // INTIDs: 16 SGIs, 16 PPIs, 256 SPIs
    static constexpr std::uint32_t kFirstPpi = 16;
    static constexpr std::uint32_t kFirstSpi = 32;

    virtual ~InterruptController() = default;
    // The wire of a PPI or SPI. Precondition: kFirstPpi <= intid < kInterrupts.
    virtual void set_line(std::uint32_t intid, Level level) = 0;
    // `listener` is called whenever what the CPU would be told may have changed.
    void on_change(std::function<void()> listener) { changed_ = std::move(listener); }

  protected:
    void notify() const {
        if (changed_) {
            changed_();
        }
    }

  private:
    std::function<void()> changed_;
};

}  // namespace levitate::vmm
