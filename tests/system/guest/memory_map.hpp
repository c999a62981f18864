// The machine, which is QEMU's virt, and where the runtime maps what.
#pragma once

#include <cstdint>

namespace guest {

inline constexpr std::uint64_t kGicDistributor = 0x0800'0000;
inline constexpr std::uint64_t kGicRedistributor = 0x080a'0000;
inline constexpr std::uint64_t kUart = 0x0900'0000;
inline constexpr std::uint64_t kRam = 0x4000'0000;

// The first GiB is devices, the second RAM, both at their physical addresses and for EL1 alone. Then, for
// EL0:
inline constexpr std::uint64_t kUserCode = 0x8000'0000;  // the fragments, not writable
inline constexpr std::uint64_t kUserData = 0x8020'0000;  // kUserDataSize bytes of zeros
inline constexpr std::uint64_t kUserDataSize = 0x4000;
// From here on nothing is mapped.
inline constexpr std::uint64_t kFreeSpace = 0xc000'0000;

inline volatile std::uint32_t& device_word(std::uint64_t address) {
    return *reinterpret_cast<volatile std::uint32_t*>(address);
}

}  // namespace guest
