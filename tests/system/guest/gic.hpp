// The GICv3 (Arm IHI 0069) of the machine, one security state, as its cases use it.
#pragma once

#include <cstdint>

#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest::gic {

// Offsets that distributor and the redistributor's SGI frame share.
enum Array : std::uint64_t {
    group = 0x080,
    set_enable = 0x100,
    clear_enable = 0x180,
    set_pending = 0x200,
    clear_pending = 0x280,
    set_active = 0x300,
    clear_active = 0x380,
    priority = 0x400,
    configuration = 0xc00,
};

inline constexpr std::uint64_t kSgiFrame = kGicRedistributor + 0x1'0000;
inline constexpr std::uint32_t kFirstSpi = 32;
inline constexpr std::uint32_t kSpurious = 1023;

// Wakes the redistributor; all interrupts Group 1, at priority 0xa0, disabled; distributor and CPU interface
// enabled, priority mask 0xff.
void initialise();

// The frame that has the registers of `intid`.
inline std::uint64_t frame_of(std::uint32_t intid) {
    return intid < kFirstSpi ? kSgiFrame : kGicDistributor;
}
// The word of a one-bit-an-interrupt array that holds `intid`.
inline volatile std::uint32_t& word_of(Array array, std::uint32_t intid) {
    return device_word(frame_of(intid) + array + std::uint64_t{intid / 32} * 4);
}
inline bool test(Array array, std::uint32_t intid) {
    return (word_of(array, intid) >> intid % 32 & 1) != 0;
}
// For the arrays in which a one acts and a zero does not.
inline void set(Array array, std::uint32_t intid) {
    word_of(array, intid) = 1U << intid % 32;
}
inline volatile std::uint8_t& priority_of(std::uint32_t intid) {
    return *reinterpret_cast<volatile std::uint8_t*>(frame_of(intid) + priority + intid);
}
void set_edge(std::uint32_t intid, bool edge);

inline void send_sgi(std::uint32_t intid) {
    WRITE_REGISTER(S3_0_C12_C11_5, std::uint64_t{intid} << 24 | 1);  // ICC_SGI1R_EL1, CPU 0
}
inline std::uint32_t acknowledge() {
    return static_cast<std::uint32_t>(READ_REGISTER(S3_0_C12_C12_0));  // ICC_IAR1_EL1
}
inline void end(std::uint32_t intid) {
    WRITE_REGISTER(S3_0_C12_C12_1, intid);  // ICC_EOIR1_EL1
}
inline void deactivate(std::uint32_t intid) {
    WRITE_REGISTER(S3_0_C12_C11_1, intid);  // ICC_DIR_EL1
}
inline std::uint32_t highest_pending() {
    return static_cast<std::uint32_t>(READ_REGISTER(S3_0_C12_C12_2));  // ICC_HPPIR1_EL1
}
inline std::uint64_t running_priority() {
    return READ_REGISTER(S3_0_C12_C11_3);  // ICC_RPR_EL1
}
inline std::uint64_t active_priorities() {
    return READ_REGISTER(S3_0_C12_C9_0);  // ICC_AP1R0_EL1
}
inline void set_priority_mask(std::uint64_t value) {
    WRITE_REGISTER(S3_0_C4_C6_0, value);  // ICC_PMR_EL1
}
inline void set_binary_point(std::uint64_t value) {
    WRITE_REGISTER(S3_0_C12_C12_3, value);  // ICC_BPR1_EL1
}
inline void set_control(std::uint64_t value) {
    WRITE_REGISTER(S3_0_C12_C12_4, value);  // ICC_CTLR_EL1
}
inline constexpr std::uint64_t kControlEoiMode = 2;

}  // namespace guest::gic
