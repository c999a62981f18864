// Memory as stage 1 gives it (Arm ARM D8, B2): large and contiguous mappings, tagged addresses, the access
// flag and dirty state, AT, accesses that lie across pages, alignment.
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

void large_mappings() {
    line("-- large mappings");
    PageTables tables(Granule::K4, 48);
    use_upper(tables);
    const std::uint64_t place = kUpper + 0x40'0000'0000;
    tables.map(place, kRam, kBlock | kUser, 1);
    tables.map(place + 0x4000'0000, marked_block(), kBlock | kUser, 2);
    synchronize_tables();
    show_accesses("1 GiB", place + (marked_page() - kRam));
    show_accesses("2 MiB", place + 0x4000'0000);
    show_accesses("2 MiB, last page", place + 0x4000'0000 + 0x1f'f000);

    constexpr unsigned kContiguousEntries = 16;
    const std::uint64_t pages = allocate(kContiguousEntries * kPageSize);
    for (unsigned i = 0; i < kContiguousEntries; ++i) {
        mark_page(pages + i * kPageSize);
        tables.map(place + 0x8000'0000 + i * kPageSize, pages + i * kPageSize,
                   kPage | kUser | descriptor::kContiguous);
        tables.map(place + 0xc000'0000 + i * 0x20'0000ULL, kRam + 0x400'0000 + i * 0x20'0000ULL,
                   kBlock | kUser | descriptor::kContiguous, 2);
    }
    synchronize_tables();
    show_accesses("contiguous pages, first", place + 0x8000'0000);
    show_accesses("contiguous pages, last", place + 0x8000'f000);
    show_accesses("contiguous pages, one further", place + 0x8001'0000);
    show_accesses("contiguous blocks", place + 0xc000'0000 + (marked_page() - kRam - 0x400'0000));
    use_main();
}

FRAGMENT(read_and_stop, "ldr x1, [x0]");
FRAGMENT(branch_and_stop, "br x0");
FRAGMENT(call_and_stop, "blr x0");

void tagged_addresses() {
    line("-- tagged addresses");
    PageTables tables(Granule::K4, 48);
    tables.map(kUpper, marked_page(), kPage | kUser);
    const std::uint64_t tag = 0x5aULL << 56;
    for (const std::uint64_t control : {tcr::kUsual, tcr::kUsual | tcr::kTbi0, tcr::kUsual | tcr::kTbi1,
                                        tcr::kUsual | tcr::kTbi0 | tcr::kTbi1}) {
        line("TCR ", Hex{control});
        use_upper(tables, control);
        const std::uint64_t high = (kUpper & ~(0xffULL << 56)) | tag;
        show_accesses("  upper half", high);
        for (const Level level : {Level::El0, Level::El1h}) {
            show("ldr of lower half", read_and_stop, {.level = level}, {tag | kUserData});
            show("ldr of unmapped lower half", read_and_stop, {.level = level}, {tag | kFreeSpace | 0x40});
            report("br to lower half", run(branch_and_stop, {.level = level}, {tag | kUserCode}), kUserCode);
            report("br to unmapped lower half", run(branch_and_stop, {.level = level}, {tag | kFreeSpace}),
                   kFreeSpace);
            report("br to unmapped upper half", run(branch_and_stop, {.level = level}, {high | 0x5000}),
                   kUpper);
            report("eret to upper half", run_at(high, {.level = level}), kUpper);
        }
    }
    use_main();
}

std::uint64_t state_of(std::uint64_t descriptor) {
    return descriptor & (descriptor::kAccessFlag | descriptor::kReadOnly | descriptor::kDirtyModifier);
}

// The descriptor's AF, AP[2] and DBM before and after an access.
void show_update(const char* what, std::uint64_t& entry, std::uint64_t value, std::uint64_t address,
                 Level level, Kind kind) {
    entry = value;
    synchronize_tables();
    print(what);
    print(" ");
    print(Hex{state_of(value)});
    print(kind == Kind::Read ? " r " : kind == Kind::Write ? " w " : " x ");
    print_access(address, level, kind);
    line(" -> ", Hex{state_of(entry)});
}

void hardware_updates() {
    line("-- access flag and dirty state by hardware");
    PageTables tables(Granule::K4, 48);
    std::uint64_t& leaf = tables.entry(kUpper, 3);
    std::uint64_t& large = tables.entry(kUpper + 0x4000'0000, 2);
    const std::uint64_t young = marked_page() | (kPage & ~descriptor::kAccessFlag);
    const std::uint64_t clean = descriptor::kReadOnly | descriptor::kDirtyModifier;
    for (const std::uint64_t control :
         {std::uint64_t{0}, tcr::kHardwareAccessFlag, tcr::kHardwareAccessFlag | tcr::kHardwareDirty,
          tcr::kHardwareDirty}) {
        line("TCR.HA ", control >> 39 & 1, " HD ", control >> 40 & 1);
        use_upper(tables, tcr::kUsual | control);
        for (const Kind kind : {Kind::Read, Kind::Write, Kind::Execute}) {
            show_update("  EL0 page", leaf, young | kUser, kUpper, Level::El0, kind);
            show_update("  EL0 page, clean", leaf, young | kUser | clean | descriptor::kAccessFlag, kUpper,
                        Level::El0, kind);
            show_update("  EL0 page, young and clean", leaf, young | kUser | clean, kUpper, Level::El0, kind);
            show_update("  EL0 page, read-only", leaf,
                        young | kUser | descriptor::kReadOnly | descriptor::kAccessFlag, kUpper, Level::El0,
                        kind);
            show_update("  EL1 page, clean", leaf, young | clean | descriptor::kAccessFlag, kUpper,
                        Level::El1h, kind);
            show_update("  EL1 page, clean, from EL0", leaf, young | clean | descriptor::kAccessFlag, kUpper,
                        Level::El0, kind);
            show_update("  EL1 block", large, marked_block() | (kBlock & ~descriptor::kAccessFlag),
                        kUpper + 0x4000'0000, Level::El1h, kind);
        }
    }
    use_main();
}

FRAGMENT(at_s1e1r, "at s1e1r, x0\n isb\n mrs x1, par_el1");
FRAGMENT(at_s1e1w, "at s1e1w, x0\n isb\n mrs x1, par_el1");
FRAGMENT(at_s1e0r, "at s1e0r, x0\n isb\n mrs x1, par_el1");
FRAGMENT(at_s1e0w, "at s1e0w, x0\n isb\n mrs x1, par_el1");
FRAGMENT(at_s1e1rp, "at s1e1rp, x0\n isb\n mrs x1, par_el1");
FRAGMENT(at_s1e1wp, "at s1e1wp, x0\n isb\n mrs x1, par_el1");

void address_translation() {
    line("-- AT");
    constexpr std::uint64_t kParNs = 1 << 9;  // UNKNOWN in Non-secure state
    const struct {
        const char* what;
        const std::uint32_t* fragment;
    } operations[] = {{" E1R ", at_s1e1r}, {" E1W ", at_s1e1w},   {" E0R ", at_s1e0r},
                      {" E0W ", at_s1e0w}, {" E1RP ", at_s1e1rp}, {" E1WP ", at_s1e1wp}};
    PageTables tables(Granule::K4, 48);
    use_upper(tables);
    const std::uint64_t physical = marked_page();
    const struct {
        const char* what;
        std::uint64_t descriptor;
        unsigned level;
    } mappings[] = {
        {"EL0 page", physical | kPage | kUser, 3},
        {"EL0 read-only page", physical | kPage | kUser | descriptor::kReadOnly, 3},
        {"EL1 page", physical | kPage, 3},
        {"EL1 read-only page", physical | kPage | descriptor::kReadOnly, 3},
        {"non-shareable page", physical | (kPage & ~descriptor::kInnerShareable), 3},
        {"outer-shareable page", (physical | kPage) ^ 1 << 8, 3},
        {"non-cacheable page", physical | kPage | descriptor::kNonCacheable, 3},
        {"Device page", physical | kPage | descriptor::kDevice, 3},
        {"page without access flag", physical | (kPage & ~descriptor::kAccessFlag), 3},
        {"execute-never page", physical | kPage | descriptor::kPxn | descriptor::kUxn, 3},
        {"block of 2 MiB", marked_block() | kBlock | kUser, 2},
        {"block of 1 GiB", kRam | kBlock, 1},
        {"nothing at level 3", 0, 3},
        {"nothing at level 2", 0, 2},
        {"nothing at level 1", 0, 1},
    };
    std::uint64_t place = kUpper;
    for (const auto& mapping : mappings) {
        tables.entry(place, mapping.level) = mapping.descriptor;
        synchronize_tables();
        for (const std::uint64_t pan : {std::uint64_t{0}, pstate::kPan}) {
            if (pan != 0 && (mapping.descriptor & kUser) == 0) {
                continue;
            }
            print(mapping.what);
            print(pan != 0 ? ", PAN:" : ":");
            for (const auto& operation : operations) {
                print(operation.what);
                const RunState& state =
                    run(operation.fragment, {.pstate = pstate::kDaif | pan}, {place + 0x5a8});
                print(Hex{state.x[1] & ~kParNs});
            }
            print("\n");
        }
        place += std::uint64_t{1} << 39;
    }
    show("at s1e0r of an address that is not canonical", at_s1e0r, {}, {0x1234'0000'0000'0000});
    line("  PAR ", Hex{READ_REGISTER(par_el1) & ~kParNs});
    // A synchronous external abort on the walk is taken as an exception (Arm ARM D8.10).
    constexpr std::uint64_t kNoMemory = 0x5000'0000;
    tables.entry(place, 0) = kNoMemory | descriptor::kValid | descriptor::kTableOrPage;
    synchronize_tables();
    show("at s1e1r where the table is not there", at_s1e1r, {}, {place});
    show("at s1e0w where the table is not there", at_s1e0w, {}, {place});
    use_main();
}

FRAGMENT(load_2, "ldrh w1, [x0]");
FRAGMENT(load_4, "ldr w1, [x0]");
FRAGMENT(load_8, "ldr x1, [x0]");
FRAGMENT(load_16, "ldr q1, [x0]");
FRAGMENT(load_pair, "ldp x1, x2, [x0]");
FRAGMENT(load_vector_pair, "ldp q1, q2, [x0]");
FRAGMENT(load_structure, "ld1 {v1.16b}, [x0]");
FRAGMENT(load_halves, "ld1 {v1.8h}, [x0]");
FRAGMENT(load_exclusive, "ldxr x1, [x0]");
FRAGMENT(load_exclusive_pair, "ldxp x1, x2, [x0]");
FRAGMENT(load_acquire, "ldar x1, [x0]");
FRAGMENT(load_acquire_pc, ".inst 0xf8bfc001  // ldapr x1, [x0]");
FRAGMENT(store_8, "str x1, [x0]");
FRAGMENT(store_16, "str q1, [x0]");
FRAGMENT(store_pair, "stp x1, x2, [x0]");
FRAGMENT(store_release, "stlr x1, [x0]");
FRAGMENT(store_exclusive, "stxr w2, x1, [x0]");
FRAGMENT(add_atomically, "ldadd x1, x2, [x0]");
FRAGMENT(swap_atomically, "swp x1, x2, [x0]");
FRAGMENT(compare_and_swap, "cas x1, x2, [x0]");
FRAGMENT(compare_and_swap_pair, "casp x2, x3, x4, x5, [x0]");
FRAGMENT(zero_block, "dc zva, x0");

struct AccessCase {
    const char* what;
    const std::uint32_t* fragment;
};

constexpr AccessCase kPlainAccesses[] = {
    {"ldrh", load_2},
    {"ldr w", load_4},
    {"ldr x", load_8},
    {"ldr q", load_16},
    {"ldp x", load_pair},
    {"ldp q", load_vector_pair},
    {"ld1 .16b", load_structure},
    {"ld1 .8h", load_halves},
    {"str x", store_8},
    {"str q", store_16},
    {"stp x", store_pair},
};
constexpr AccessCase kOrderedAccesses[] = {
    {"ldxr", load_exclusive},        {"ldxp", load_exclusive_pair}, {"ldar", load_acquire},
    {"ldapr", load_acquire_pc},      {"stlr", store_release},       {"stxr", store_exclusive},
    {"ldadd", add_atomically},       {"swp", swap_atomically},      {"cas", compare_and_swap},
    {"casp", compare_and_swap_pair},
};

template <unsigned long count>
void show_cases(const char* where, const AccessCase (&cases)[count], std::uint64_t address) {
    print(where);
    print(":");
    for (const AccessCase& one : cases) {
        print(" ");
        print(one.what);
        const RunState& state = run(one.fragment, {}, {address});
        if (is_completed(state)) {
            print(" +");
        } else {
            print(" ");
            print(Hex{state.esr & 0x1ff'ffff});
            print(state.far == address ? "" : " FAR ");
            if (state.far != address) {
                print(Hex{state.far});
            }
        }
    }
    print("\n");
}

void across_pages() {
    line("-- across pages");
    PageTables tables(Granule::K4, 48);
    const std::uint64_t two_pages = allocate(2 * kPageSize);
    const std::uint64_t border = kUpper + kPageSize;
    tables.map(kUpper, two_pages, kPage);
    use_upper(tables);
    show_cases("second page not mapped, 1 byte before", kPlainAccesses, border - 1);
    show_cases("second page not mapped, 4 bytes before", kPlainAccesses, border - 4);
    show_cases("second page not mapped, 8 bytes before", kPlainAccesses, border - 8);
    tables.map(border, two_pages, kPage | descriptor::kReadOnly);
    synchronize_tables();
    show_cases("second page read-only, 4 bytes before", kPlainAccesses, border - 4);
    tables.entry(kUpper, 3) = 0;
    synchronize_tables();
    show_cases("first page not mapped", kPlainAccesses, border - 4);
    show_cases("last bytes of the address space", kPlainAccesses, ~std::uint64_t{0} - 3);
    use_main();
}

void alignment() {
    line("-- alignment");
    PageTables tables(Granule::K4, 48);
    const std::uint64_t physical = allocate(kPageSize);
    tables.map(kUpper, physical, kPage);
    tables.map(kUpper + kPageSize, physical, kPage | descriptor::kDevice);
    tables.map(kUpper + 2 * kPageSize, physical, kPage | descriptor::kNonCacheable);
    use_upper(tables);
    show_cases("Normal, aligned", kOrderedAccesses, kUpper + 0x40);
    show_cases("Normal, unaligned", kPlainAccesses, kUpper + 0x43);
    show_cases("Normal, unaligned", kOrderedAccesses, kUpper + 0x43);
    show_cases("Non-cacheable, unaligned", kPlainAccesses, kUpper + 2 * kPageSize + 0x43);
    show_cases("Device, aligned", kPlainAccesses, kUpper + kPageSize + 0x40);
    show_cases("Device, unaligned", kPlainAccesses, kUpper + kPageSize + 0x43);
    show_cases("Device, aligned to 8", kPlainAccesses, kUpper + kPageSize + 0x48);
    show_cases("not mapped, unaligned", kPlainAccesses, kUpper + 3 * kPageSize + 0x43);
    show("dc zva of Device memory", zero_block, {}, {kUpper + kPageSize + 0x43});
    WRITE_REGISTER(sctlr_el1, sctlr::kUsual | sctlr::kAlignmentCheck);
    show_cases("SCTLR.A, aligned", kPlainAccesses, kUpper + 0x40);
    show_cases("SCTLR.A, aligned to 8", kPlainAccesses, kUpper + 0x48);
    show_cases("SCTLR.A, unaligned", kPlainAccesses, kUpper + 0x43);
    show_cases("SCTLR.A, not mapped, unaligned", kPlainAccesses, kUpper + 3 * kPageSize + 0x43);
    show("SCTLR.A, dc zva", zero_block, {}, {kUpper + 0x43});
    use_main();
}

}  // namespace

void guest_main() {
    large_mappings();
    tagged_addresses();
    hardware_updates();
    address_translation();
    across_pages();
    alignment();
    line("end");
}

}  // namespace guest
