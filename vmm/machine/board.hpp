// The devices of the machine, and the bus that leads to them.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "vmm/devices/cfi_flash.hpp"
#include "vmm/devices/disk.hpp"
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
#include "vmm/machine/hardware.hpp"
#include "vmm/machine/memory_map.hpp"
#include "vmm/machine/mmio_bus.hpp"
#include "vmm/machine/semihosting.hpp"

namespace levitate::vmm {

struct BoardRequest {
    // What the real-time clock shows at the start, in seconds since 1970 (UTC).
    std::uint32_t clock_start = 0;
    std::uint64_t seed = 0;  // of the random numbers
    // Gets every byte that the guest writes to its UART, its virtio console or by semihosting.
    Pl011::Output console;
};

// All that QEMU's virt has by default except its network card, the ITS of its GICv3 and ACPI's tables. Of the
// virtio slots the last is filled first, as QEMU does it: disks, console, random numbers.
class Board {
  public:
    using Gic = std::variant<GicV2, GicV3>;

    // `disks` are those of `hardware`, opened. `memory` must outlive the board.
    Board(const Hardware& hardware, std::vector<std::unique_ptr<Disk>> disks, const BoardRequest& request,
          GuestMemory& memory);
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;

    MmioBus& bus() { return bus_; }
    Gic& gic() { return gic_; }
    InterruptController& interrupts();
    Pl011& uart() { return uart_; }
    Semihosting& semihosting() { return semihosting_; }
    // What all devices remember. The lines to the CPU are the caller's to look at afterwards.
    void transfer_state(StateTransfer& transfer);
    void set_time_source(Pl031::TimeSource source) { time_ = std::move(source); }

  private:
    InterruptLine wire_spi(std::uint32_t spi);
    void attach_gic();
    void fill_slots(const Hardware& hardware, std::vector<std::unique_ptr<Disk>> disks,
                    const BoardRequest& request, GuestMemory& memory);
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
    std::deque<VirtioMmio> virtio_;  // by slots
    MmioBus bus_;
};

}  // namespace levitate::vmm
