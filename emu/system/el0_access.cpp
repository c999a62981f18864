#include "emu/system/el0_access.hpp"

#include "emu/arch/bits.hpp"
#include "emu/core.hpp"

namespace levitate::emu {

namespace {

bool is_allowed(const Core& core, El0Access access) {
    const std::uint64_t sctlr = core.system.sctlr;
    const std::uint64_t cntkctl = core.system.cntkctl;
    switch (access) {
        case El0Access::None:
            return false;
        case El0Access::Always:
            return true;
        case El0Access::Uma:
            return bit(sctlr, 9);
        case El0Access::Uct:
            return bit(sctlr, 15);
        case El0Access::Uci:
            return bit(sctlr, 26);
        case El0Access::Dze:
            return bit(sctlr, kSctlrDze);
        case El0Access::PhysicalCounter:
            return bit(cntkctl, 0);
        case El0Access::VirtualCounter:
            return bit(cntkctl, 1);
        case El0Access::AnyCounter:
            return bit(cntkctl, 0) || bit(cntkctl, 1);
        case El0Access::PhysicalTimer:
            return bit(cntkctl, 9);
        case El0Access::VirtualTimer:
            return bit(cntkctl, 8);
    }
    return false;
}

// The ISS of a trapped MSR, MRS or SYS (Arm ARM D17.2.37).
std::uint32_t trap_iss(std::uint32_t word) {
    const auto field = [word](unsigned high, unsigned low) {
        return static_cast<std::uint32_t>(bits(word, high, low));
    };
    return field(20, 19) << 20 | field(7, 5) << 17 | field(18, 16) << 14 | field(15, 12) << 10 |
           field(4, 0) << 5 | field(11, 8) << 1 | field(21, 21);
}

}  // namespace

Flow check_access_of_el0(Core& core, El0Access access, std::uint32_t word) {
    if (is_allowed(core, access)) {
        return Flow::Next;
    }
    if (access == El0Access::None) {
        return core.raise_undefined();
    }
    return core.raise({.exception_class = ExceptionClass::SystemTrap, .iss = trap_iss(word)});
}

}  // namespace levitate::emu
