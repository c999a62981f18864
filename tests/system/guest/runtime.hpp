// The bare machine under a guest: translation, system registers, power.
#pragma once

#include <cstdint>

#include "tests/system/guest/page_tables.hpp"

namespace guest {

// What a topic defines. The machine is switched off when it returns.
void guest_main();

[[noreturn]] void power_off();

// The runtime's own translation: TTBR0_EL1, 48 bits, 4 KiB; see memory_map.hpp. Cases may add to it.
PageTables& main_tables();

namespace sctlr {
inline constexpr std::uint64_t kMmu = 1;
inline constexpr std::uint64_t kAlignmentCheck = 1 << 1;
inline constexpr std::uint64_t kSpCheck = 1 << 3;
inline constexpr std::uint64_t kSpCheckEl0 = 1 << 4;
inline constexpr std::uint64_t kUma = 1 << 9;
inline constexpr std::uint64_t kDze = 1 << 14;
inline constexpr std::uint64_t kUct = 1 << 15;
inline constexpr std::uint64_t kNtwi = 1 << 16;
inline constexpr std::uint64_t kNtwe = 1 << 18;
inline constexpr std::uint64_t kWxn = 1 << 19;
inline constexpr std::uint64_t kSpan = 1 << 23;
inline constexpr std::uint64_t kUci = 1 << 26;
inline constexpr std::uint64_t kDssbs = std::uint64_t{1} << 44;
// The RES1 bits, MMU and caches on, SP checked, nothing that a control bit can trap trapped.
inline constexpr std::uint64_t kUsual = 0x3050'0800 | kMmu | 1 << 2 | 1 << 12 | kSpCheck | kSpCheckEl0 |
                                        kUma | kDze | kUct | kNtwi | kNtwe | kSpan | kUci;
}  // namespace sctlr

namespace tcr {
inline constexpr std::uint64_t kEpd1 = 1 << 23;
inline constexpr std::uint64_t kAsid16 = std::uint64_t{1} << 36;
inline constexpr std::uint64_t kTbi0 = std::uint64_t{1} << 37;
inline constexpr std::uint64_t kTbi1 = std::uint64_t{1} << 38;
inline constexpr std::uint64_t kHardwareAccessFlag = std::uint64_t{1} << 39;
inline constexpr std::uint64_t kHardwareDirty = std::uint64_t{1} << 40;
inline constexpr std::uint64_t kA1 = 1 << 22;
// 48 bits and 4 KiB in both halves, write-back inner-shareable walks, 48-bit output.
inline constexpr std::uint64_t kUsual =
    16 | 0x35 << 8 | 16 << 16 | 0x35 << 24 | std::uint64_t{2} << 30 | std::uint64_t{5} << 32;
}  // namespace tcr

// MRS and MSR by name, the write followed by ISB.
#define READ_REGISTER(name)                                             \
    [] {                                                                \
        std::uint64_t value_;                                           \
        __asm__ volatile("mrs %0, " #name : "=r"(value_) : : "memory"); \
        return value_;                                                  \
    }()
#define WRITE_REGISTER(name, value) \
    __asm__ volatile("msr " #name ", %x0\n\tisb" : : "rZ"(std::uint64_t{value}) : "memory")

// After a change to translation tables: DSB, TLBI VMALLE1, DSB, ISB.
void synchronize_tables();

}  // namespace guest
