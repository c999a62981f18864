#include "emu/mmu/walk.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "emu/arch/bits.hpp"

namespace levitate::emu {

namespace {

// Descriptor bits (Arm ARM D8.3).
constexpr std::uint64_t kDescriptorValid = 1;
constexpr std::uint64_t kDescriptorTableOrPage = 2;
constexpr std::uint64_t kDescriptorUser = std::uint64_t{1} << 6;      // AP[1]
constexpr std::uint64_t kDescriptorReadOnly = std::uint64_t{1} << 7;  // AP[2]
constexpr std::uint64_t kDescriptorAccessFlag = std::uint64_t{1} << 10;
constexpr std::uint64_t kDescriptorDirtyModifier = std::uint64_t{1} << 51;
constexpr std::uint64_t kDescriptorPxn = std::uint64_t{1} << 53;
constexpr std::uint64_t kDescriptorUxn = std::uint64_t{1} << 54;
constexpr std::uint64_t kTablePxn = std::uint64_t{1} << 59;
constexpr std::uint64_t kTableUxn = std::uint64_t{1} << 60;
constexpr std::uint64_t kTableNoUser = std::uint64_t{1} << 61;
constexpr std::uint64_t kTableReadOnly = std::uint64_t{1} << 62;

constexpr unsigned kPhysicalBits = 48;
constexpr unsigned kLastLevel = 3;

// One half of the address space, as TCR_EL1 describes it.
struct Half {
    std::uint64_t table;
    unsigned size_offset;  // TxSZ
    bool walks_disabled;   // EPDx
    bool ignores_top_byte;
    bool ignores_table_attributes;  // HPDx
    unsigned granule_shift;
};

unsigned granule_shift_0(std::uint64_t tg) {
    return tg == 1 ? 16 : tg == 2 ? 14 : 12;
}

unsigned granule_shift_1(std::uint64_t tg) {
    return tg == 3 ? 16 : tg == 1 ? 14 : 12;
}

// Bit 55 selects the half, whether or not the top byte is ignored.
bool is_upper(std::uint64_t address) {
    return bit(address, 55);
}

Half half_of(const TranslationControl& control, std::uint64_t address) {
    const std::uint64_t tcr = control.tcr;
    if (is_upper(address)) {
        return {control.ttbr1, static_cast<unsigned>(bits(tcr, 21, 16)), bit(tcr, 23), bit(tcr, 38),
                bit(tcr, 42),  granule_shift_1(bits(tcr, 31, 30))};
    }
    return {control.ttbr0, static_cast<unsigned>(bits(tcr, 5, 0)), bit(tcr, 7), bit(tcr, 37),
            bit(tcr, 41),  granule_shift_0(bits(tcr, 15, 14))};
}

// TCR_EL1.IPS, at most the 48 bits that ID_AA64MMFR0_EL1 reports.
unsigned output_bits(std::uint64_t tcr) {
    constexpr std::array<unsigned, 8> kSizes{32, 36, 40, 42, 44, 48, 48, 48};
    return kSizes[bits(tcr, 34, 32)];
}

std::unexpected<TranslationFault> fail(std::uint32_t kind, unsigned level) {
    return std::unexpected(TranslationFault{.fsc = kind + level, .unanswered = {}});
}

void describe_attributes(Translation& result, std::uint64_t mair, std::uint64_t descriptor) {
    result.attributes = static_cast<std::uint8_t>(mair >> (8 * bits(descriptor, 4, 2)));
    result.device = (result.attributes & 0xf0) == 0;
    result.shareability = static_cast<std::uint8_t>(bits(descriptor, 9, 8));
}

// With the MMU off, data is Device-nGnRnE and instructions are Normal; both may do everything.
std::expected<Translation, TranslationFault> flat(std::uint64_t address, Access access) {
    if (address >> kPhysicalBits != 0) {
        return fail(fault::kAddressSize, 0);
    }
    Translation result;
    result.physical = address;
    result.device = access != Access::Execute;
    result.attributes = access == Access::Execute ? 0x44 : 0;
    result.user_accessible = result.writable = true;
    result.user_executable = result.kernel_executable = true;
    return result;
}

void set_permissions(Translation& result, std::uint64_t sctlr, std::uint64_t descriptor,
                     std::uint64_t table_attributes) {
    result.user_accessible = (descriptor & kDescriptorUser) != 0 && (table_attributes & kTableNoUser) == 0;
    result.writable = (descriptor & kDescriptorReadOnly) == 0 && (table_attributes & kTableReadOnly) == 0;
    const bool never_if_writable = bit(sctlr, 19) && result.writable;  // WXN
    result.user_executable = ((descriptor & kDescriptorUxn) | (table_attributes & kTableUxn)) == 0 &&
                             !(never_if_writable && result.user_accessible);
    // What EL0 can write, EL1 cannot execute.
    result.kernel_executable = ((descriptor & kDescriptorPxn) | (table_attributes & kTablePxn)) == 0 &&
                               !never_if_writable && !(result.user_accessible && result.writable);
}

struct Leaf {
    std::uint64_t descriptor;
    std::uint64_t address;  // of the descriptor
    std::uint64_t table_attributes;
    unsigned level;
    unsigned shift;  // log2 of the mapping's size
};

std::expected<Leaf, TranslationFault> find_leaf(const TranslationControl& control,
                                                const PhysicalMemory& memory, std::uint64_t address) {
    const Half half = half_of(control, address);
    // Sizes out of range behave as the nearest in range.
    const unsigned input_bits = 64 - std::clamp(half.size_offset, 16U, 39U);
    const unsigned top_bits = 64 - input_bits - (half.ignores_top_byte ? 8 : 0);
    const std::uint64_t top = bits(address, half.ignores_top_byte ? 55 : 63, input_bits);
    const std::uint64_t expected_top = is_upper(address) ? (std::uint64_t{1} << top_bits) - 1 : 0;
    if (half.walks_disabled || top != expected_top) {
        return fail(fault::kTranslation, 0);
    }
    const unsigned stride = half.granule_shift - 3;
    unsigned level = 4 - (input_bits - half.granule_shift + stride - 1) / stride;
    const std::uint64_t out_of_range = ~((std::uint64_t{1} << output_bits(control.tcr)) - 1);
    const std::uint64_t address_mask = low_mask(kPhysicalBits) & ~low_mask(half.granule_shift);

    unsigned shift = half.granule_shift + stride * (kLastLevel - level);
    // The first table may be smaller than a granule, and is aligned to its size.
    const unsigned first_index_bits = input_bits - shift;
    std::uint64_t table =
        half.table & low_mask(kPhysicalBits) & ~low_mask(std::max(first_index_bits + 3, 6U));
    std::uint64_t index_mask = low_mask(first_index_bits);
    std::uint64_t table_attributes = 0;
    if ((table & out_of_range) != 0) {
        return fail(fault::kAddressSize, 0);
    }
    for (;; ++level, shift -= stride) {
        const std::uint64_t entry = table + ((address >> shift) & index_mask) * 8;
        const std::optional<std::uint64_t> descriptor = memory.read_u64(entry);
        if (!descriptor.has_value()) {
            return std::unexpected(
                TranslationFault{.fsc = fault::kExternalOnWalk + level, .unanswered = entry});
        }
        if ((*descriptor & kDescriptorValid) == 0) {
            return fail(fault::kTranslation, level);
        }
        const bool is_table = (*descriptor & kDescriptorTableOrPage) != 0 && level != kLastLevel;
        // Blocks exist at levels 1 and 2 (4 KiB granule) or 2 only; at level 3 the bit must be set.
        const unsigned first_block_level = half.granule_shift == 12 ? 1 : 2;
        const bool is_leaf = level == kLastLevel ? (*descriptor & kDescriptorTableOrPage) != 0
                                                 : !is_table && level >= first_block_level;
        if (!is_table && !is_leaf) {
            return fail(fault::kTranslation, level);
        }
        if ((*descriptor & address_mask & out_of_range) != 0) {
            return fail(fault::kAddressSize, level);
        }
        if (is_leaf) {
            return Leaf{*descriptor, entry, table_attributes, level, shift};
        }
        if (!half.ignores_table_attributes) {
            table_attributes |= *descriptor;
        }
        table = *descriptor & address_mask;
        index_mask = low_mask(stride);
    }
}

// Writes a changed descriptor back. The walk has just read it from RAM.
void store_descriptor(const PhysicalMemory& memory, std::uint64_t address, std::uint64_t descriptor) {
    if (const std::optional<RamPage> page = memory.page(address); page.has_value()) {
        std::memcpy(page->host + (address & kPageOffsetMask), &descriptor, sizeof descriptor);
    }
}

}  // namespace

bool Translation::permits(Access access, AccessMode mode) const {
    if (access == Access::Execute) {
        return mode == AccessMode::User ? user_executable : kernel_executable;
    }
    if (access == Access::Write && !writable) {
        return false;
    }
    switch (mode) {
        case AccessMode::User:
            return user_accessible;
        case AccessMode::Kernel:
            return true;
        case AccessMode::KernelWithoutUser:
            return !user_accessible;
    }
    return false;
}

std::expected<Translation, TranslationFault> translate(const TranslationControl& control,
                                                       const PhysicalMemory& memory, std::uint64_t address,
                                                       Access access, AccessMode mode, TableUpdate update) {
    if (!bit(control.sctlr, 0)) {
        return flat(without_tag(control, address), access);
    }
    const std::expected<Leaf, TranslationFault> leaf = find_leaf(control, memory, address);
    if (!leaf.has_value()) {
        return std::unexpected(leaf.error());
    }
    std::uint64_t descriptor = leaf->descriptor;
    const bool sets_access_flag = bit(control.tcr, 39);
    if ((descriptor & kDescriptorAccessFlag) == 0) {
        if (!sets_access_flag) {
            return fail(fault::kAccessFlag, leaf->level);
        }
        descriptor |= kDescriptorAccessFlag;
    }
    // With TCR_EL1.HD, "read only, dirty bit modifier" means writable and clean.
    const bool clean = bit(control.tcr, 40) && sets_access_flag &&
                       (descriptor & kDescriptorDirtyModifier) != 0 &&
                       (descriptor & kDescriptorReadOnly) != 0;
    if (clean && access == Access::Write) {
        descriptor &= ~kDescriptorReadOnly;
    }
    Translation result;
    result.level = leaf->level;
    result.size_shift = static_cast<std::uint8_t>(leaf->shift);
    const std::uint64_t offset_mask = low_mask(leaf->shift);
    result.physical = (descriptor & low_mask(kPhysicalBits) & ~offset_mask) | (address & offset_mask);
    describe_attributes(result, control.mair, descriptor);
    set_permissions(result, control.sctlr, descriptor, leaf->table_attributes);
    if (!result.permits(access, mode)) {
        return fail(fault::kPermission, leaf->level);
    }
    if (descriptor != leaf->descriptor && update == TableUpdate::Allowed) {
        store_descriptor(memory, leaf->address, descriptor);
    }
    return result;
}

std::uint64_t without_tag(const TranslationControl& control, std::uint64_t address) {
    if (!half_of(control, address).ignores_top_byte) {
        return address;
    }
    constexpr std::uint64_t kTopByte = std::uint64_t{0xff} << 56;
    return is_upper(address) ? address | kTopByte : address & ~kTopByte;
}

}  // namespace levitate::emu
