// What SYS does instead of writing a register: TLBI, DC, IC and AT. The rows of registers.inc name these.
#pragma once

#include <cstdint>

#include "emu/core.hpp"

namespace levitate::emu {

Flow invalidate_tlb(Core& core, std::uint64_t value);
Flow invalidate_tlb_page(Core& core, std::uint64_t value);
template <Access access>
Flow maintain_cache(Core& core, std::uint64_t address);
Flow zero_block(Core& core, std::uint64_t address);
template <Access access, AccessMode mode>
Flow translate_address(Core& core, std::uint64_t address);
template <Access access>
Flow translate_address_with_pan(Core& core, std::uint64_t address);

}  // namespace levitate::emu
