// A few instructions as people read them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmm/arch/address.hpp"
#include "vmm/diagnosis/kernel_symbols.hpp"
#include "vmm/engine/engine.hpp"

namespace levitate::vmm {

struct CodeLine {
    GuestVirt address{};
    std::optional<std::uint32_t> word;  // nullopt: it cannot be fetched
};

// What the kernel has there now.
CodeLine code_at(const Engine& engine, GuestVirt address);

// A line each: "    0x40080014 <spin+0x4>  b 0x40080014".
std::string list_code(std::span<const CodeLine> lines, const KernelSymbols& symbols);

}  // namespace levitate::vmm
