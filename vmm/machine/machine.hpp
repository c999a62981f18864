// The machine around the CPU: RAM with a kernel in it, devices, and the bus between them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vmm/devices/gic_v3.hpp"
#include "vmm/devices/pl011.hpp"
#include "vmm/devices/pl031.hpp"
#include "vmm/error.hpp"
#include "vmm/machine/mmio_bus.hpp"
#include "vmm/machine/ram.hpp"

namespace levitate::vmm {

struct MachineRequest {
    std::uint64_t memory_bytes = 0;
    std::filesystem::path kernel;  // of one of the forms that read_kernel() knows
    std::span<const std::byte> initramfs;
    std::string boot_arguments;
    std::uint64_t seed = 0;
    // What the real-time clock shows at the start, in seconds since 1970 (UTC).
    std::uint32_t clock_start = 0;
    // Gets every byte that the guest writes to its UART.
    Pl011::Output console;
};

// How the boot protocol enters the kernel: at EL1, MMU off, interrupts masked, x1 to x3 zero. An ELF file is
// entered so too; QEMU gives it 0 in x0.
struct EntryPoint {
    std::uint64_t pc = 0;
    std::uint64_t device_tree = 0;  // x0
};

class Machine {
  public:
    // Error: the kernel cannot be read or is none, or everything together does not fit into the memory.
    static Result<std::unique_ptr<Machine>> create(MachineRequest request);

    // What the CPU sees. The engine provides the time and asks for interrupts.
    std::span<std::byte> ram() const { return ram_.bytes(); }
    MmioBus& bus() { return bus_; }
    const MmioBus& bus() const { return bus_; }
    GicV3& interrupts() { return gic_; }
    void set_time_source(Pl031::TimeSource source) { time_ = std::move(source); }
    EntryPoint entry() const { return entry_; }

    Pl011& uart() { return uart_; }

  private:
    Machine(GuestRam ram, MachineRequest& request);
    // Puts kernel, initramfs and device tree into RAM.
    Result<void> load(const MachineRequest& request);
    void store(std::uint64_t address, std::span<const std::byte> bytes);

    GuestRam ram_;
    GicV3 gic_;
    Pl011 uart_;
    Pl031::TimeSource time_;
    Pl031 rtc_;
    MmioBus bus_;
    EntryPoint entry_;
};

}  // namespace levitate::vmm
