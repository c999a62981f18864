#include "emu/system/instructions.hpp"

#include "emu/arch/bits.hpp"

namespace levitate::emu {

Flow invalidate_tlb(Core& core, std::uint64_t /*value*/) {
    core.flush_tlb();
    return Flow::Leave;
}

Flow invalidate_tlb_page(Core& core, std::uint64_t value) {
    core.flush_tlb_page(value << kPageShift);
    return Flow::Leave;
}

// There is no cache to maintain, so only the faults remain. Decoded code is coherent with memory.
template <Access access>
Flow maintain_cache(Core& core, std::uint64_t address) {
    const auto translation = core.translate_for(address, access, core.mode(), TableUpdate::Allowed);
    if (!translation.has_value()) {
        // It is reported as a write in all cases.
        return core.raise_data_abort(address, Access::Write, translation.error().fsc,
                                     data_abort::kCacheMaintenance);
    }
    return Flow::Next;
}

Flow zero_block(Core& core, std::uint64_t address) {
    return core.store_zeros(address);
}

// PAR_EL1 as AArch64.AT leaves it (Arm ARM D17.2.112).
template <Access access, AccessMode mode>
Flow translate_address(Core& core, std::uint64_t address) {
    constexpr std::uint64_t kReservedOne = std::uint64_t{1} << 11;
    const auto translation = core.translate_for(address, access, mode, TableUpdate::Allowed);
    if (!translation.has_value()) {
        const std::uint32_t fsc = translation.error().fsc;
        if ((fsc & ~std::uint32_t{3}) == fault::kExternalOnWalk) {
            // The walk's own abort is taken (Arm ARM D8.10), and reported as a write.
            return core.raise_data_abort(address, Access::Write, fsc, data_abort::kCacheMaintenance);
        }
        core.system.par = kReservedOne | std::uint64_t{fsc} << 1 | 1;
        return Flow::Next;
    }
    // What the descriptor says counts for cacheable memory alone.
    constexpr std::uint8_t kNonCacheable = 0x44;
    constexpr std::uint64_t kOuterShareable = 2;
    const bool cacheable = !translation->device && translation->attributes != kNonCacheable;
    const std::uint64_t shareability = cacheable ? std::uint64_t{translation->shareability} : kOuterShareable;
    core.system.par = std::uint64_t{translation->attributes} << 56 | page_of(translation->physical) |
                      kReservedOne | shareability << 7;
    return Flow::Next;
}

template <Access access>
Flow translate_address_with_pan(Core& core, std::uint64_t address) {
    return core.pstate.pan ? translate_address<access, AccessMode::KernelWithoutUser>(core, address)
                           : translate_address<access, AccessMode::Kernel>(core, address);
}

template Flow maintain_cache<Access::Read>(Core& core, std::uint64_t address);
template Flow maintain_cache<Access::Write>(Core& core, std::uint64_t address);
template Flow translate_address<Access::Read, AccessMode::Kernel>(Core& core, std::uint64_t address);
template Flow translate_address<Access::Write, AccessMode::Kernel>(Core& core, std::uint64_t address);
template Flow translate_address<Access::Read, AccessMode::User>(Core& core, std::uint64_t address);
template Flow translate_address<Access::Write, AccessMode::User>(Core& core, std::uint64_t address);
template Flow translate_address_with_pan<Access::Read>(Core& core, std::uint64_t address);
template Flow translate_address_with_pan<Access::Write>(Core& core, std::uint64_t address);

}  // namespace levitate::emu
