// From the boot code to the first program.
#include <linux/fcntl.h>

#include <cstddef>

#include "arch/include/interrupts.hpp"
#include "arch/include/machine.hpp"
#include "arch/include/setup.hpp"
#include "boot/device_tree.hpp"
#include "boot/init.hpp"
#include "drivers/pl011.hpp"
#include "drivers/pl031.hpp"
#include "fs/vfs.hpp"
#include "ipc/ipc_table.hpp"
#include "lib/command_line.hpp"
#include "lib/random.hpp"
#include "log/print.hpp"
#include "mm/page_allocator.hpp"
#include "mm/vdso.hpp"
#include "task/scheduler.hpp"
#include "time/clock_setup.hpp"
#include "tty/console_tty.hpp"
#include "tty/pty.hpp"

namespace kernel {

namespace {

// Without these there is no console to report on, so the machine halts.
void require(bool condition) {
    if (!condition) {
        arch::halt();
    }
}

void set_up_memory(const DeviceTree& tree, PhysicalAddress image, PhysicalAddress blob) {
    const PhysicalAddress ram_start(tree.memory.address);
    const PhysicalAddress ram_end(tree.memory.address + tree.memory.size);
    arch::map_kernel(image, ram_start, ram_end);
    set_up_page_allocator(
        {.ram_start = ram_start,
         .ram_end = ram_end,
         .reserved = {{arch::image_range(), {blob, blob + tree.total_size}}},
         .initramfs = {PhysicalAddress(tree.initramfs_start), PhysicalAddress(tree.initramfs_end)}});
    arch::allow_allocated_tables();
}

void set_up_devices(const DeviceTree& tree) {
    arch::set_power_conduit(tree.psci_by_smc ? arch::PowerConduit::SecureMonitor
                                             : arch::PowerConduit::Hypervisor);
    require(set_up_console(PhysicalAddress(tree.console.address), tree.console.size));
    KERNEL_ASSERT(
        arch::set_up_interrupt_controller({.distributor = tree.interrupt_distributor.address,
                                           .distributor_size = tree.interrupt_distributor.size,
                                           .redistributor = tree.interrupt_redistributor.address,
                                           .redistributor_size = tree.interrupt_redistributor.size,
                                           .cpu_interface = tree.interrupt_cpu_interface.address,
                                           .cpu_interface_size = tree.interrupt_cpu_interface.size}));
    arch::enable_interrupt(tree.timer_interrupt, "arch_timer", scheduler::handle_timer);
    enable_console_interrupt(tree.console_interrupt);
}

void set_up_time(const DeviceTree& tree) {
    KERNEL_ASSERT(!set_up_vdso().is_error());
    const std::uint32_t seconds =
        tree.clock.size == 0 ? 0 : read_realtime_clock(PhysicalAddress(tree.clock.address), tree.clock.size);
    set_up_clock(std::int64_t{seconds} * kNanosecondsPerSecond);
}

std::span<const std::byte> initramfs_of(const DeviceTree& tree) {
    if (tree.initramfs_end <= tree.initramfs_start) {
        return {};
    }
    return {arch::linear_address(PhysicalAddress(tree.initramfs_start)),
            tree.initramfs_end - tree.initramfs_start};
}

}  // namespace

extern "C" [[noreturn]] void kernel_main(std::uint64_t device_tree_address, std::uint64_t image_address) {
    const PhysicalAddress blob_address(device_tree_address);
    const std::byte* blob = arch::linear_address(blob_address);
    const std::size_t size = device_tree_size(blob);
    require(size != 0);
    const std::optional<DeviceTree> readable = read_device_tree({blob, size});
    require(readable.has_value());
    // NOLINTNEXTLINE(bugprone-unchecked-optional-access): require() does not return without.
    const DeviceTree& tree = *readable;
    require(tree.memory.size != 0 && tree.console.size != 0);

    set_command_line(tree.boot_arguments);
    set_up_memory(tree, PhysicalAddress(image_address), blob_address);
    arch::set_up_cpu();
    set_up_devices(tree);
    set_up_time(tree);
    seed_random(tree.random_seed);
    KERNEL_ASSERT(!initialize_console_tty().is_error());
    initialize_pseudo_terminals();
    if (mount_root_from_initramfs(initramfs_of(tree)).is_error()) {
        print("the initramfs is damaged\n");
    }
    KERNEL_ASSERT(!initialize_ipc().is_error());
    start_init();
}

}  // namespace kernel
