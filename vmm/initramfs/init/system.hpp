// What pid 1 does to a freshly booted kernel before and after it runs programs.
#pragma once

namespace levitate::vmm::init {

// Mounts /proc, /sys, /dev and what belongs in /dev, and brings the loopback interface up. What a kernel does
// not have is left out; the programs will show whether that matters.
void prepare_system();

// Opens the console as a raw terminal. The descriptor is above 2; it is -1, with errno, if there is no
// console.
int open_console();

[[noreturn]] void power_off();

}  // namespace levitate::vmm::init
