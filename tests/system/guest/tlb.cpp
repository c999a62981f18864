// What TLB and instruction cache maintenance guarantee (Arm ARM D8.13, B2.4.4). The transcript does not say
// what the TLBs and the cache may still hold before it.
#include "tests/system/guest/access.hpp"
#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/page_tables.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/regime.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

using descriptor::kBlock;
using descriptor::kPage;
using descriptor::kUser;

constexpr std::uint64_t kPageSize = 4096;

// Pages that are told apart by what is read there.
std::uint64_t numbered_page(std::uint64_t number) {
    const std::uint64_t physical = allocate(kPageSize);
    mark_page(physical, number);
    return physical;
}

void show_value(const char* what, std::uint64_t address, Level level = Level::El1h) {
    print(what);
    print(" ");
    print_access(address, level, Kind::Read);
    print("\n");
}

void barrier() {
    __asm__ volatile("dsb sy\n\tisb" : : : "memory");
}

void address_space_identifiers() {
    line("-- ASIDs");
    PageTables first(Granule::K4, 48);
    PageTables second(Granule::K4, 48);
    first.map(kUpper, numbered_page(0x11), kPage | kUser | descriptor::kNotGlobal);
    second.map(kUpper, numbered_page(0x22), kPage | kUser | descriptor::kNotGlobal);
    const auto use = [](const PageTables& tables, std::uint64_t asid) {
        WRITE_REGISTER(ttbr1_el1, tables.root() | asid << 48);
    };
    for (const std::uint64_t asid_bits : {std::uint64_t{0}, tcr::kAsid16}) {
        line(asid_bits == 0 ? "8 bits, from TTBR1" : "16 bits, from TTBR1");
        const std::uint64_t other = asid_bits == 0 ? 0x80 : 0x0180;
        use_upper(first, tcr::kUsual | tcr::kA1 | asid_bits);
        for (unsigned round = 0; round < 2; ++round) {
            use(first, 0x80 - round);
            show_value("  first", kUpper);
            use(second, asid_bits == 0 ? 0x7e : other);
            show_value("  second", kUpper);
            show_value("  second at EL0", kUpper, Level::El0);
            use(first, 0x80 - round);
            show_value("  first at EL0", kUpper, Level::El0);
        }
    }
    line("from TTBR0");
    use_upper(first, tcr::kUsual | tcr::kAsid16);
    for (const unsigned asid : {1U, 2U, 1U, 2U, 0x101U}) {
        WRITE_REGISTER(ttbr0_el1, main_tables().root() | std::uint64_t{asid} << 48);
        use(asid == 1 ? first : second, 7);
        show_value(asid == 1 ? "  first" : "  second", kUpper);
    }
    use_main();
}

// A TLBI by name, with the operand in the form that it takes.
struct Invalidation {
    const char* what;
    void (*perform)(std::uint64_t address, std::uint64_t asid);
};

#define INVALIDATE_ALL(name) \
    {#name, [](std::uint64_t, std::uint64_t) { __asm__ volatile("tlbi " #name : : : "memory"); }}
#define INVALIDATE_BY_ASID(name)                                                \
    {#name, [](std::uint64_t, std::uint64_t asid) {                             \
         __asm__ volatile("tlbi " #name ", %0" : : "r"(asid << 48) : "memory"); \
     }}
#define INVALIDATE_BY_ADDRESS(name)                                                                   \
    {#name, [](std::uint64_t address, std::uint64_t asid) {                                           \
         const std::uint64_t operand = asid << 48 | (address >> 12 & ((std::uint64_t{1} << 44) - 1)); \
         __asm__ volatile("tlbi " #name ", %0" : : "r"(operand) : "memory");                          \
     }}

constexpr Invalidation kInvalidations[] = {
    INVALIDATE_ALL(vmalle1),        INVALIDATE_ALL(vmalle1is),      INVALIDATE_BY_ASID(aside1),
    INVALIDATE_BY_ASID(aside1is),   INVALIDATE_BY_ADDRESS(vae1),    INVALIDATE_BY_ADDRESS(vae1is),
    INVALIDATE_BY_ADDRESS(vaae1),   INVALIDATE_BY_ADDRESS(vaae1is), INVALIDATE_BY_ADDRESS(vale1),
    INVALIDATE_BY_ADDRESS(vale1is), INVALIDATE_BY_ADDRESS(vaale1),  INVALIDATE_BY_ADDRESS(vaale1is),
};

void invalidate(const Invalidation& operation, std::uint64_t address, std::uint64_t asid) {
    __asm__ volatile("dsb sy" : : : "memory");
    operation.perform(address, asid);
    barrier();
}

void invalidations_show_changes() {
    line("-- TLBI");
    constexpr std::uint64_t kAsid = 5;
    const std::uint64_t before = numbered_page(0xb0);
    const std::uint64_t after = numbered_page(0xa0);
    const std::uint64_t large_before = allocate(2 << 20);
    const std::uint64_t large_after = allocate(2 << 20);
    mark_page(large_before + 0x12'3000, 0xb2);
    mark_page(large_after + 0x12'3000, 0xa2);
    PageTables tables(Granule::K4, 48);
    const std::uint64_t place = kUpper + 0x1234'5678'9000;
    const std::uint64_t large = kUpper + 0x5555'5540'0000;
    use_upper(tables, tcr::kUsual | tcr::kAsid16 | tcr::kA1);
    WRITE_REGISTER(ttbr1_el1, tables.root() | kAsid << 48);
    for (const Invalidation& operation : kInvalidations) {
        std::uint64_t& leaf = tables.entry(place, 3);
        std::uint64_t& large_leaf = tables.entry(large, 2);
        leaf = before | kPage | kUser | descriptor::kNotGlobal;
        large_leaf = large_before | kBlock | kUser | descriptor::kNotGlobal;
        barrier();
        line(operation.what);
        show_value("  before", place);
        show_value("  before, block", large + 0x12'3000);
        // Break before make (Arm ARM D8.14.1).
        leaf = 0;
        large_leaf = 0;
        invalidate(operation, place, kAsid);
        invalidate(operation, large + 0x1000, kAsid);  // any address in the block
        show_value("  broken", place, Level::El0);
        show_value("  broken, block", large + 0x12'3000, Level::El0);
        leaf = after | kPage | kUser | descriptor::kNotGlobal;
        large_leaf = large_after | kBlock | kUser | descriptor::kNotGlobal;
        barrier();
        show_value("  after", place);
        show_value("  after, block", large + 0x12'3000);
        // Fewer rights.
        leaf |= descriptor::kReadOnly;
        invalidate(operation, place, kAsid);
        print("  read-only: w ");
        print_access(place, Level::El0, Kind::Write);
        print("\n");
        leaf = 0;
        large_leaf = 0;
        synchronize_tables();
    }
    line("-- a table in place of another");
    std::uint64_t& table = tables.entry(place, 2);
    tables.entry(place, 3) = before | kPage;
    synchronize_tables();
    show_value("before", place);
    const std::uint64_t other_table = allocate(kPageSize);
    reinterpret_cast<std::uint64_t*>(other_table)[place >> 12 & 0x1ff] = after | kPage;
    table = 0;
    invalidate(kInvalidations[4], place, kAsid);
    table = other_table | descriptor::kValid | descriptor::kTableOrPage;
    barrier();
    show_value("after", place);

    // What faults by its descriptor is in no TLB (Arm ARM D8.13.1).
    line("-- without TLBI");
    std::uint64_t& fresh = tables.entry(kUpper, 3);
    show_value("invalid", kUpper);
    fresh = before | (kPage & ~descriptor::kAccessFlag);
    barrier();
    show_value("without access flag", kUpper);
    fresh |= descriptor::kAccessFlag;
    barrier();
    show_value("valid", kUpper);
    use_main();
}

// The operand names the page's first 4 KiB; what is read are its last.
void other_granules() {
    line("-- TLBI with other granules");
    constexpr std::uint64_t kTg1 = std::uint64_t{3} << 30;
    const struct {
        Granule granule;
        std::uint64_t control;
    } cases[] = {{Granule::K16, std::uint64_t{1} << 30}, {Granule::K64, std::uint64_t{3} << 30}};
    for (const auto& one : cases) {
        const std::uint64_t size = std::uint64_t{1} << static_cast<unsigned>(one.granule);
        const std::uint64_t before = allocate(size);
        const std::uint64_t after = allocate(size);
        const std::uint64_t last = size - kPageSize;
        mark_page(before + last, 0xb0);
        mark_page(after + last, 0xa0);
        PageTables tables(one.granule, 48);
        use_upper(tables, (tcr::kUsual & ~kTg1) | one.control);
        std::uint64_t& leaf = tables.entry(kUpper, 3);
        leaf = before | kPage;
        barrier();
        line("2^", static_cast<unsigned>(one.granule), " bytes");
        show_value("  before", kUpper + last);
        leaf = 0;
        invalidate(kInvalidations[4], kUpper, 0);
        show_value("  broken", kUpper + last);
        leaf = after | kPage;
        barrier();
        show_value("  after", kUpper + last);
    }
    use_main();
}

}  // namespace

void guest_main() {
    address_space_identifiers();
    invalidations_show_changes();
    other_granules();
    line("end");
}

}  // namespace guest
