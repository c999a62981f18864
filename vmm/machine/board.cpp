#include "vmm/machine/board.hpp"

#include <utility>

#include "vmm/devices/virtio_devices.hpp"

namespace levitate::vmm {
namespace {

InterruptController& controller_of(Board::Gic& gic) {
    return std::visit([](auto& one) -> InterruptController& { return one; }, gic);
}

}  // namespace

Board::Board(const Hardware& hardware, std::vector<std::unique_ptr<Disk>> disks, const BoardRequest& request,
             GuestMemory& memory)
    : semihosting_(request.console),
      uart_(wire_spi(kUartSpi), request.console),
      rtc_(
          wire_spi(kRtcSpi), [this] { return time_ ? time_() : std::chrono::nanoseconds{0}; },
          request.clock_start),
      gpio_(wire_spi(kGpioSpi)),
      fw_cfg_(memory) {
    if (hardware.gic == GicVersion::V3) {
        gic_.emplace<GicV3>();
    }
    fill_slots(hardware, std::move(disks), request, memory);
    attach_gic();
    attach_others();
}

void Board::fill_slots(const Hardware& hardware, std::vector<std::unique_ptr<Disk>> disks,
                       const BoardRequest& request, GuestMemory& memory) {
    for (std::uint32_t slot = 0; slot < kVirtioSlots; ++slot) {
        virtio_.emplace_back(hardware.virtio, memory, wire_spi(kVirtioFirstSpi + slot));
    }
    auto free = virtio_.rbegin();
    for (std::unique_ptr<Disk>& disk : disks) {
        (free++)->insert(std::make_unique<VirtioBlock>(std::move(disk)));
    }
    if (hardware.virtio_console) {
        (free++)->insert(std::make_unique<VirtioConsole>(request.console));
    }
    if (hardware.virtio_entropy) {
        (free++)->insert(std::make_unique<VirtioEntropy>(request.seed));
    }
}

InterruptController& Board::interrupts() {
    return controller_of(gic_);
}

InterruptLine Board::wire_spi(std::uint32_t spi) {
    return [this, spi](Level level) { interrupts().set_line(InterruptController::kFirstSpi + spi, level); };
}

void Board::attach_gic() {
    if (auto* const three = std::get_if<GicV3>(&gic_)) {
        bus_.attach(kDistributorRegion, three->distributor());
        bus_.attach(kRedistributorRegion, three->redistributor());
    } else if (auto* const two = std::get_if<GicV2>(&gic_)) {
        bus_.attach(kGicV2DistributorRegion, two->distributor());
        bus_.attach(kGicV2CpuRegion, two->cpu_interface());
        message_interrupts_.emplace([this](std::uint32_t spi) {
            const InterruptLine line = wire_spi(spi);
            line(Level::High);
            line(Level::Low);
        });
        bus_.attach(kGicV2mRegion, *message_interrupts_);
    }
}

void Board::attach_others() {
    for (std::size_t bank = 0; bank < flash_.size(); ++bank) {
        bus_.attach({kFlashRegion.base + bank * CfiFlash::kBytes, CfiFlash::kBytes}, flash_.at(bank));
    }
    bus_.attach(kUartRegion, uart_);
    bus_.attach(kRtcRegion, rtc_);
    bus_.attach(kFwCfgRegion, fw_cfg_);
    bus_.attach(kGpioRegion, gpio_);
    for (std::size_t slot = 0; slot < virtio_.size(); ++slot) {
        bus_.attach({kVirtioRegion.base + slot * kVirtioRegion.size, kVirtioRegion.size}, virtio_.at(slot));
    }
    bus_.attach(kPciMemoryRegion, pci_window_);
    bus_.attach(kPciPortRegion, pci_window_);
    bus_.attach(kPciConfigurationRegion, pci_configuration_);
    bus_.attach(kPciHighMemoryRegion, pci_window_);
}

// The two that are not here, PciWindow and GicV2m, remember nothing.
void Board::transfer_state(StateTransfer& transfer) {
    std::visit([&](auto& gic) { gic.transfer_state(transfer); }, gic_);
    semihosting_.transfer_state(transfer);
    uart_.transfer_state(transfer);
    rtc_.transfer_state(transfer);
    gpio_.transfer_state(transfer);
    fw_cfg_.transfer_state(transfer);
    for (CfiFlash& bank : flash_) {
        bank.transfer_state(transfer);
    }
    pci_configuration_.transfer_state(transfer);
    for (VirtioMmio& slot : virtio_) {
        slot.transfer_state(transfer);
    }
}

}  // namespace levitate::vmm
