// What pid 1 does to a freshly booted kernel before and after it runs programs.
#pragma once

namespace levitate::vmm::init {

// Mounts /proc, /sys, /dev and what belongs into it, and brings the loopback interface up. What a kernel does
// not have is left out: the programs will show whether it matters.
void prepare_system();

// The console as a raw terminal: a descriptor above 2; -1 and errno where there is none.
int open_console();

[[noreturn]] void power_off();

}  // namespace levitate::vmm::init
