// What EL1 can trap: floating point at both levels, and what EL0 does with system registers, caches and WFI
// (Arm ARM D1.3.7).
#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

constexpr Level kEl0AndEl1[] = {Level::El0, Level::El1h};

FRAGMENT(fp_move, "fmov d0, #1.0");
FRAGMENT(fp_load, "ldr d0, [x0]");
FRAGMENT(simd_add, "add v0.4s, v1.4s, v2.4s");
FRAGMENT(read_fpcr, "mrs x1, fpcr");
FRAGMENT(write_fpsr, "msr fpsr, xzr");
FRAGMENT(fp_store_unmapped, "str q0, [x1]");

void fp_traps() {
    line("-- CPACR_EL1.FPEN");
    for (const unsigned fpen : {0U, 1U, 2U, 3U}) {
        WRITE_REGISTER(cpacr_el1, fpen << 20U);
        line("FPEN ", fpen);
        for (const Level level : kEl0AndEl1) {
            show("fmov d0, #1.0", fp_move, {.level = level});
            show("ldr d0", fp_load, {.level = level}, {kUserData});
            show("add v0.4s", simd_add, {.level = level});
            show("mrs fpcr", read_fpcr, {.level = level});
            show("msr fpsr", write_fpsr, {.level = level});
            show("str q0 to what is not mapped", fp_store_unmapped, {.level = level}, {0, kFreeSpace});
        }
    }
    WRITE_REGISTER(cpacr_el1, 3 << 20);
}

FRAGMENT(read_ctr, "mrs x1, ctr_el0");
FRAGMENT(read_dczid, "mrs x1, dczid_el0");
FRAGMENT(read_daif, "mrs x1, daif");
FRAGMENT(write_daif, "msr daif, x1");
FRAGMENT(set_daif, "msr daifset, #2");
FRAGMENT(clear_daif, "msr daifclr, #15");
FRAGMENT(zero_block, "dc zva, x0");
FRAGMENT(clean_to_pou, "dc cvau, x0");
FRAGMENT(clean_to_poc, "dc cvac, x0");
FRAGMENT(clean_to_pop, ".inst 0xd50b7c20  // dc cvap, x0");
FRAGMENT(clean_invalidate, "dc civac, x0");
FRAGMENT(invalidate_code, "ic ivau, x0");
FRAGMENT(invalidate_data, "dc ivac, x0");
FRAGMENT(invalidate_set, "dc isw, xzr");
FRAGMENT(invalidate_all_code, "ic iallu");
FRAGMENT(invalidate_tlb, "tlbi vmalle1");
FRAGMENT(translate, "at s1e0r, x0");
FRAGMENT(read_virtual_count, "mrs x1, cntvct_el0\n mov x1, #0");
FRAGMENT(read_physical_count, "mrs x1, cntpct_el0\n mov x1, #0");
FRAGMENT(read_frequency, "mrs x1, cntfrq_el0");
FRAGMENT(read_virtual_timer, "mrs x1, cntv_ctl_el0");
FRAGMENT(write_virtual_timer, "msr cntv_ctl_el0, x1");
FRAGMENT(read_physical_timer, "mrs x1, cntp_cval_el0");
FRAGMENT(write_physical_timer, "msr cntp_cval_el0, x1");
FRAGMENT(read_midr, "mrs x1, midr_el1");
FRAGMENT(read_id, "mrs x1, id_aa64isar0_el1");
FRAGMENT(write_ctr, ".inst 0xd51b0021  // msr ctr_el0, x1");
FRAGMENT(write_tpidrro, "msr tpidrro_el0, x1");
FRAGMENT(write_vbar, "msr vbar_el1, x1");
FRAGMENT(select_sp, "msr spsel, #1");
FRAGMENT(set_pan, "msr pan, #1");
FRAGMENT(wait_for_interrupt, "wfi");
FRAGMENT(wait_for_event, "sevl\n wfe\n wfe");
FRAGMENT(trap_register_31, "mrs xzr, ctr_el0");
FRAGMENT(trap_register_30, "mrs x30, ctr_el0");

void traps_from_el0() {
    line("-- what EL1 can trap from EL0");
    const struct {
        const char* what;
        const std::uint32_t* fragment;
    } cases[] = {
        {"mrs ctr_el0", read_ctr},
        {"mrs xzr, ctr_el0", trap_register_31},
        {"mrs x30, ctr_el0", trap_register_30},
        {"mrs dczid_el0", read_dczid},
        {"mrs daif", read_daif},
        {"msr daif", write_daif},
        {"msr daifset", set_daif},
        {"msr daifclr", clear_daif},
        {"dc zva", zero_block},
        {"dc cvau", clean_to_pou},
        {"dc cvac", clean_to_poc},
        {"dc cvap", clean_to_pop},
        {"dc civac", clean_invalidate},
        {"ic ivau", invalidate_code},
        {"mrs cntvct_el0", read_virtual_count},
        {"mrs cntpct_el0", read_physical_count},
        {"mrs cntfrq_el0", read_frequency},
        {"mrs cntv_ctl_el0", read_virtual_timer},
        {"msr cntv_ctl_el0", write_virtual_timer},
        {"mrs cntp_cval_el0", read_physical_timer},
        {"msr cntp_cval_el0", write_physical_timer},
    };
    const struct {
        const char* what;
        std::uint64_t sctlr;
        std::uint64_t cntkctl;
    } controls[] = {
        {"everything allowed", sctlr::kUsual, 0x303},
        {"UCT", sctlr::kUsual & ~sctlr::kUct, 0x303},
        {"UCI", sctlr::kUsual & ~sctlr::kUci, 0x303},
        {"DZE", sctlr::kUsual & ~sctlr::kDze, 0x303},
        {"UMA", sctlr::kUsual & ~sctlr::kUma, 0x303},
        {"EL0PCTEN", sctlr::kUsual, 0x302},
        {"EL0VCTEN", sctlr::kUsual, 0x301},
        {"EL0PCTEN and EL0VCTEN", sctlr::kUsual, 0x300},
        {"EL0VTEN", sctlr::kUsual, 0x203},
        {"EL0PTEN", sctlr::kUsual, 0x103},
    };
    for (const auto& control : controls) {
        line("trapped by ", control.what);
        WRITE_REGISTER(sctlr_el1, control.sctlr);
        WRITE_REGISTER(cntkctl_el1, control.cntkctl);
        for (const auto& one : cases) {
            const RunState& state = show(one.what, one.fragment, {.level = Level::El0}, {kUserData});
            if (is_completed(state) && one.fragment != read_frequency) {
                line("  x1 ", Hex{state.x[1]});
            }
        }
    }
    WRITE_REGISTER(sctlr_el1, sctlr::kUsual);
    WRITE_REGISTER(cntkctl_el1, 0);
    WRITE_REGISTER(cntv_ctl_el0, 0);
    WRITE_REGISTER(cntp_cval_el0, 0);

    line("-- what EL0 can never do");
    const struct {
        const char* what;
        const std::uint32_t* fragment;
    } forbidden[] = {
        {"dc ivac", invalidate_data},      {"dc isw", invalidate_set}, {"ic iallu", invalidate_all_code},
        {"tlbi vmalle1", invalidate_tlb},  {"at s1e0r", translate},    {"mrs midr_el1", read_midr},
        {"mrs id_aa64isar0_el1", read_id}, {"msr ctr_el0", write_ctr}, {"msr tpidrro_el0", write_tpidrro},
        {"msr vbar_el1", write_vbar},      {"msr spsel", select_sp},   {"msr pan", set_pan},
    };
    for (const auto& one : forbidden) {
        show(one.what, one.fragment, {.level = Level::El0}, {kUserData});
    }

    line("-- WFI and WFE");
    for (const std::uint64_t control : {sctlr::kUsual & ~sctlr::kNtwi, sctlr::kUsual & ~sctlr::kNtwe,
                                        sctlr::kUsual & ~(sctlr::kNtwi | sctlr::kNtwe)}) {
        line("SCTLR ", Hex{control});
        WRITE_REGISTER(sctlr_el1, control);
        if ((control & sctlr::kNtwi) == 0) {
            show("wfi", wait_for_interrupt, {.level = Level::El0});
        }
        if ((control & sctlr::kNtwe) == 0) {
            show("sevl, wfe, wfe", wait_for_event, {.level = Level::El0});
        }
    }
    WRITE_REGISTER(sctlr_el1, sctlr::kUsual);
}

}  // namespace

void guest_main() {
    fp_traps();
    traps_from_el0();
    line("end");
}

}  // namespace guest
