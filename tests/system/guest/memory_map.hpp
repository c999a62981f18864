// The machine, which is QEMU's virt, and where the runtime maps what.
#pragma once

#include <cstdint>

namespace guest {

inline constexpr std::uint64_t gic_distributor = 0x0800'0000;
inline constexpr std::uint64_t gic_redistributor = 0x080a'0000;
inline constexpr std::uint64_t uart = 0x0900'0000;
inline constexpr std::uint64_t ram = 0x4000'0000;

// The first GiB is devices, the second RAM, both at their physical addresses and for EL1 alone. Then, for
// EL0:
inline constexpr std::uint64_t user_code = 0x8000'0000;  // the fragments, not writable
inline constexpr std::uint64_t user_data = 0x8020'0000;  // user_data_size bytes of zeros
inline constexpr std::uint64_t user_data_size = 0x4000;
// From here on nothing is mapped.
inline constexpr std::uint64_t free_space = 0xc000'0000;

inline volatile std::uint32_t& device_word(std::uint64_t address) {
    return *reinterpret_cast<volatile std::uint32_t*>(address);
}

}  // namespace guest
