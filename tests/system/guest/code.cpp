// Code that changes (Arm ARM B2.4.4): by every kind of store, through another mapping, at EL0 and in the page
// that executes; and code that lies across pages.
#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/page_tables.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/regime.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

using descriptor::kPage;
using descriptor::kUser;

constexpr std::uint64_t kPageSize = 4096;
constexpr std::uint32_t kNop = 0xd503'201f;
constexpr std::uint32_t kBrkCompleted = 0xd420'0000 | kCompleted << 5;

// movz x0, #value
constexpr std::uint32_t move_to_x0(std::uint32_t value) {
    return 0xd280'0000 | value << 5;
}

volatile std::uint32_t& word(std::uint64_t address) {
    return *reinterpret_cast<volatile std::uint32_t*>(address);
}

void clean_and_invalidate(std::uint64_t data, std::uint64_t code) {
    __asm__ volatile("dc cvau, %0\n\tdsb sy\n\tic ivau, %1\n\tdsb sy\n\tisb"
                     :
                     : "r"(data), "r"(code)
                     : "memory");
}

void show_x0(const char* what, std::uint64_t address, Level level = Level::El1h) {
    const RunState& state = run_at(address, {.level = level});
    print(what);
    if (is_completed(state)) {
        line(" x0 ", Hex{state.x[0]});
    } else {
        report("", state, address);
    }
}

// One page of RAM, mapped where EL1 may execute it and where it may write it.
struct Aliases {
    std::uint64_t physical = allocate(kPageSize);
    std::uint64_t execute = kUpper;
    std::uint64_t write = kUpper + 0x1000;
    std::uint64_t user_all = kUpper + 0x2000;
};

Aliases map_aliases(PageTables& tables) {
    const Aliases aliases;
    tables.map(aliases.execute, aliases.physical, kPage | descriptor::kReadOnly | descriptor::kUxn);
    tables.map(aliases.write, aliases.physical, kPage | descriptor::kPxn | descriptor::kUxn);
    tables.map(aliases.user_all, aliases.physical, kPage | kUser);
    use_upper(tables);
    return aliases;
}

void through_aliases() {
    line("-- through another mapping");
    PageTables tables(Granule::K4, 48);
    const Aliases aliases = map_aliases(tables);
    for (std::uint32_t i = 0; i < 4; ++i) {
        word(aliases.write) = move_to_x0(i);
        word(aliases.write + 4) = kBrkCompleted;
        clean_and_invalidate(aliases.write, aliases.execute);
        show_x0("ic ivau:", aliases.execute);
    }
    for (std::uint32_t i = 4; i < 6; ++i) {
        word(aliases.write) = move_to_x0(i);
        __asm__ volatile("dc cvau, %0\n\tdsb sy\n\tic iallu\n\tdsb sy\n\tisb"
                         :
                         : "r"(aliases.write)
                         : "memory");
        show_x0("ic iallu:", aliases.execute);
        word(aliases.physical) = move_to_x0(i + 0x10);
        __asm__ volatile("dc cvau, %0\n\tdsb sy\n\tic ialluis\n\tdsb sy\n\tisb"
                         :
                         : "r"(aliases.write)
                         : "memory");
        show_x0("ic ialluis, physical address:", aliases.execute);
        show_x0("the same at EL0:", aliases.user_all, Level::El0);
    }
    // So often that any code cache should have given up.
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < 300; ++i) {
        word(aliases.write) = move_to_x0(i);
        clean_and_invalidate(aliases.write, aliases.execute);
        sum += run_at(aliases.execute, {}).x[0];
    }
    line("sum of 300 changes ", sum);
    const std::uint64_t other = allocate(kPageSize);
    word(other) = move_to_x0(0x77);
    word(other + 4) = kBrkCompleted;
    clean_and_invalidate(other, other);
    tables.entry(aliases.execute, 3) = 0;
    synchronize_tables();
    show_x0("not mapped:", aliases.execute);
    tables.map(aliases.execute, other, kPage | descriptor::kReadOnly | descriptor::kUxn);
    __asm__ volatile("dsb sy\n\tisb" : : : "memory");
    show_x0("another page:", aliases.execute);
    use_main();
}

FRAGMENT(store_byte, "strb w1, [x0]");
FRAGMENT(store_half, "strh w1, [x0]");
FRAGMENT(store_word, "str w1, [x0]");
FRAGMENT(store_double, "str x1, [x0]");
FRAGMENT(store_two, "stp w1, w2, [x0]");
FRAGMENT(store_vector, "fmov d0, x1\n str q0, [x0]");
FRAGMENT(store_lane, "fmov s0, w1\n st1 {v0.s}[0], [x0]");
FRAGMENT(store_release, "stlr w1, [x0]");
FRAGMENT(store_exclusive, "ldxr w3, [x0]\n stxr w4, w1, [x0]");
FRAGMENT(store_swap, "swp w1, w3, [x0]");
FRAGMENT(store_add, "ldr w3, [x0]\n sub w1, w1, w3\n ldadd w1, w4, [x0]");
FRAGMENT(store_compare, "ldr w3, [x0]\n cas w3, w1, [x0]");
FRAGMENT(store_unaligned, "sub x0, x0, #1\n ldrb w3, [x0]\n orr x1, x3, x1, lsl #8\n str x1, [x0]");
FRAGMENT(zero_block, "dc zva, x0");

void by_every_store() {
    line("-- by every kind of store");
    PageTables tables(Granule::K4, 48);
    const Aliases aliases = map_aliases(tables);
    const struct {
        const char* what;
        const std::uint32_t* fragment;
    } stores[] = {
        {"strb", store_byte},
        {"strh", store_half},
        {"str w", store_word},
        {"str x", store_double},
        {"stp", store_two},
        {"str q", store_vector},
        {"st1 lane", store_lane},
        {"stlr", store_release},
        {"stxr", store_exclusive},
        {"swp", store_swap},
        {"ldadd", store_add},
        {"cas", store_compare},
        {"str x, unaligned", store_unaligned},
        {"dc zva", zero_block},
    };
    for (const std::uint64_t offset : {std::uint64_t{0x40}, std::uint64_t{0xfc0}}) {
        for (const auto& store : stores) {
            const std::uint64_t place = offset;
            word(aliases.write + place - 4) = kNop;
            word(aliases.write + place) = move_to_x0(0x10);
            word(aliases.write + place + 4) = kBrkCompleted;
            word(aliases.write + place + 8) = kBrkCompleted;
            clean_and_invalidate(aliases.write + place, aliases.execute + place);
            const std::uint64_t first = run_at(aliases.execute + place, {}).x[0];
            const std::uint64_t value = move_to_x0(0x13) | std::uint64_t{kBrkCompleted} << 32;
            run(store.fragment, {}, {aliases.write + place, value, kBrkCompleted});
            clean_and_invalidate(aliases.write + place, aliases.execute + place);
            print(store.what);
            line(": ", Hex{first});
            show_x0(" then", aliases.execute + place);
        }
    }
    use_main();
}

// Changes the instruction at 1: itself, with the maintenance that EL0 may do.
FRAGMENT(patch_itself, R"(
    adr x3, 1f
    mov x4, #3
    mov x5, #0
0:  str w0, [x3]
    dc cvau, x3
    dsb ish
    ic ivau, x3
    dsb ish
    isb
1:  movz x6, #0
    add x5, x5, x6
    add w0, w0, #32
    subs x4, x4, #1
    b.ne 0b
)");

void in_its_own_page() {
    line("-- in its own page");
    PageTables tables(Granule::K4, 48);
    const Aliases aliases = map_aliases(tables);
    for (std::uint64_t i = 0; i < 24; ++i) {
        word(aliases.write + 4 * i) = patch_itself[i];
    }
    clean_and_invalidate(aliases.write, aliases.user_all);
    for (unsigned i = 0; i < 2; ++i) {
        constexpr std::uint32_t kMove5ToX6 = 0xd280'0006 | 5 << 5;
        const RunState& state = run_at(aliases.user_all, {.level = Level::El0}, {kMove5ToX6});
        report("patched", state, aliases.user_all);
        line("  x5 ", state.x[5]);
    }
    use_main();
}

void across_pages() {
    line("-- across pages");
    PageTables tables(Granule::K4, 48);
    const std::uint64_t second = allocate(kPageSize);
    const std::uint64_t first = allocate(kPageSize);
    const std::uint64_t border = kUpper + kPageSize;
    use_upper(tables);
    tables.map(kUpper, first, kPage | kUser);
    tables.map(border, second, kPage | kUser);
    synchronize_tables();
    word(first + 0xff8) = move_to_x0(1);
    word(first + 0xffc) = 0x9100'0400;  // add x0, x0, #1
    word(second) = 0x9100'0800;         // add x0, x0, #2
    word(second + 4) = kBrkCompleted;
    word(second + 8) = 0x17ff'fffc;   // b .-16: to the first page
    word(second + 12) = 0x1000'0000;  // adr x0, .
    word(second + 16) = kBrkCompleted;
    clean_and_invalidate(first + 0xff8, border - 8);
    clean_and_invalidate(second, border);
    tables.entry(border, 3) = 0;
    synchronize_tables();
    report("second page not mapped", run_at(border - 8, {.level = Level::El0}), border);
    tables.map(border, second, kPage | kUser | descriptor::kUxn);
    synchronize_tables();
    report("second page not executable", run_at(border - 8, {.level = Level::El0}), border);
    tables.map(border, second, kPage | kUser);
    synchronize_tables();
    show_x0("both", border - 8, Level::El0);
    show_x0("back over the border", border + 8, Level::El0);
    tables.map(kUpper + 0x8000, second, kPage | kUser);
    synchronize_tables();
    show_x0("adr", border + 12, Level::El0);
    show_x0("adr at another address", kUpper + 0x800c, Level::El0);
    word(first + 0xffc) = kNop;
    word(second) = kNop;
    clean_and_invalidate(first + 0xffc, border - 4);
    clean_and_invalidate(second, border);
    show_x0("changed on both sides", border - 8, Level::El0);
    report("the end of the address space", run_at(~std::uint64_t{0} - 3, {.level = Level::El0}), border);
    tables.map(0xffff'ffff'ffff'f000, first, kPage | kUser);
    synchronize_tables();
    report("over the end of the address space", run_at(~std::uint64_t{0} - 7, {.level = Level::El0}), 0);
    use_main();
}

}  // namespace

void guest_main() {
    through_aliases();
    by_every_store();
    in_its_own_page();
    across_pages();
    line("end");
}

}  // namespace guest
