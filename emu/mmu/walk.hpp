// Stage 1 of the EL1&0 translation regime (Arm ARM D8): the table walk.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "emu/mmu/memory.hpp"
#include "emu/mmu/tlb.hpp"
#include "emu/system/exception.hpp"

namespace levitate::emu {

// What a walk depends on, as the system registers hold it.
struct TranslationControl {
    std::uint64_t sctlr = 0;
    std::uint64_t tcr = 0;
    std::uint64_t ttbr0 = 0;
    std::uint64_t ttbr1 = 0;
    std::uint64_t mair = 0;
};

struct Translation {
    std::uint64_t physical = 0;
    std::uint8_t attributes = 0;  // as MAIR_EL1 has them; PAR_EL1 shows them
    std::uint8_t shareability = 0;
    bool device = false;
    std::uint8_t size_shift = kPageShift;  // log2 of the size of the mapping that it is in
    bool user_accessible = false;
    bool writable = false;  // by whoever may read
    bool user_executable = false;
    bool kernel_executable = false;
    unsigned level = 0;

    bool permits(Access access, AccessMode mode) const;
};

// `fsc` is the fault status code, as the ISS of an abort has it.
struct TranslationFault {
    std::uint32_t fsc;
    // The physical address of a table's entry where nothing answers (fault::kExternalOnWalk).
    std::optional<std::uint64_t> unanswered;
};

// Whether a walk may write to the tables (TCR_EL1.HA and HD: access flag and dirty state).
enum class TableUpdate : std::uint8_t { Allowed, Forbidden };

// Translates `address` for this access and checks its permissions. It changes the tables only as TCR_EL1.HA
// and HD ask.
std::expected<Translation, TranslationFault> translate(const TranslationControl& control,
                                                       const PhysicalMemory& memory, std::uint64_t address,
                                                       Access access, AccessMode mode, TableUpdate update);

// The address without its top byte where TCR_EL1.TBI makes that byte a tag; otherwise as it is.
std::uint64_t without_tag(const TranslationControl& control, std::uint64_t address);

}  // namespace levitate::emu
