// The machine around the CPU: RAM with a kernel in it, devices, and the bus between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vmm/devices/guest_memory.hpp"
#include "vmm/error.hpp"
#include "vmm/machine/board.hpp"
#include "vmm/machine/ram.hpp"

namespace levitate::vmm {

struct MachineRequest {
    std::uint64_t memory_bytes = 0;
    std::filesystem::path kernel;  // of one of the forms that read_kernel() knows
    std::span<const std::byte> initramfs;
    std::string boot_arguments;
    std::uint64_t seed = 0;
    Hardware hardware;
    BoardRequest board;
};

// How the boot protocol enters the kernel: at EL1, MMU off, interrupts masked, x1 to x3 zero. An ELF file is
// entered so too; QEMU gives it 0 in x0.
struct EntryPoint {
    std::uint64_t pc = 0;
    std::uint64_t device_tree = 0;  // x0
};

class Machine {
  public:
    // Error: the kernel or a disk cannot be read, the kernel is none, or everything together does not fit
    // into the memory.
    static Result<std::unique_ptr<Machine>> create(const MachineRequest& request);

    // What the CPU sees. The engine provides the board's time and asks it for interrupts.
    std::span<std::byte> ram() const { return ram_.bytes(); }
    Board& board() { return board_; }
    // Where devices read and write RAM by themselves.
    GuestMemory& guest_memory() { return guest_memory_; }
    EntryPoint entry() const { return entry_; }

  private:
    Machine(GuestRam ram, std::vector<std::unique_ptr<Disk>> disks, const MachineRequest& request);
    // Puts kernel, initramfs and device tree into RAM.
    Result<void> load(const MachineRequest& request);
    void store(std::uint64_t address, std::span<const std::byte> bytes);

    GuestRam ram_;
    GuestMemory guest_memory_;
    Board board_;
    EntryPoint entry_;
};

}  // namespace levitate::vmm
