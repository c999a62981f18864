#include "drivers/pl031.hpp"

#include "arch/include/machine.hpp"

namespace kernel {

std::uint32_t read_realtime_clock(PhysicalAddress address, std::size_t size) {
    // RTCDR, the first register, counts seconds.
    const auto* data = reinterpret_cast<volatile std::uint32_t*>(arch::map_device(address, size));
    return data == nullptr ? 0 : *data;
}

}  // namespace kernel
