// What is known of a synchronous exception when an executor raises it.
#pragma once

#include <cstdint>

namespace levitate::emu {

enum class Access : std::uint8_t { Read, Write, Execute };

// ESR_EL1.EC (Arm ARM D17.2.37). Aborts and debug exceptions are given as from a lower level; taking the
// exception adds the bit that says "from the same level".
enum class ExceptionClass : std::uint8_t {
    Unknown = 0x00,
    WaitTrap = 0x01,
    FpAccess = 0x07,
    IllegalState = 0x0e,
    Svc = 0x15,
    SystemTrap = 0x18,
    InstructionAbort = 0x20,
    PcAlignment = 0x22,
    DataAbort = 0x24,
    SpAlignment = 0x26,
    Breakpoint = 0x30,
    SoftwareStep = 0x32,
    Watchpoint = 0x34,
    Brk = 0x3c,
};

// Fault status codes, ISS bits 5:0; the first four carry a level in bits 1:0.
namespace fault {
inline constexpr std::uint32_t kAddressSize = 0x00;
inline constexpr std::uint32_t kTranslation = 0x04;
inline constexpr std::uint32_t kAccessFlag = 0x08;
inline constexpr std::uint32_t kPermission = 0x0c;
inline constexpr std::uint32_t kExternal = 0x10;
inline constexpr std::uint32_t kExternalOnWalk = 0x14;
inline constexpr std::uint32_t kAlignment = 0x21;
inline constexpr std::uint32_t kDebug = 0x22;
}  // namespace fault

// Bits of the ISS of a data abort.
namespace data_abort {
inline constexpr std::uint32_t kWrite = 1U << 6;
inline constexpr std::uint32_t kCacheMaintenance = 1U << 8;
}  // namespace data_abort

// Where ELR_EL1 is to point.
enum class Return : std::uint8_t { Here, Next };

struct Exception {
    ExceptionClass exception_class = ExceptionClass::Unknown;
    std::uint32_t iss = 0;
    Return resume = Return::Here;
    bool sets_far = false;
    std::uint64_t far = 0;
};

}  // namespace levitate::emu
