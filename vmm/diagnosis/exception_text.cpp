#include "vmm/diagnosis/exception_text.hpp"

#include <fmt/format.h>

namespace levitate::vmm {
namespace {

enum Class : unsigned {
    kUnknown = 0x00,
    kWait = 0x01,
    kFloatingPoint = 0x07,
    kIllegalState = 0x0e,
    kSvc = 0x15,
    kHvc = 0x16,
    kSmc = 0x17,
    kSystemRegister = 0x18,
    kInstructionAbort = 0x20,
    kInstructionAbortSame = 0x21,
    kPcAlignment = 0x22,
    kDataAbort = 0x24,
    kDataAbortSame = 0x25,
    kSpAlignment = 0x26,
    kFloatingPointTrap = 0x2c,
    kSystemError = 0x2f,
    kBreakpoint = 0x30,
    kBreakpointSame = 0x31,
    kStep = 0x32,
    kStepSame = 0x33,
    kWatchpoint = 0x34,
    kWatchpointSame = 0x35,
    kBrk = 0x3c,
};

constexpr unsigned kExternalAbort = 0x10;
constexpr unsigned kAlignmentFault = 0x21;

constexpr Class class_of(std::uint64_t esr) {
    return static_cast<Class>(esr >> 26 & 0x3fU);
}

constexpr unsigned fault_status(std::uint64_t esr) {
    return esr & 0x3fU;
}

constexpr bool is_data_abort(std::uint64_t esr) {
    return class_of(esr) == kDataAbort || class_of(esr) == kDataAbortSame;
}

constexpr bool is_instruction_abort(std::uint64_t esr) {
    return class_of(esr) == kInstructionAbort || class_of(esr) == kInstructionAbortSame;
}

std::string_view class_name(Class exception_class) {
    switch (exception_class) {
        case kUnknown:
            return "undefined instruction";
        case kWait:
            return "trapped WFI or WFE";
        case kFloatingPoint:
            return "SIMD or floating point, which CPACR_EL1.FPEN does not allow";
        case kIllegalState:
            return "illegal execution state";
        case kSvc:
            return "SVC";
        case kHvc:
            return "HVC";
        case kSmc:
            return "SMC";
        case kSystemRegister:
            return "trapped access to a system register";
        case kInstructionAbort:
        case kInstructionAbortSame:
            return "instruction abort";
        case kPcAlignment:
            return "PC alignment fault";
        case kDataAbort:
        case kDataAbortSame:
            return "data abort";
        case kSpAlignment:
            return "SP alignment fault";
        case kFloatingPointTrap:
            return "trapped floating-point exception";
        case kSystemError:
            return "SError";
        case kBreakpoint:
        case kBreakpointSame:
            return "breakpoint";
        case kStep:
        case kStepSame:
            return "software step";
        case kWatchpoint:
        case kWatchpointSame:
            return "watchpoint";
        case kBrk:
            return "BRK";
    }
    return {};
}

// IFSC and DFSC (D17.2.37, ISS encodings of aborts).
std::string fault_name(unsigned status) {
    constexpr unsigned kExternalOnWalk = 0x14;
    switch (status) {
        case kExternalAbort:
            return "external abort";
        case kAlignmentFault:
            return "alignment fault";
        default:
            break;
    }
    const unsigned level = status & 3U;
    switch (status & ~3U) {
        case 0x00:
            return fmt::format("address size fault, level {}", level);
        case 0x04:
            return fmt::format("translation fault, level {}", level);
        case 0x08:
            return fmt::format("access flag fault, level {}", level);
        case 0x0c:
            return fmt::format("permission fault, level {}", level);
        case kExternalOnWalk:
            return fmt::format("external abort on a table walk, level {}", level);
        default:
            return fmt::format("fault status {:#04x}", status);
    }
}

}  // namespace

std::string exception_name(std::uint64_t esr) {
    const std::string_view name = class_name(class_of(esr));
    if (name.empty()) {
        return fmt::format("exception of class {:#04x}", static_cast<unsigned>(class_of(esr)));
    }
    if (is_data_abort(esr)) {
        constexpr unsigned kWrite = 1U << 6;
        return fmt::format("{} ({}, {})", name, fault_name(fault_status(esr)),
                           (esr & kWrite) != 0 ? "write" : "read");
    }
    if (is_instruction_abort(esr)) {
        return fmt::format("{} ({})", name, fault_name(fault_status(esr)));
    }
    return std::string{name};
}

std::string_view exception_hint(std::uint64_t esr) {
    if (class_of(esr) == kSpAlignment) {
        return "SP was used while it was not a multiple of 16: QEMU does not check this, hardware does "
               "(SCTLR_EL1.SA)";
    }
    if (is_data_abort(esr) && fault_status(esr) == kAlignmentFault) {
        return "with the MMU off all memory is Device memory, in which every access has to be aligned: older "
               "QEMU (7.2) does not check this, hardware does";
    }
    if (fault_status(esr) == kExternalAbort && (is_data_abort(esr) || is_instruction_abort(esr))) {
        return "at that physical address there is no RAM and no device that answers";
    }
    if (class_of(esr) == kFloatingPoint) {
        return "the compiler uses these registers for copies too: set CPACR_EL1.FPEN, or compile with "
               "-mgeneral-regs-only";
    }
    return {};
}

}  // namespace levitate::vmm
