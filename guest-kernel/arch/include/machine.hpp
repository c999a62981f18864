// What the kernel asks of the CPU and the board, beyond translation tables.
#pragma once

#include <cstdint>

#include "arch/include/context.hpp"
#include "arch/include/physical_address.hpp"

namespace kernel::arch {

// Where the kernel maps RAM: to and from the map of all memory.
std::byte* linear_address(PhysicalAddress address);
PhysicalAddress physical_address(const void* linear);

// Builds the kernel's final map: the image with the rights of its sections, all RAM readable and writable but
// for the image's constant part. Once, before anything else needs memory. `image`: where it was loaded.
void map_kernel(PhysicalAddress image, PhysicalAddress ram_start, PhysicalAddress ram_end);

// Physical bounds of the image, its zeroed data included.
struct PhysicalRange {
    PhysicalAddress start;
    PhysicalAddress end;
};
PhysicalRange image_range();

// Makes device registers reachable; never undone. Null without memory for the tables.
volatile std::byte* map_device(PhysicalAddress address, std::size_t size);

// What `wfi` does: sleeps until an interrupt is pending. Interrupts stay masked; the caller handles it.
void wait_for_interrupt();
[[noreturn]] void halt();

// The virtual counter, and its rate in Hz.
std::uint64_t counter();
std::uint64_t counter_frequency();
// The timer interrupt comes when the counter reaches `value`; UINT64_MAX: never.
void set_timer(std::uint64_t value);

// Context switch (switch.S), and the state of a task that has never run: it starts in begin_task(), then
// returns to the program with the registers on its kernel stack.
extern "C" void switch_context(Context* from, Context* to);
void prepare_first_step(Context& context, const KernelStack& stack);
extern "C" void save_floating_point(FloatingPointState* state);
extern "C" void load_floating_point(const FloatingPointState* state);
std::uint64_t thread_pointer();
void set_thread_pointer(std::uint64_t value);

// A program's first registers.
void start_program(Registers& registers, std::uint64_t entry, std::uint64_t stack_pointer);
// May loads of the program pass earlier stores (PSTATE.SSBS)?
void set_store_bypass(Registers& registers, bool is_allowed);
// Would returning to the program with this PSTATE be to EL0 and nothing else?
bool is_valid_user_pstate(std::uint64_t pstate);

// Instruction memory was written: makes it coherent for execution.
void synchronize_instructions(const void* data, std::size_t size);

// Prints the addresses that led here, newest first.
void print_backtrace();

// The CPU's features and identification, for the auxiliary vector and /proc/cpuinfo.
std::uint64_t hardware_capabilities();
std::uint64_t hardware_capabilities2();
std::uint64_t main_id();
// What debuggers may use of the CPU (ID_AA64DFR0_EL1).
unsigned debug_architecture();
unsigned breakpoint_count();
unsigned watchpoint_count();
// The size of a signal frame with every record that this CPU needs (AT_MINSIGSTKSZ).
std::uint64_t minimum_signal_stack();

enum class PowerAction { Off, Reset };
[[noreturn]] void power(PowerAction action);

}  // namespace kernel::arch
