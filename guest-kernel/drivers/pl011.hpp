// Setting the console up. Using it: drivers/console.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arch/include/physical_address.hpp"

namespace kernel {

// Until then console_write() drops what it is given. False: the registers could not be mapped.
bool set_up_console(PhysicalAddress address, std::size_t size);
// Precondition: the interrupt controller is set up.
void enable_console_interrupt(std::uint32_t number);

}  // namespace kernel
