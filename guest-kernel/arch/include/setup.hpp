// Set-up steps of an architecture, in the order in which boot/main.cpp takes them.
#pragma once

namespace kernel::arch {

enum class PowerConduit { Hypervisor, SecureMonitor };  // HVC, SMC
void set_power_conduit(PowerConduit conduit);

// Sets those controls of the CPU that the boot code left at their reset values.
void set_up_cpu();

// The page allocator works: translation tables may come from it.
void allow_allocated_tables();

}  // namespace kernel::arch
