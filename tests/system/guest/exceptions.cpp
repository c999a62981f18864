// Taking exceptions and returning from them (Arm ARM D1.3): every class that EL0 and EL1 can cause, its
// syndrome, and what becomes of PSTATE.
#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

extern "C" const std::uint32_t run_vectors[];

namespace guest {

namespace {

constexpr Level kAllLevels[] = {Level::El0, Level::El1t, Level::El1h};
constexpr Level kEl0AndEl1[] = {Level::El0, Level::El1h};

FRAGMENT(svc, "svc #0x1234");
FRAGMENT(hvc, "hvc #0x42");
FRAGMENT(smc, "smc #0x42");
FRAGMENT(kBrk, "brk #0xabc");
FRAGMENT(brk_last, "brk #0xffff");
FRAGMENT(hlt, "hlt #1");
FRAGMENT(dcps1, "dcps1 #1");
FRAGMENT(drps, "drps");
FRAGMENT(udf, "udf #0");
FRAGMENT(unallocated, ".inst 0x04000000");  // SVE
FRAGMENT(all_ones, ".inst 0xffffffff");
FRAGMENT(eret_alone, "eret");

void exception_generating() {
    line("-- exception generating instructions");
    for (const Level level : kAllLevels) {
        show("svc #0x1234", svc, {.level = level});
        show("brk #0xabc", kBrk, {.level = level});
        show("brk #0xffff", brk_last, {.level = level});
        show("smc #0x42", smc, {.level = level}, {0x8400'0000});
        show("hlt #1", hlt, {.level = level});
        show("dcps1 #1", dcps1, {.level = level});
        show("drps", drps, {.level = level});
        show("udf #0", udf, {.level = level});
        show("an unallocated word", unallocated, {.level = level});
        show("all ones", all_ones, {.level = level});
    }
    show("hvc #0x42", hvc, {.level = Level::El0});
    show("eret", eret_alone, {.level = Level::El0});
}

void pstate_is_saved() {
    line("-- SPSR holds PSTATE");
    using namespace pstate;
    for (const Level level : kAllLevels) {
        for (const std::uint64_t bit :
             {kN, kZ, kC, kV, kN | kZ | kC | kV, kSsbs, kD, kA, kI, kF, std::uint64_t{0}}) {
            show("svc", svc, {.level = level, .pstate = bit});
        }
        show("svc with PAN", svc, {.level = level, .pstate = kDaif | kPan});
        show("svc with UAO", svc, {.level = level, .pstate = kDaif | kUao});
        // Reserved bits of SPSR_EL1 are RES0.
        show("svc with what is reserved", svc, {.level = level, .pstate = kDaif | 0x0e00'0c00});
    }
}

// A table of vectors that notes what PSTATE has become, and then goes back to the runtime's, which x28 holds.
__asm__(R"(
    .pushsection .fragments, "ax"
    .arch armv8.2-a
    .balign 2048
    .global noting_vectors
noting_vectors:
    .rept 16
    .balign 128
    mrs x10, daif
    mrs x11, spsel
    mrs x12, pan
    mrs x13, uao
    mrs x14, S3_3_C4_C2_6
    mrs x15, currentel
    mrs x16, spsr_el1
    adr x18, .
    msr vbar_el1, x28
    isb
    brk #0xdead
    .endr
    .popsection
)");
extern "C" const std::uint32_t noting_vectors[];
FRAGMENT(svc_to_noting_vectors, "svc #0");
FRAGMENT(prepare_x28, "mov x28, x1\n br x0");

void pstate_at_the_vector() {
    line("-- PSTATE at the vector");
    using namespace pstate;
    for (const std::uint64_t control :
         {sctlr::kUsual, sctlr::kUsual & ~sctlr::kSpan, sctlr::kUsual | sctlr::kDssbs}) {
        for (const Level level : kEl0AndEl1) {
            for (const std::uint64_t bits : {std::uint64_t{0}, kN | kC, kUao, kPan, kSsbs, kDaif}) {
                WRITE_REGISTER(sctlr_el1, control);
                WRITE_REGISTER(vbar_el1, reinterpret_cast<std::uint64_t>(noting_vectors));
                const RunState& state = run(
                    prepare_x28, {.level = level, .pstate = bits},
                    {address_of(svc_to_noting_vectors, level), reinterpret_cast<std::uint64_t>(run_vectors)});
                line("SCTLR ", Hex{control}, " SPSR ", Hex{state.x[16]}, ": DAIF ", Hex{state.x[10]},
                     " SPSel ", Hex{state.x[11]}, " PAN ", Hex{state.x[12]}, " UAO ", Hex{state.x[13]},
                     " SSBS ", Hex{state.x[14]}, " EL ", Hex{state.x[15]}, " vector +",
                     Hex{state.x[18] - reinterpret_cast<std::uint64_t>(noting_vectors)});
                WRITE_REGISTER(sctlr_el1, sctlr::kUsual);
            }
        }
    }
}

FRAGMENT(return_to, "msr spsr_el1, x0\n msr elr_el1, x1\n isb\n eret");
FRAGMENT(after_return, "mrs x2, currentel\n mrs x3, spsel\n mov x4, sp\n svc #1");
FRAGMENT(after_return_el0, "mov x4, sp\n svc #1");

void exception_returns() {
    line("-- exception return");
    const std::uint64_t el1 = address_of(after_return, Level::El1h);
    const std::uint64_t el0 = address_of(after_return_el0, Level::El0);
    struct {
        std::uint64_t spsr;
        std::uint64_t address;
    } const cases[] = {
        {0x3c5, el1},
        {0x3c4, el1},
        {0x3c0, el0},
        {0x005, el1},
        {0xf00003c5, el1},
        {0x3c5 | pstate::kPan, el1},
        // Illegal: modes that are not there, EL2 and EL3, AArch32 below an EL1 of AArch64.
        {0x3c1, el1},
        {0x3c2, el1},
        {0x3c3, el1},
        {0x3c6, el1},
        {0x3c7, el1},
        {0x3c8, el1},
        {0x3c9, el1},
        {0x3cc, el1},
        {0x3cd, el1},
        {0x3d1, el1},
        {0x3d3, el1},
        {0x3da, el1},
        {0x3df, el1},
        // An illegal return restores NZCV, DAIF and PAN all the same.
        {0xa00000c9, el1},
        {0x09 | pstate::kPan, el1},
        // IL from SPSR.
        {0x3c5 | pstate::kIl, el1},
        {0x3c0 | pstate::kIl, el0},
    };
    for (const auto& one : cases) {
        const RunState& state = run(return_to, {.sp_el0 = 0x1000, .sp_el1 = 0x2000}, {one.spsr, one.address});
        line("eret with SPSR ", Hex{one.spsr}, ": CurrentEL ", Hex{state.x[2]}, " SPSel ", Hex{state.x[3]},
             " SP ", Hex{state.x[4]});
        report("  then", state, one.address);
    }
}

FRAGMENT(load_from_sp, "ldr x1, [sp]");
FRAGMENT(load_from_sp_minus_8, "ldr x1, [sp, #-8]!");
FRAGMENT(pair_from_sp, "ldp x1, x2, [sp], #16");
FRAGMENT(store_to_sp, "str x1, [sp, #16]");
FRAGMENT(vector_from_sp, "ldr q0, [sp]");
FRAGMENT(unscaled_from_sp, "ldur x1, [sp, #8]");
FRAGMENT(register_offset_from_sp, "ldr x1, [sp, xzr]");
FRAGMENT(exclusive_from_sp, "ldxr x1, [sp]");
FRAGMENT(acquire_from_sp, "ldar x1, [sp]");
FRAGMENT(structure_from_sp, "ld1 {v0.16b}, [sp]");
FRAGMENT(prefetch_from_sp, "prfm pldl1keep, [sp]");
FRAGMENT(arithmetic_on_sp, "add x1, sp, #1\n add sp, sp, #3\n mov x2, sp");

void sp_alignment() {
    line("-- SP alignment");
    const struct {
        const char* what;
        const std::uint32_t* fragment;
    } cases[] = {
        {"ldr [sp]", load_from_sp},
        {"ldr [sp, #-8]!", load_from_sp_minus_8},
        {"ldp [sp], #16", pair_from_sp},
        {"str [sp, #16]", store_to_sp},
        {"ldr q0, [sp]", vector_from_sp},
        {"ldur [sp, #8]", unscaled_from_sp},
        {"ldr [sp, xzr]", register_offset_from_sp},
        {"ldxr [sp]", exclusive_from_sp},
        {"ldar [sp]", acquire_from_sp},
        {"ld1 [sp]", structure_from_sp},
        {"prfm [sp]", prefetch_from_sp},
        {"arithmetic on sp", arithmetic_on_sp},
    };
    constexpr std::uint64_t kSp = kUserData + 0x108;
    for (const std::uint64_t control :
         {sctlr::kUsual, sctlr::kUsual & ~sctlr::kSpCheck, sctlr::kUsual & ~sctlr::kSpCheckEl0}) {
        WRITE_REGISTER(sctlr_el1, control);
        for (const Level level : kAllLevels) {
            print("SCTLR ");
            print(Hex{control});
            print(level == Level::El0 ? " EL0:" : level == Level::El1t ? " EL1t:" : " EL1h:");
            for (const auto& one : cases) {
                const RunState& state = run(one.fragment, {.level = level, .sp_el0 = kSp, .sp_el1 = kSp});
                print(" ");
                print(one.what);
                print(is_completed(state)                                ? " +"
                      : state.esr >> 26 == exception_class::kSpAlignment ? " faults"
                                                                         : " ?");
                const bool written_back = (level == Level::El1h ? state.sp_el1 : state.sp_el0) != kSp;
                print(written_back ? " and changes SP;" : ";");
            }
            print("\n");
        }
    }
    WRITE_REGISTER(sctlr_el1, sctlr::kUsual);
    show("ldr [sp]", load_from_sp, {.level = Level::El0, .sp_el0 = kSp});
}

FRAGMENT(branch_to, "br x0");
FRAGMENT(call_to, "blr x0");
FRAGMENT(nothing, "nop");

void pc_alignment() {
    line("-- PC alignment");
    for (const Level level : kAllLevels) {
        const std::uint64_t target = address_of(nothing, level);
        for (const unsigned misalignment : {1U, 2U, 3U}) {
            line("misaligned by ", misalignment);
            report("br", run(branch_to, {.level = level}, {target + misalignment}), target);
            const RunState& called = run(call_to, {.level = level}, {target + misalignment});
            report("blr", called, target);
            line("  x30 +", Hex{called.x[30] - address_of(call_to, level)});
            report("eret", run_at(target + misalignment, {.level = level}), target);
        }
        // It comes before an instruction abort (Arm ARM D1.3.5).
        report("br to what is not mapped", run(branch_to, {.level = level}, {kFreeSpace + 2}), kFreeSpace);
    }
    // An illegal state comes after both.
    report("eret to an illegal state at a misaligned PC",
           run(return_to, {}, {0x3c5 | pstate::kIl, address_of(nothing, Level::El1h) + 2}),
           address_of(nothing, Level::El1h));
    report("eret to an illegal state at what is not mapped",
           run(return_to, {}, {0x3c5 | pstate::kIl, kFreeSpace}), kFreeSpace);
}

FRAGMENT(select_sp0, "mov x1, sp\n msr spsel, #0\n mov x2, sp\n mrs x3, spsel\n msr spsel, #1\n mov x4, sp");
FRAGMENT(read_sp_el0, "mrs x1, sp_el0");
FRAGMENT(write_sp_el0, "msr sp_el0, x0\n msr spsel, #0\n mov x1, sp");
FRAGMENT(read_sp_el1, ".inst 0xd53c4101  // mrs x1, sp_el1");

void stack_pointers() {
    line("-- stack pointers");
    for (const Level level : {Level::El1t, Level::El1h}) {
        const Start start{.level = level, .sp_el0 = 0x1110, .sp_el1 = 0x2220};
        const RunState& state = show("switched by SPSel", select_sp0, start);
        line("  ", Hex{state.x[1]}, " ", Hex{state.x[2]}, " ", Hex{state.x[3]}, " ", Hex{state.x[4]});
        line("  x1 ", Hex{show("mrs sp_el0", read_sp_el0, start).x[1]});
        line("  x1 ", Hex{show("msr sp_el0", write_sp_el0, start, {0x3330}).x[1]});
        show("mrs sp_el1", read_sp_el1, start);
    }
}

FRAGMENT(zero_block, "dc zva, x0");
FRAGMENT(clean_to_pou, "dc cvau, x0");
FRAGMENT(clean_to_poc, "dc cvac, x0");
FRAGMENT(clean_to_pop, ".inst 0xd50b7c20  // dc cvap, x0");
FRAGMENT(clean_invalidate, "dc civac, x0");
FRAGMENT(invalidate_code, "ic ivau, x0");
FRAGMENT(invalidate_data, "dc ivac, x0");
FRAGMENT(load_1, "ldrb w1, [x0]");
FRAGMENT(load_8, "ldr x1, [x0]");
FRAGMENT(load_signed, "ldrsh x1, [x0]");
FRAGMENT(load_pair, "ldp x1, x2, [x0]");
FRAGMENT(load_post, "ldr x1, [x0], #8");
FRAGMENT(load_vector, "ldr q1, [x0]");
FRAGMENT(load_structure, "ld3 {v0.4s, v1.4s, v2.4s}, [x0], #48");
FRAGMENT(load_exclusive, "ldxr x1, [x0]");
FRAGMENT(load_acquire, "ldar x1, [x0]");
FRAGMENT(load_literal_unprivileged, "ldtr x1, [x0]");
FRAGMENT(store_8, "str x1, [x0]");
FRAGMENT(store_pair, "stp x1, x2, [x0, #-16]!");
FRAGMENT(store_vector, "str q1, [x0]");
FRAGMENT(store_release, "stlr x1, [x0]");
FRAGMENT(store_unprivileged, "sttr x1, [x0]");
FRAGMENT(store_structure, "st1 {v0.16b}, [x0]");
FRAGMENT(prefetch, "prfm pldl1keep, [x0]");

// Each instruction at `address`, in one line: "+", or the ISS and, where it is not `address`, FAR.
void show_cache_maintenance(Level level, std::uint64_t address) {
    const struct {
        const char* what;
        const std::uint32_t* fragment;
        bool at_el0;
    } cases[] = {
        {"dc cvau", clean_to_pou, true},    {"dc cvac", clean_to_poc, true},
        {"dc cvap", clean_to_pop, true},    {"dc civac", clean_invalidate, true},
        {"ic ivau", invalidate_code, true}, {"dc ivac", invalidate_data, false},
    };
    print(level == Level::El0 ? "EL0 cache maintenance at " : "EL1 cache maintenance at ");
    print(Hex{address});
    print(":");
    for (const auto& one : cases) {
        if (level == Level::El0 && !one.at_el0) {
            continue;
        }
        const RunState& state = run(one.fragment, {.level = level}, {address});
        print(" ");
        print(one.what);
        if (is_completed(state)) {
            print(" +");
        } else {
            print(" ");
            print(Hex{state.esr & 0x1ff'ffff});
            if (state.far != address) {
                print(" FAR ");
                print(Hex{state.far});
            }
        }
    }
    print("\n");
}

void data_aborts() {
    line("-- data aborts");
    const struct {
        const char* what;
        const std::uint32_t* fragment;
    } cases[] = {
        {"ldrb", load_1},
        {"ldr", load_8},
        {"ldrsh", load_signed},
        {"ldp", load_pair},
        {"ldr post-indexed", load_post},
        {"ldr q1", load_vector},
        {"ld3", load_structure},
        {"ldxr", load_exclusive},
        {"ldar", load_acquire},
        {"ldtr", load_literal_unprivileged},
        {"str", store_8},
        {"stp pre-indexed", store_pair},
        {"str q1", store_vector},
        {"stlr", store_release},
        {"sttr", store_unprivileged},
        {"st1", store_structure},
        {"prfm", prefetch},
        {"dc zva", zero_block},
    };
    for (const Level level : kEl0AndEl1) {
        for (const auto& one : cases) {
            line("  x0 ", Hex{show(one.what, one.fragment, {.level = level}, {kFreeSpace + 0x128}).x[0]});
        }
        show_cache_maintenance(level, kFreeSpace + 0x128);
        show_cache_maintenance(level, kUserData + 0x128);
    }
    line("-- data aborts of EL0 at what is EL1's");
    for (const auto& one : cases) {
        show(one.what, one.fragment, {.level = Level::El0}, {kRam + 0x1000});
    }
    show_cache_maintenance(Level::El0, kRam + 0x1000);
    show_cache_maintenance(Level::El0, kUserCode);
    show_cache_maintenance(Level::El1h, kUserCode);
    line("-- instruction aborts");
    for (const Level level : kAllLevels) {
        report("br to what is not mapped", run(branch_to, {.level = level}, {kFreeSpace + 0x40}), kFreeSpace);
        report("br to data", run(branch_to, {.level = level}, {kUserData + 0x40}), kUserData);
        report("br to devices", run(branch_to, {.level = level}, {kUart}), kUart);
    }
    report("EL0 br to EL1's code", run(branch_to, {.level = Level::El0}, {address_of(nothing, Level::El1h)}),
           address_of(nothing, Level::El1h));
    report("EL1 br to EL0's code", run(branch_to, {.level = Level::El1h}, {address_of(nothing, Level::El0)}),
           address_of(nothing, Level::El0));
}

}  // namespace

void guest_main() {
    exception_generating();
    pstate_is_saved();
    pstate_at_the_vector();
    exception_returns();
    sp_alignment();
    pc_alignment();
    stack_pointers();
    data_aborts();
    line("end");
}

}  // namespace guest
