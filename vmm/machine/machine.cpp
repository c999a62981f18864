#include "vmm/machine/machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "vmm/arch/aarch64.hpp"
#include "vmm/devices/state_transfer.hpp"
#include "vmm/machine/boot_layout.hpp"
#include "vmm/machine/device_tree.hpp"
#include "vmm/machine/kernel_image.hpp"
#include "vmm/machine/memory_map.hpp"
#include "vmm/machine/read_file.hpp"

namespace levitate::vmm {
namespace {

// Every other device has its slot too.
Result<std::vector<std::unique_ptr<Disk>>> open_disks(const Hardware& hardware) {
    const std::size_t others = (hardware.virtio_console ? 1U : 0U) + (hardware.virtio_entropy ? 1U : 0U);
    if (hardware.disks.size() > kVirtioSlots - others) {
        return failure(Error::Kind::Usage,
                       fmt::format("the machine has room for {} virtio devices", kVirtioSlots));
    }
    std::vector<std::unique_ptr<Disk>> disks;
    for (const std::filesystem::path& file : hardware.disks) {
        auto disk = Disk::open(file);
        if (!disk) {
            return std::unexpected(std::move(disk.error()));
        }
        disks.push_back(std::move(*disk));
    }
    return disks;
}

}  // namespace

Machine::Machine(GuestRam ram, std::vector<std::unique_ptr<Disk>> disks, const MachineRequest& request)
    : ram_(std::move(ram)),
      guest_memory_(kRamBase, ram_.bytes()),
      board_(request.hardware, std::move(disks), request.board, guest_memory_) {}

Result<std::unique_ptr<Machine>> Machine::create(const MachineRequest& request) {
    auto ram = GuestRam::create(align_up(request.memory_bytes, kPageSize));
    if (!ram) {
        return std::unexpected(std::move(ram.error()));
    }
    auto disks = open_disks(request.hardware);
    if (!disks) {
        return std::unexpected(std::move(disks.error()));
    }
    std::unique_ptr<Machine> machine{new Machine{std::move(*ram), std::move(*disks), request}};
    if (auto loaded = machine->load(request); !loaded) {
        return std::unexpected(std::move(loaded.error()));
    }
    return machine;
}

Result<std::unique_ptr<Machine>> Machine::resume(const Snapshot& snapshot, const MachineRequest& request) {
    auto ram = snapshot.ram();
    if (!ram) {
        return std::unexpected(std::move(ram.error()));
    }
    auto disks = open_disks(request.hardware);
    if (!disks) {
        return std::unexpected(std::move(disks.error()));
    }
    std::unique_ptr<Machine> machine{new Machine{std::move(*ram), std::move(*disks), request}};
    machine->entry_ = snapshot.saved().entry;
    StateReader reader{snapshot.saved().devices};
    machine->board_.transfer_state(reader);
    if (!reader.is_complete()) {
        return failure(Error::Kind::Harness, "the snapshot is of a machine with other devices");
    }
    return machine;
}

SavedMachine Machine::save() {
    StateWriter writer;
    board_.transfer_state(writer);
    return {.entry = entry_,
            .memory_bytes = ram_.bytes().size(),
            .devices = std::move(writer.written()),
            .cpu = {},
            .console = {}};
}

Result<void> Machine::load(const MachineRequest& request) {
    const Region place{.base = kRamBase, .size = ram_.bytes().size()};
    auto file = read_file("kernel", request.kernel, kMostKernelFileBytes,
                          "take its debug information off: aarch64-linux-gnu-strip -g FILE");
    if (!file) {
        return std::unexpected(std::move(file.error()));
    }
    const auto kernel = read_kernel(request.kernel.string(), std::move(*file), place);
    if (!kernel) {
        return std::unexpected(kernel.error());
    }
    const auto layout = lay_out(*kernel, request.initramfs.size(), place);
    if (!layout) {
        return std::unexpected(layout.error());
    }
    const auto tree = make_device_tree({.memory_bytes = place.size,
                                        .boot_arguments = request.boot_arguments,
                                        .initramfs_begin = layout->initramfs,
                                        .initramfs_end = layout->initramfs + request.initramfs.size(),
                                        .seed = request.seed,
                                        .gic = request.hardware.gic});
    if (!tree) {
        return std::unexpected(tree.error());
    }
    for (const KernelPiece& piece : kernel->pieces) {
        store(piece.address, std::span{kernel->bytes}.subspan(piece.offset, piece.file_size));
    }
    store(layout->initramfs, request.initramfs);
    store(layout->device_tree, *tree);
    entry_ = {.pc = kernel->entry, .device_tree = layout->device_tree};
    return {};
}

void Machine::store(std::uint64_t address, std::span<const std::byte> bytes) {
    std::ranges::copy(bytes, ram_.bytes().subspan(address - kRamBase, bytes.size()).begin());
}

}  // namespace levitate::vmm
