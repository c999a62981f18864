// The firmware interface for power (Arm DEN 0022, PSCI 1.1), called by HVC or SMC. One CPU.
#pragma once

#include <array>
#include <cstdint>

namespace levitate::vmm {

enum class PowerAction { None, Wait, Off, Reset };  // Wait: until there is an interrupt

struct PsciReply {
    std::uint64_t result = 0;  // for x0
    PowerAction action = PowerAction::None;
};

// `arguments` are x0 to x3 of the call, by the SMC calling convention (Arm DEN 0028). Functions outside PSCI
// get NOT_SUPPORTED, which is also SMCCC's answer to an unknown function.
PsciReply call_psci(const std::array<std::uint64_t, 4>& arguments);

}  // namespace levitate::vmm
