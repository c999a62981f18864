// Self-hosted debug (Arm ARM D2): software step, breakpoints and watchpoints.
#include "tests/system/guest/access.hpp"
#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

// MDSCR_EL1
constexpr std::uint64_t kSingleStep = 1;
constexpr std::uint64_t kKernelDebug = 1 << 13;
constexpr std::uint64_t kMonitorDebug = 1 << 15;

void lock(bool locked) {
    WRITE_REGISTER(oslar_el1, std::uint64_t{locked});
}

FRAGMENT(two_nops, "nop\n nop");
FRAGMENT(call_supervisor, "svc #5\n nop");
FRAGMENT(faulting_load, "ldr x1, [x0]\n nop");
FRAGMENT(undefined_word, "udf #0");
FRAGMENT(branch_forward, "b 1f\n nop\n 1: nop");
FRAGMENT(branch_to_itself, "b .");
FRAGMENT(branch_register, "br x0");
FRAGMENT(load_exclusive, "ldxr x1, [x0]\n clrex");
FRAGMENT(load_exclusive_pair, "ldaxp x1, x2, [x0]\n clrex");
FRAGMENT(compare_and_swap_pair, "casp w2, w3, w4, w5, [x0]");
FRAGMENT(load_acquire, "ldar x1, [x0]");
FRAGMENT(breakpoint_instruction, "brk #7");
FRAGMENT(unmask_debug, "msr daifclr, #8\n nop\n msr daifset, #8\n nop");

void software_step() {
    line("-- software step");
    const struct {
        const char* what;
        const std::uint32_t* fragment;
    } cases[] = {
        {"nop", two_nops},
        {"svc", call_supervisor},
        {"ldr that faults", faulting_load},
        {"udf", undefined_word},
        {"b", branch_forward},
        {"b to itself", branch_to_itself},
        {"br to what is not mapped", branch_register},
        {"brk", breakpoint_instruction},
    };
    lock(false);
    WRITE_REGISTER(mdscr_el1, kSingleStep);
    for (const auto& one : cases) {
        show(one.what, one.fragment, {.level = Level::El0, .pstate = pstate::kDaif | pstate::kSingleStep},
             {kFreeSpace});
        if (one.fragment != branch_to_itself) {
            show("the same without SPSR.SS", one.fragment, {.level = Level::El0}, {kFreeSpace});
        }
    }
    const struct {
        const char* what;
        const std::uint32_t* fragment;
    } kLoads[] = {
        {"ldxr", load_exclusive},
        {"ldaxp", load_exclusive_pair},
        {"casp", compare_and_swap_pair},
        {"ldar", load_acquire},
    };
    for (const auto& one : kLoads) {
        show(one.what, one.fragment, {.level = Level::El0, .pstate = pstate::kDaif | pstate::kSingleStep},
             {kUserData});
    }
    report("at a misaligned PC",
           run_at(address_of(two_nops, Level::El0) + 2,
                  {.level = Level::El0, .pstate = pstate::kDaif | pstate::kSingleStep}),
           address_of(two_nops, Level::El0));

    line("-- at EL1");
    for (const std::uint64_t control : {kSingleStep, kSingleStep | kKernelDebug}) {
        WRITE_REGISTER(mdscr_el1, control);
        for (const std::uint64_t bits : {std::uint64_t{0}, pstate::kD}) {
            for (const std::uint64_t step : {std::uint64_t{0}, pstate::kSingleStep}) {
                line("MDSCR ", Hex{control}, " D ", bits >> 9, " SS ", step >> 21);
                const Start start{.pstate = (pstate::kDaif & ~pstate::kD) | bits | step};
                show("nop", two_nops, start);
                show("svc", call_supervisor, start);
                show("msr daifclr", unmask_debug, start);
            }
        }
    }
    line("-- not");
    WRITE_REGISTER(mdscr_el1, kSingleStep);
    lock(true);
    show("with the OS lock", two_nops, {.level = Level::El0, .pstate = pstate::kDaif | pstate::kSingleStep});
    lock(false);
    WRITE_REGISTER(mdscr_el1, 0U);
    show("without MDSCR.SS", two_nops, {.level = Level::El0, .pstate = pstate::kDaif | pstate::kSingleStep});
}

constexpr std::uint64_t kEnabled = 1;
constexpr std::uint64_t kAtEl1 = 1 << 1;
constexpr std::uint64_t kAtEl0 = 2 << 1;
constexpr std::uint64_t kWholeInstruction = 0xf << 5;

FRAGMENT(four_nops, "nop\n nop\n nop\n nop");
FRAGMENT(loop, "mov x1, #3\n 1: sub x1, x1, #1\n cbnz x1, 1b");

void breakpoints() {
    line("-- breakpoints");
    const struct {
        const char* what;
        std::uint64_t control;
        std::uint64_t mdscr;
    } cases[] = {
        {"not enabled", kAtEl0 | kAtEl1 | kWholeInstruction, kMonitorDebug | kKernelDebug},
        {"without MDE", kEnabled | kAtEl0 | kAtEl1 | kWholeInstruction, kKernelDebug},
        {"EL0", kEnabled | kAtEl0 | kWholeInstruction, kMonitorDebug | kKernelDebug},
        {"EL1", kEnabled | kAtEl1 | kWholeInstruction, kMonitorDebug | kKernelDebug},
        {"both", kEnabled | kAtEl0 | kAtEl1 | kWholeInstruction, kMonitorDebug | kKernelDebug},
        {"both, without KDE", kEnabled | kAtEl0 | kAtEl1 | kWholeInstruction, kMonitorDebug},
        {"Secure state alone", kEnabled | kAtEl0 | kAtEl1 | kWholeInstruction | 2 << 14,
         kMonitorDebug | kKernelDebug},
    };
    for (const auto& one : cases) {
        line(one.what);
        WRITE_REGISTER(dbgbcr0_el1, one.control);
        for (const Level level : {Level::El0, Level::El1h}) {
            for (const std::uint64_t mask : {pstate::kDaif, pstate::kDaif & ~pstate::kD}) {
                WRITE_REGISTER(dbgbvr0_el1, address_of(four_nops, level) + 8);
                WRITE_REGISTER(mdscr_el1, one.mdscr);
                show(mask == pstate::kDaif ? "D 1" : "D 0", four_nops, {.level = level, .pstate = mask});
                WRITE_REGISTER(mdscr_el1, 0U);
            }
        }
    }
    line("-- in a loop, from another register");
    WRITE_REGISTER(dbgbcr0_el1, 0U);
    WRITE_REGISTER(dbgbvr5_el1, address_of(loop, Level::El0) + 8);
    WRITE_REGISTER(dbgbcr5_el1, kEnabled | kAtEl0 | kWholeInstruction);
    WRITE_REGISTER(mdscr_el1, kMonitorDebug);
    const RunState& state = show("loop", loop, {.level = Level::El0});
    line("  x1 ", state.x[1]);
    WRITE_REGISTER(dbgbvr5_el1, address_of(loop, Level::El0));
    show("first instruction", loop, {.level = Level::El0});
    WRITE_REGISTER(mdscr_el1, kMonitorDebug | kSingleStep);
    show("step to a breakpoint", loop, {.level = Level::El0, .pstate = pstate::kDaif | pstate::kSingleStep});
    WRITE_REGISTER(mdscr_el1, kMonitorDebug);
    WRITE_REGISTER(dbgbvr5_el1, kFreeSpace);
    report("where nothing is mapped", run_at(kFreeSpace, {.level = Level::El0}), kFreeSpace);
    lock(true);
    WRITE_REGISTER(dbgbvr5_el1, address_of(loop, Level::El0));
    show("with the OS lock", loop, {.level = Level::El0});
    lock(false);
    line("-- linked to a context");
    constexpr std::uint64_t kLinkedAddress = 1 << 20;
    constexpr std::uint64_t kLinkedContext = 3 << 20;
    WRITE_REGISTER(dbgbcr5_el1, kEnabled | kAtEl0 | kWholeInstruction | kLinkedContext);
    WRITE_REGISTER(dbgbvr5_el1, 0x1234U);
    WRITE_REGISTER(dbgbvr1_el1, address_of(four_nops, Level::El0) + 4);
    WRITE_REGISTER(dbgbcr1_el1, kEnabled | kAtEl0 | kWholeInstruction | kLinkedAddress | 5 << 16);
    for (const unsigned context : {0x1234U, 0x1235U}) {
        WRITE_REGISTER(contextidr_el1, context);
        line("CONTEXTIDR ", Hex{context});
        show("nop", four_nops, {.level = Level::El0});
    }
    WRITE_REGISTER(dbgbcr1_el1, 0U);
    WRITE_REGISTER(dbgbcr5_el1, 0U);
    WRITE_REGISTER(contextidr_el1, 0U);
    WRITE_REGISTER(mdscr_el1, 0U);
}

FRAGMENT(load_1, "ldrb w1, [x0]");
FRAGMENT(load_4, "ldr w1, [x0]");
FRAGMENT(load_8, "ldr x1, [x0]");
FRAGMENT(load_16, "ldr q1, [x0]");
FRAGMENT(load_unprivileged, "ldtr x1, [x0]");
FRAGMENT(load_post, "ldr x1, [x0], #8");
FRAGMENT(store_1, "strb w1, [x0]");
FRAGMENT(store_8, "str x1, [x0]");
FRAGMENT(store_pair, "stp x1, x2, [x0]");

constexpr std::uint64_t kLoads = 1 << 3;
constexpr std::uint64_t kStores = 2 << 3;

constexpr std::uint64_t bytes(std::uint64_t mask) {
    return mask << 5;
}

// Accesses around the watchpoint, in one line: "+", or the ISS and FAR.
void show_accesses_around(std::uint64_t address, Level level) {
    const struct {
        const char* what;
        const std::uint32_t* fragment;
        std::uint64_t offset;
    } cases[] = {
        {" ldrb 0", load_1, 0},       {" ldrb 1", load_1, 1},
        {" ldrb 4", load_1, 4},       {" ldrb 7", load_1, 7},
        {" ldrb 8", load_1, 8},       {" ldr w 4", load_4, 4},
        {" ldr x 0", load_8, 0},      {" ldr x 40", load_8, 0x40},
        {" ldr x -8", load_8, ~7ULL}, {" ldtr x 0", load_unprivileged, 0},
        {" strb 1", store_1, 1},      {" strb 4", store_1, 4},
        {" str x 0", store_8, 0},
    };
    print(level == Level::El0 ? "  EL0" : "  EL1");
    for (const auto& one : cases) {
        const RunState& state = run(one.fragment, {.level = level, .pstate = pstate::kDaif & ~pstate::kD},
                                    {address + one.offset});
        print(one.what);
        if (is_completed(state)) {
            print(" +");
        } else {
            print(state.esr >> 26 == 0x34 + (level == Level::El0 ? 0U : 1U) ? " " : " ? ");
            print(Hex{state.esr & 0x1ff'ffff});
            print("@");
            print(Hex{state.far - address});
        }
    }
    print("\n");
}

void watchpoints() {
    line("-- watchpoints");
    const std::uint64_t both_levels = kAtEl0 | kAtEl1;
    const struct {
        const char* what;
        std::uint64_t control;
        std::uint64_t offset;
    } cases[] = {
        {"not enabled", both_levels | kLoads | kStores | bytes(0xff), 0},
        {"8 bytes", kEnabled | both_levels | kLoads | kStores | bytes(0xff), 0},
        {"loads", kEnabled | both_levels | kLoads | bytes(0xff), 0},
        {"stores", kEnabled | both_levels | kStores | bytes(0xff), 0},
        {"EL0", kEnabled | kAtEl0 | kLoads | kStores | bytes(0xff), 0},
        {"EL1", kEnabled | kAtEl1 | kLoads | kStores | bytes(0xff), 0},
        {"byte 1", kEnabled | both_levels | kLoads | kStores | bytes(0x02), 0},
        {"bytes 4 to 7", kEnabled | both_levels | kLoads | kStores | bytes(0xf0), 0},
        {"no byte", kEnabled | both_levels | kLoads | kStores, 0},
        {"bytes 0 to 3 from 4 on", kEnabled | both_levels | kLoads | kStores | bytes(0x0f), 4},
        {"128 bytes", kEnabled | both_levels | kLoads | kStores | bytes(0xff) | 7 << 24, 0},
        {"Secure state alone", kEnabled | both_levels | kLoads | kStores | bytes(0xff) | 2 << 14, 0},
    };
    constexpr std::uint64_t kPlace = kUserData + 0x1080;
    for (const auto& one : cases) {
        line(one.what);
        for (const Level level : {Level::El0, Level::El1h}) {
            // Written again for each level, because QEMU keeps reporting WnR once a store has matched.
            WRITE_REGISTER(dbgwvr1_el1, kPlace + one.offset);
            WRITE_REGISTER(dbgwcr1_el1, one.control);
            WRITE_REGISTER(mdscr_el1, kMonitorDebug | kKernelDebug);
            show_accesses_around(kPlace, level);
            WRITE_REGISTER(mdscr_el1, 0U);
        }
    }
    line("-- what a watchpoint leaves undone");
    WRITE_REGISTER(dbgwvr1_el1, kPlace);
    WRITE_REGISTER(dbgwcr1_el1, kEnabled | both_levels | kLoads | kStores | bytes(0xff));
    WRITE_REGISTER(mdscr_el1, kMonitorDebug);
    line("  x0 ", Hex{show("ldr post-indexed", load_post, {.level = Level::El0}, {kPlace}).x[0]});
    show("str", store_8, {.level = Level::El0}, {kPlace, 0x55});
    show("stp", store_pair, {.level = Level::El0}, {kPlace, 0x55});
    show("ldr q", load_16, {.level = Level::El0}, {kPlace - 8});
    show("ldr over its beginning", load_8, {.level = Level::El0}, {kPlace - 4});
    show("ldr over its end", load_8, {.level = Level::El0}, {kPlace + 4});
    lock(true);
    show("ldr with the OS lock", load_8, {.level = Level::El0}, {kPlace});
    lock(false);
    WRITE_REGISTER(mdscr_el1, 0U);
    WRITE_REGISTER(dbgwcr1_el1, 0U);
    line("  memory ", Hex{show("ldr", load_8, {.level = Level::El0}, {kPlace}).x[1]});
}

}  // namespace

void guest_main() {
    software_step();
    breakpoints();
    watchpoints();
    line("end");
}

}  // namespace guest
