// The devices of the machine, and the bus that leads to them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <variant>

#include "vmm/devices/cfi_flash.hpp"
#include "vmm/devices/fw_cfg.hpp"
#include "vmm/devices/gic_v2.hpp"
#include "vmm/devices/gic_v2m.hpp"
#include "vmm/devices/gic_v3.hpp"
#include "vmm/devices/guest_memory.hpp"
#include "vmm/devices/interrupt_controller.hpp"
#include "vmm/devices/pci_host.hpp"
#include "vmm/devices/pl011.hpp"
#include "vmm/devices/pl031.hpp"
#include "vmm/devices/pl061.hpp"
#include "vmm/devices/virtio_mmio.hpp"
#include "vmm/machine/gic_version.hpp"
#include "vmm/machine/memory_map.hpp"
#include "vmm/machine/mmio_bus.hpp"
#include "vmm/machine/semihosting.hpp"

namespace levitate::vmm {

struct BoardRequest {
    GicVersion gic = GicVersion::V3;
    // What the real-time clock shows at the start, in seconds since 1970 (UTC).
    std::uint32_t clock_start = 0;
    // Gets every byte that the guest writes to its UART or by semihosting.
    Pl011::Output console;
};

// All that QEMU's virt has by default except its network card, the ITS of its GICv3 and ACPI's tables.
class Board {
  public:
    using Gic = std::variant<GicV2, GicV3>;

    // `memory` must outlive the board.
    Board(BoardRequest request, GuestMemory& memory);
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;

    MmioBus& bus() { return bus_; }
    Gic& gic() { return gic_; }
    InterruptController& interrupts();
    Pl011& uart() { return uart_; }
    Semihosting& semihosting() { return semihosting_; }
    void set_time_source(Pl031::TimeSource source) { time_ = std::move(source); }

  private:
    InterruptLine wire_spi(std::uint32_t spi);
    void attach_gic();
    void attach_others();

    Gic gic_;
    Semihosting semihosting_;
    Pl011 uart_;
    Pl031::TimeSource time_;
    Pl031 rtc_;
    Pl061 gpio_;
    FwCfg fw_cfg_;
    std::array<CfiFlash, 2> flash_;
    std::optional<GicV2m> message_interrupts_;  // of a GICv2
    PciConfiguration pci_configuration_;
    PciWindow pci_window_;
    std::array<VirtioMmio, kVirtioSlots> virtio_;
    MmioBus bus_;
};

}  // namespace levitate::vmm
