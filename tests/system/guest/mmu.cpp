// Stage 1 translation (Arm ARM D8): faults at each level, permissions, sizes and granules, tags, the access
// flag and dirty state, AT, and accesses that lie across pages.
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

constexpr std::uint64_t kNoMemory = 0x5000'0000;  // physical: RAM ends at 256 MiB, and nothing answers here

void faults_by_level() {
    line("-- translation faults");
    PageTables tables(Granule::K4, 48);
    use_upper(tables);
    const std::uint64_t address = kUpper + 0x40'2010'3000;
    show_accesses("level 0", address);
    for (unsigned level = 1; level <= 3; ++level) {
        tables.entry(address, level) = 0;
        synchronize_tables();
        line("level ", level);
        show_accesses("  invalid", address);
    }
    tables.entry(address, 3) = marked_page() | (kPage & ~descriptor::kTableOrPage) | kUser;
    synchronize_tables();
    show_accesses("level 3, reserved descriptor", address);
    tables.entry(address, 3) = marked_page() | kPage | kUser;
    synchronize_tables();
    show_accesses("level 3, page", address);
    tables.entry(kUpper, 0) = 0x4000'0000 | kBlock | kUser;
    synchronize_tables();
    show_accesses("level 0, block", kUpper);
    show_accesses("above the upper half's 48 bits", 0xfffe'0000'0000'0000);
    show_accesses("above the lower half's 48 bits", 0x0001'0000'0000'0000);
    show_accesses("not canonical", 0x5555'0000'0000'0000);

    line("-- access flag faults");
    tables.map(kUpper + 0x80'0000'0000, 0x4000'0000, (kBlock & ~descriptor::kAccessFlag) | kUser, 1);
    tables.map(kUpper + 0x80'4000'0000, marked_block(), (kBlock & ~descriptor::kAccessFlag) | kUser, 2);
    tables.map(kUpper + 0x80'8000'0000, marked_page(), (kPage & ~descriptor::kAccessFlag) | kUser, 3);
    synchronize_tables();
    show_accesses("level 1", kUpper + 0x80'0000'0000);
    show_accesses("level 2", kUpper + 0x80'4000'0000);
    show_accesses("level 3", kUpper + 0x80'8000'0000);

    line("-- permission faults by level");
    for (unsigned level = 1; level <= 3; ++level) {
        const std::uint64_t place = kUpper + 0x100'0000'0000 + 0x4000'0000ULL * level;
        const std::uint64_t physical = level == 1 ? 0x4000'0000 : level == 2 ? marked_block() : marked_page();
        tables.map(
            place, physical,
            (level == 3 ? kPage : kBlock) | descriptor::kReadOnly | descriptor::kPxn | descriptor::kUxn,
            level);
        synchronize_tables();
        line("level ", level);
        show_accesses("  read only", level == 1 ? place + (marked_page() - physical) : place);
    }

    line("-- address size faults");
    const std::uint64_t small_output = tcr::kUsual & ~(std::uint64_t{7} << 32);  // IPS: 32 bits
    const std::uint64_t large = std::uint64_t{1} << 36;
    const std::uint64_t place = kUpper + 0x200'0000'0000;
    WRITE_REGISTER(tcr_el1, small_output);
    tables.map(place, large | 0x4000'0000, kBlock | kUser, 1);
    tables.map(place + 0x4000'0000, large, kBlock | kUser, 2);
    tables.map(place + 0x8000'0000, large, kPage | kUser, 3);
    tables.entry(place + 0xc000'0000, 1) = large | descriptor::kValid | descriptor::kTableOrPage;
    tables.entry(place + 0x1'0000'0000, 2) = large | descriptor::kValid | descriptor::kTableOrPage;
    tables.entry(place + 0x80'0000'0000, 0) = large | descriptor::kValid | descriptor::kTableOrPage;
    tables.entry(place + 0x1'4000'0000, 3) = large | descriptor::kValid;  // it is not a page either
    synchronize_tables();
    show_accesses("block at level 1", place);
    show_accesses("block at level 2", place + 0x4000'0000);
    show_accesses("page at level 3", place + 0x8000'0000);
    show_accesses("table at level 0", place + 0x80'0000'0000);
    show_accesses("table at level 1", place + 0xc000'0000);
    show_accesses("table at level 2", place + 0x1'0000'0000);
    show_accesses("reserved descriptor at level 3", place + 0x1'4000'0000);
    WRITE_REGISTER(ttbr1_el1, large);
    synchronize_tables();
    show_accesses("TTBR1", place);
    use_main();
}

void external_aborts() {
    line("-- external aborts");
    PageTables tables(Granule::K4, 48);
    use_upper(tables);
    tables.map(kUpper, kNoMemory, kPage | kUser);
    tables.map(kUpper + 0x1000, kNoMemory, kPage | kUser | descriptor::kDevice);
    const std::uint64_t table = kNoMemory | descriptor::kValid | descriptor::kTableOrPage;
    tables.entry(kUpper + 0x80'0000'0000, 0) = table;
    tables.entry(kUpper + 0x100'0000'0000, 1) = table;
    tables.entry(kUpper + 0x100'4000'0000, 2) = table;
    synchronize_tables();
    show_accesses("Normal memory that is not there", kUpper);
    show_accesses("Device memory that is not there", kUpper + 0x1000);
    show_accesses("table of level 1", kUpper + 0x80'0000'0000);
    show_accesses("table of level 2", kUpper + 0x100'0000'0000);
    show_accesses("table of level 3", kUpper + 0x100'4000'0000);
    WRITE_REGISTER(ttbr1_el1, kNoMemory);
    synchronize_tables();
    show_accesses("table of level 0", kUpper);
    use_main();
}

void permissions() {
    line("-- permissions");
    PageTables tables(Granule::K4, 48);
    const std::uint64_t table_place = kUpper + 0x20'0000;
    use_upper(tables);
    for (const std::uint64_t control : {sctlr::kUsual, sctlr::kUsual | sctlr::kWxn}) {
        for (unsigned bits = 0; bits < 16; ++bits) {
            const std::uint64_t attributes =
                ((bits & 1) != 0 ? kUser : 0) | ((bits & 2) != 0 ? descriptor::kReadOnly : 0) |
                ((bits & 4) != 0 ? descriptor::kPxn : 0) | ((bits & 8) != 0 ? descriptor::kUxn : 0);
            tables.map(kUpper, marked_page(), kPage | attributes);
            synchronize_tables();
            line(control == sctlr::kUsual ? "AP[2:1] " : "WXN, AP[2:1] ", bits & 3, " PXN ", bits >> 2 & 1,
                 " UXN ", bits >> 3);
            WRITE_REGISTER(sctlr_el1, control);
            synchronize_tables();
            show_accesses("  PAN 0", kUpper);
            show_accesses("  PAN 1", kUpper, pstate::kPan);
            for (const std::uint64_t uao :
                 {std::uint64_t{0}, pstate::kUao, pstate::kPan, pstate::kPan | pstate::kUao}) {
                print("  ldtr ");
                print_access(kUpper, Level::El1h, Kind::ReadUnprivileged, uao);
                print(" sttr ");
                print_access(kUpper, Level::El1h, Kind::WriteUnprivileged, uao);
            }
            print("\n");
            WRITE_REGISTER(sctlr_el1, sctlr::kUsual);
        }
    }

    line("-- hierarchical permissions");
    const std::uint64_t hpd1 = std::uint64_t{1} << 42;
    for (const std::uint64_t control : {tcr::kUsual, tcr::kUsual | hpd1}) {
        use_upper(tables, control);
        for (unsigned level = 0; level <= 2; ++level) {
            for (const std::uint64_t attribute :
                 {std::uint64_t{0}, descriptor::kTablePxn, descriptor::kTableUxn, descriptor::kTableNoUser,
                  descriptor::kTableReadOnly, descriptor::kTableNoUser | descriptor::kTableReadOnly}) {
                for (const std::uint64_t leaf : {kUser, kUser | descriptor::kReadOnly}) {
                    tables.map(table_place, marked_page(), kPage | leaf);
                    std::uint64_t& entry = tables.entry(table_place, level);
                    entry |= attribute;
                    synchronize_tables();
                    line(control == tcr::kUsual ? "level " : "HPD, level ", level, " attribute ",
                         Hex{attribute >> 59}, leaf == kUser ? "" : " read only");
                    show_accesses("  ", table_place);
                    entry &= ~attribute;
                }
            }
        }
    }
    use_main();
}

// The first and last address of every size of the upper half, and of the lower ones that hold the runtime.
void map_runtime(PageTables& tables, Granule granule) {
    const unsigned level = granule == Granule::K4 ? 1 : 2;
    constexpr std::uint64_t kEnd = 0x4800'0000;
    for (std::uint64_t at = 0; at < kEnd; at += std::uint64_t{1} << tables.shift(level)) {
        const bool device = at < kRam;
        tables.map(
            at, at,
            kBlock | descriptor::kUxn | (device ? descriptor::kDevice | descriptor::kPxn : std::uint64_t{0}),
            level);
    }
}

std::uint64_t granule_bits(Granule granule) {
    constexpr std::uint64_t kTg064k = 1 << 14;
    constexpr std::uint64_t kTg016k = 2 << 14;
    constexpr std::uint64_t kTg116k = std::uint64_t{1} << 30;
    constexpr std::uint64_t kTg14k = std::uint64_t{2} << 30;
    constexpr std::uint64_t kTg164k = std::uint64_t{3} << 30;
    return granule == Granule::K4 ? kTg14k : granule == Granule::K16 ? kTg016k | kTg116k : kTg064k | kTg164k;
}

std::uint64_t control_of(Granule granule, unsigned t0sz, unsigned t1sz) {
    constexpr std::uint64_t kGranulesAndSizes = 0x3f | 3 << 14 | 0x3f << 16 | std::uint64_t{3} << 30;
    return (tcr::kUsual & ~kGranulesAndSizes) | granule_bits(granule) | t0sz | std::uint64_t{t1sz} << 16;
}

void sizes(Granule granule) {
    line("-- sizes, granule of 2^", static_cast<unsigned>(granule));
    const std::uint64_t granule_size = std::uint64_t{1} << static_cast<unsigned>(granule);
    const std::uint64_t physical = allocate(granule_size);
    mark_page(physical);
    PageTables lower(granule, 48);
    map_runtime(lower, granule);
    use_lower(lower, control_of(granule, 16, 16));
    for (unsigned size = 16; size <= 39; ++size) {
        const unsigned bits = 64 - size;
        const std::uint64_t first = ~std::uint64_t{0} << bits;
        PageTables tables(granule, bits);
        tables.map(first, physical, kPage | kUser);
        tables.map(~(granule_size - 1), physical, kPage | kUser);
        use_upper(tables, control_of(granule, 16, size));
        line("T1SZ ", size, ", from level ", tables.first_level());
        // `lower` does not map EL0's fragments, so EL1 reads.
        print("  first ");
        print_access(first, Level::El1h, Kind::Read);
        print(" last ");
        print_access(~(granule_size - 1), Level::El1h, Kind::Read);
        print(" second ");
        print_access(first + granule_size, Level::El1h, Kind::Read);
        print(" below ");
        print_access(first - granule_size, Level::El1h, Kind::Read);
        print("\n");
    }
    for (unsigned size = 16; size <= 33; ++size) {
        const unsigned bits = 64 - size;
        PageTables tables(granule, bits);
        map_runtime(tables, granule);
        const std::uint64_t last = (std::uint64_t{1} << bits) - granule_size;
        tables.map(last, physical, kPage);
        use_lower(tables, control_of(granule, size, 16));
        line("T0SZ ", size, ", from level ", tables.first_level());
        print("  last ");
        print_access(last, Level::El1h, Kind::Read);
        print(" above ");
        print_access(last + granule_size, Level::El1h, Kind::Read);
        print(" before ");
        print_access(last - granule_size, Level::El1h, Kind::Read);
        print("\n");
    }
    use_main();
}

}  // namespace

void guest_main() {
    faults_by_level();
    external_aborts();
    permissions();
    sizes(Granule::K4);
    sizes(Granule::K16);
    sizes(Granule::K64);
    line("end");
}

}  // namespace guest
