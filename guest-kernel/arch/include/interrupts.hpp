// Interrupts by number, as the interrupt controller counts them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace kernel::arch {

using InterruptHandler = void (*)();

// Precondition: the controller is set up. `name` is what /proc/interrupts calls it; it must outlive the
// kernel.
void enable_interrupt(std::uint32_t number, std::string_view name, InterruptHandler handler);

// What is enabled, and how often each interrupt was taken.
struct InterruptUse {
    std::uint32_t number = 0;
    std::string_view name;
    InterruptHandler handler = nullptr;
    std::uint64_t count = 0;
};
std::span<const InterruptUse> interrupt_uses();

// Takes and handles what is pending. Called with interrupts masked.
void handle_pending_interrupts();

// Where the controller's registers are, as the device tree says: a GICv3 has redistributors, a GICv2 a CPU
// interface in memory.
struct InterruptController {
    std::uint64_t distributor = 0;
    std::uint64_t distributor_size = 0;
    std::uint64_t redistributor = 0;
    std::uint64_t redistributor_size = 0;
    std::uint64_t cpu_interface = 0;
    std::uint64_t cpu_interface_size = 0;
};
// False: the registers could not be mapped.
bool set_up_interrupt_controller(const InterruptController& where);

}  // namespace kernel::arch
