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
#include "vmm/machine/entry_point.hpp"
#include "vmm/machine/ram.hpp"
#include "vmm/machine/snapshot.hpp"

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

class Machine {
  public:
    // Error: the kernel or a disk cannot be read, the kernel is none, or everything together does not fit
    // into the memory.
    static Result<std::unique_ptr<Machine>> create(const MachineRequest& request);
    // The machine of a snapshot as it was. Of the request, only hardware and board count, which are those of
    // the machine that was saved. Error: the host has no room, or the snapshot is of another machine.
    static Result<std::unique_ptr<Machine>> resume(const Snapshot& snapshot, const MachineRequest& request);

    // All that is not RAM and not the CPU's. `console` is left to whoever takes the board's output.
    SavedMachine save();

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
