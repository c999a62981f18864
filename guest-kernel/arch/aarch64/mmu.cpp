// The kernel's half of the address space.
#include "arch/aarch64/mmu.hpp"

#include <array>

#include "arch/aarch64/layout.h"
#include "arch/aarch64/system_registers.hpp"
#include "arch/include/machine.hpp"
#include "arch/include/setup.hpp"
#include "log/print.hpp"

extern "C" {
extern const std::byte image_start[];
extern const std::byte text_end[];
extern const std::byte rodata_end[];
extern const std::byte image_end[];
}

namespace kernel::arch {

namespace {

constexpr std::size_t kEntries = 512;
using Table = std::array<std::uint64_t, kEntries>;

constexpr std::uint64_t kBlock2M = std::uint64_t{1} << 21;
constexpr std::uint64_t kBlock1G = std::uint64_t{1} << 30;

// Tables from before there is an allocator: the root, the image's (3 + 1 for each 2 MiB), the linear map's.
// Enough for RAM in one 512 GiB region whose ends are not on a GiB boundary.
constexpr std::size_t kEarlyTables = 24;
alignas(kPageSize) constinit std::array<Table, kEarlyTables> early_tables{};
constinit std::size_t early_tables_used = 0;
constinit bool allocator_is_ready = false;
constinit Table* root = nullptr;

constinit PhysicalAddress image_load_address;
constinit std::uint64_t next_device_address = DEVICES_BASE;

PhysicalAddress address_in_image(const void* pointer) {
    return image_load_address + (reinterpret_cast<std::uint64_t>(pointer) - IMAGE_BASE);
}

bool is_early_table(const Table* table) {
    return table >= early_tables.data() && table < early_tables.data() + kEarlyTables;
}

// Tables link by physical address; early ones lie in the image, the rest in the linear map.
PhysicalAddress table_address(const Table* table) {
    return is_early_table(table) ? address_in_image(table) : physical_address(table);
}

Table* table_at(PhysicalAddress address) {
    const PhysicalAddress first = address_in_image(early_tables.data());
    if (address >= first && address < first + sizeof(early_tables)) {
        return &early_tables[(address.value() - first.value()) / sizeof(Table)];
    }
    return reinterpret_cast<Table*>(linear_address(address));
}

Table* new_table() {
    if (!allocator_is_ready) {
        KERNEL_ASSERT(early_tables_used < kEarlyTables);
        return &early_tables[early_tables_used++];
    }
    Result<PageRef> page = allocate_page(PageContents::Zero);
    return page.is_error() ? nullptr : reinterpret_cast<Table*>(page.value().leak()->data());
}

// The entry for an address at a level (1: 1 GiB, 2: 2 MiB, 3: 4 KiB). Makes the tables above it; null without
// memory.
std::uint64_t* entry_at(std::uint64_t address, int level) {
    Table* table = root;
    for (int above = 0; above < level; ++above) {
        std::uint64_t& entry = (*table)[address >> (39 - 9 * above) & (kEntries - 1)];
        if ((entry & PTE_VALID) == 0) {
            Table* below = new_table();
            if (below == nullptr) {
                return nullptr;
            }
            entry = table_address(below).value() | PTE_TABLE;
        }
        table = table_at(PhysicalAddress(entry & kAddressMask));
    }
    return &(*table)[address >> (39 - 9 * level) & (kEntries - 1)];
}

constexpr std::uint64_t kNormal = PTE_ATTRIBUTE_NORMAL | PTE_INNER_SHAREABLE | PTE_ACCESSED | kNoUserExecute;

void map_image_section(const std::byte* start, const std::byte* end, std::uint64_t rights) {
    for (const std::byte* page = start; page < end; page += kPageSize) {
        *entry_at(reinterpret_cast<std::uint64_t>(page), 3) =
            address_in_image(page).value() | PTE_PAGE | kNormal | rights;
    }
}

// RAM at its linear address, in the largest pieces that fit.
void map_linear(std::uint64_t start, std::uint64_t end) {
    constexpr std::uint64_t kRights = kNormal | kNoKernelExecute;
    std::uint64_t address = start;
    while (address < end) {
        const std::uint64_t rest = end - address;
        if (address % kBlock1G == 0 && rest >= kBlock1G) {
            *entry_at(LINEAR_BASE + address, 1) = address | PTE_BLOCK | kRights;
            address += kBlock1G;
        } else if (address % kBlock2M == 0 && rest >= kBlock2M) {
            *entry_at(LINEAR_BASE + address, 2) = address | PTE_BLOCK | kRights;
            address += kBlock2M;
        } else {
            // To the end of this table, or of the range.
            const std::uint64_t table_end = (address | (kBlock2M - 1)) + 1;
            const std::uint64_t last = table_end < end ? table_end : end;
            for (std::uint64_t* entry = entry_at(LINEAR_BASE + address, 3); address < last;
                 address += kPageSize) {
                // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): new_table panics.
                *entry++ = address | PTE_PAGE | kRights;
            }
        }
    }
}

}  // namespace

std::byte* linear_address(PhysicalAddress address) {
    return in_linear_map(address.value());
}

PhysicalAddress physical_address(const void* linear) {
    return PhysicalAddress(out_of_linear_map(linear));
}

PhysicalRange image_range() {
    return {address_in_image(image_start), address_in_image(image_end)};
}

void map_kernel(PhysicalAddress image, PhysicalAddress ram_start, PhysicalAddress ram_end) {
    image_load_address = image;
    root = new_table();
    map_image_section(image_start, text_end, PTE_READ_ONLY);
    map_image_section(text_end, rodata_end, PTE_READ_ONLY | kNoKernelExecute);
    map_image_section(rodata_end, image_end, kNoKernelExecute);
    // The constant part of the image has no second, writable name.
    map_linear(page_ceiling(ram_start.value()), image.value());
    map_linear(address_in_image(rodata_end).value(), page_floor(ram_end.value()));
    data_barrier();
    WRITE_SYSTEM_REGISTER(ttbr1_el1, table_address(root).value());
    // The identity map of boot.S ends here.
    use_empty_user_table();
    asm volatile("tlbi vmalle1\n dsb nsh\n isb" : : : "memory");
}

void use_empty_user_table() {
    alignas(kPageSize) static constinit Table empty{};
    WRITE_SYSTEM_REGISTER(ttbr0_el1, address_in_image(&empty).value());
    instruction_barrier();
}

void allow_allocated_tables() {
    allocator_is_ready = true;
}

volatile std::byte* map_device(PhysicalAddress address, std::size_t size) {
    const std::uint64_t first = page_floor(address.value());
    const std::uint64_t last = page_ceiling(address.value() + size);
    const std::uint64_t place = next_device_address;
    for (std::uint64_t page = first; page < last; page += kPageSize) {
        std::uint64_t* entry = entry_at(place + (page - first), 3);
        if (entry == nullptr) {
            return nullptr;
        }
        *entry = page | PTE_PAGE | PTE_ATTRIBUTE_DEVICE | PTE_ACCESSED | kNoUserExecute | kNoKernelExecute;
    }
    next_device_address += last - first + kPageSize;
    data_barrier();
    instruction_barrier();
    return reinterpret_cast<volatile std::byte*>(place + (address.value() - first));
}

bool map_kernel_page(std::uint64_t address, PhysicalAddress frame) {
    std::uint64_t* entry = entry_at(address, 3);
    if (entry == nullptr) {
        return false;
    }
    if ((*entry & PTE_VALID) != 0) {
        *entry = 0;
        asm volatile("dsb ishst\n tlbi vaae1, %0\n dsb ish\n isb"
                     :
                     : "r"(address >> kPageShift & 0xfff'ffff'ffff)
                     : "memory");
    }
    *entry = frame.value() | PTE_PAGE | kNormal | kNoKernelExecute;
    data_barrier();
    instruction_barrier();
    return true;
}

}  // namespace kernel::arch
