// A program's translation table: four levels of 512 entries (Arm ARM D8.2).
#include "arch/include/page_table.hpp"

#include <linux/mman.h>

#include "arch/aarch64/layout.h"
#include "arch/aarch64/mmu.hpp"
#include "arch/aarch64/system_registers.hpp"

namespace kernel {

namespace {

using arch::kAddressMask;

constexpr std::size_t kEntries = 512;
constexpr int kLeafLevel = 3;
// A bit that the hardware ignores in an invalid entry: a frame that nobody may reach (PROT_NONE).
constexpr std::uint64_t kPresentButInvalid = std::uint64_t{1} << 58;

// Address space identifiers are handed out in turn; when they run out a new generation begins with an empty
// TLB. 0 is never used: it means "none yet".
constinit std::uint64_t current_generation = 1;
constinit std::uint32_t next_identifier = 1;

std::uint32_t identifier_limit() {
    // ID_AA64MMFR0_EL1.ASIDBits: 2 means 16 bits, else 8.
    return (READ_SYSTEM_REGISTER(id_aa64mmfr0_el1) >> 4 & 0xf) == 2 ? 1U << 16 : 1U << 8;
}

std::size_t index_at(std::uint64_t address, int level) {
    return address >> (39 - 9 * level) & (kEntries - 1);
}

std::uint64_t* table_behind(std::uint64_t entry) {
    return reinterpret_cast<std::uint64_t*>(arch::in_linear_map(entry & kAddressMask));
}

bool is_present(std::uint64_t entry) {
    return (entry & (PTE_VALID | kPresentButInvalid)) != 0;
}

// Linux arm64's protection_map: PROT_WRITE and PROT_EXEC each imply reading.
std::uint64_t encode(const Page* frame, int protection) {
    std::uint64_t entry = frame->physical_address().value() | PTE_ATTRIBUTE_NORMAL | PTE_INNER_SHAREABLE |
                          PTE_ACCESSED | PTE_NOT_GLOBAL | arch::kNoKernelExecute;
    if ((protection & (PROT_READ | PROT_WRITE | PROT_EXEC)) == 0) {
        return entry | kPresentButInvalid | PTE_READ_ONLY | arch::kNoUserExecute;
    }
    entry |= PTE_PAGE | PTE_USER;
    if ((protection & PROT_WRITE) == 0) {
        entry |= PTE_READ_ONLY;
    }
    if ((protection & PROT_EXEC) == 0) {
        entry |= arch::kNoUserExecute;
    }
    return entry;
}

int decode_protection(std::uint64_t entry) {
    if ((entry & PTE_VALID) == 0) {
        return PROT_NONE;
    }
    int protection = PROT_READ;
    if ((entry & PTE_READ_ONLY) == 0) {
        protection |= PROT_WRITE;
    }
    if ((entry & arch::kNoUserExecute) == 0) {
        protection |= PROT_EXEC;
    }
    return protection;
}

void free_tables(std::uint64_t* table, int level) {
    for (std::size_t i = 0; i < kEntries && level < kLeafLevel; ++i) {
        if ((table[i] & PTE_VALID) != 0) {
            free_tables(table_behind(table[i]), level + 1);
        }
    }
    page_of(table)->drop_reference();
}

}  // namespace

Result<PageTable> PageTable::create() {
    PageTable table;
    table.root_ = reinterpret_cast<std::uint64_t*>(TRY(allocate_page(PageContents::Zero)).leak()->data());
    return table;
}

PageTable::~PageTable() {
    if (root_ == nullptr) {
        return;
    }
    // The identifier may be in the TLB with the walk cache of these tables; it is not used again in this
    // generation, but the CPU could be running on it right now.
    if ((READ_SYSTEM_REGISTER(ttbr0_el1) & kAddressMask) == arch::out_of_linear_map(root_)) {
        arch::use_empty_user_table();
    }
    if (generation_ == current_generation) {
        asm volatile("dsb ishst\n tlbi aside1, %0\n dsb ish\n isb"
                     :
                     : "r"(std::uint64_t{identifier_} << 48)
                     : "memory");
    }
    free_tables(root_, 0);
}

std::uint64_t* PageTable::entry(std::uint64_t address) const {
    std::uint64_t* table = root_;
    for (int level = 0; level < kLeafLevel; ++level) {
        const std::uint64_t above = table[index_at(address, level)];
        if ((above & PTE_VALID) == 0) {
            return nullptr;
        }
        table = table_behind(above);
    }
    return &table[index_at(address, kLeafLevel)];
}

Result<std::uint64_t*> PageTable::entry_or_allocate(std::uint64_t address) {
    std::uint64_t* table = root_;
    for (int level = 0; level < kLeafLevel; ++level) {
        std::uint64_t& above = table[index_at(address, level)];
        if ((above & PTE_VALID) == 0) {
            Page* below = TRY(allocate_page(PageContents::Zero)).leak();
            data_barrier();
            above = below->physical_address().value() | PTE_TABLE;
        }
        table = table_behind(above);
    }
    return &table[index_at(address, kLeafLevel)];
}

void PageTable::invalidate(std::uint64_t address) {
    if (generation_ != current_generation) {
        return;  // nothing of this table can be in the TLB
    }
    const std::uint64_t operand =
        std::uint64_t{identifier_} << 48 | (address >> kPageShift & 0xfff'ffff'ffff);
    asm volatile("dsb ishst\n tlbi vale1, %0\n dsb ish\n isb" : : "r"(operand) : "memory");
}

Result<void> PageTable::set(std::uint64_t address, Page* frame, int protection) {
    std::uint64_t* place = TRY(entry_or_allocate(address));
    const std::uint64_t before = *place;
    *place = encode(frame, protection);
    if (is_present(before)) {
        invalidate(address);
    } else {
        ++present_pages_;
        most_present_pages_ = std::max(most_present_pages_, present_pages_);
        data_barrier();
        instruction_barrier();
    }
    return {};
}

PageEntry PageTable::get(std::uint64_t address) const {
    const std::uint64_t* place = entry(address);
    if (place == nullptr || !is_present(*place)) {
        return {};
    }
    return {.frame = page_of(PhysicalAddress(*place & kAddressMask)),
            .protection = decode_protection(*place)};
}

void PageTable::set_protection(std::uint64_t address, int protection) {
    std::uint64_t* place = entry(address);
    if (place != nullptr && is_present(*place)) {
        *place = encode(page_of(PhysicalAddress(*place & kAddressMask)), protection);
        invalidate(address);
    }
}

PageRef PageTable::clear(std::uint64_t address) {
    std::uint64_t* place = entry(address);
    if (place == nullptr || !is_present(*place)) {
        return {};
    }
    Page* frame = page_of(PhysicalAddress(*place & kAddressMask));
    *place = 0;
    --present_pages_;
    invalidate(address);
    return PageRef::adopt(frame);
}

std::uint64_t PageTable::next_present(std::uint64_t from, std::uint64_t to) const {
    std::uint64_t address = from;
    while (address < to) {
        const std::uint64_t* table = root_;
        int level = 0;
        while (level < kLeafLevel && (table[index_at(address, level)] & PTE_VALID) != 0) {
            table = table_behind(table[index_at(address, level)]);
            ++level;
        }
        if (level < kLeafLevel) {
            const std::uint64_t step = std::uint64_t{1} << (39 - 9 * level);
            address = (address & ~(step - 1)) + step;
            continue;
        }
        for (std::size_t index = index_at(address, level); index < kEntries && address < to;
             ++index, address += kPageSize) {
            if (is_present(table[index])) {
                return address;
            }
        }
    }
    return to;
}

void PageTable::activate() {
    if (generation_ != current_generation) {
        if (next_identifier == identifier_limit()) {
            ++current_generation;
            next_identifier = 1;
            asm volatile("dsb ishst\n tlbi vmalle1\n dsb ish\n isb" : : : "memory");
        }
        identifier_ = static_cast<std::uint16_t>(next_identifier++);
        generation_ = current_generation;
    }
    WRITE_SYSTEM_REGISTER(ttbr0_el1, std::uint64_t{identifier_} << 48 | arch::out_of_linear_map(root_));
    instruction_barrier();
}

}  // namespace kernel
