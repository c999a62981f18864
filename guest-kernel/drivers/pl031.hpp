// The real-time clock, PL031 (Arm DDI 0224).
#pragma once

#include <cstdint>

#include "arch/include/physical_address.hpp"

namespace kernel {

// Seconds since 1970; 0 when the registers could not be mapped.
std::uint32_t read_realtime_clock(PhysicalAddress address, std::size_t size);

}  // namespace kernel
