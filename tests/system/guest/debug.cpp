// Self-hosted debug (Arm ARM D2): software step, breakpoints and watchpoints.
#include "tests/system/guest/access.hpp"
#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

// MDSCR_EL1
constexpr std::uint64_t single_step = 1;
constexpr std::uint64_t kernel_debug = 1 << 13;
constexpr std::uint64_t monitor_debug = 1 << 15;

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
    WRITE_REGISTER(mdscr_el1, single_step);
    for (const auto& one : cases) {
        show(one.what, one.fragment, {.level = Level::El0, .pstate = pstate::daif | pstate::single_step},
             {free_space});
        if (one.fragment != branch_to_itself) {
            show("the same without SPSR.SS", one.fragment, {.level = Level::El0}, {free_space});
        }
    }
    const struct {
        const char* what;
        const std::uint32_t* fragment;
    } loads[] = {
        {"ldxr", load_exclusive},
        {"ldaxp", load_exclusive_pair},
        {"casp", compare_and_swap_pair},
        {"ldar", load_acquire},
    };
    for (const auto& one : loads) {
        show(one.what, one.fragment, {.level = Level::El0, .pstate = pstate::daif | pstate::single_step},
             {user_data});
    }
    report("at a misaligned PC",
           run_at(address_of(two_nops, Level::El0) + 2,
                  {.level = Level::El0, .pstate = pstate::daif | pstate::single_step}),
           address_of(two_nops, Level::El0));

    line("-- at EL1");
    for (const std::uint64_t control : {single_step, single_step | kernel_debug}) {
        WRITE_REGISTER(mdscr_el1, control);
        for (const std::uint64_t bits : {std::uint64_t{0}, pstate::d}) {
            for (const std::uint64_t step : {std::uint64_t{0}, pstate::single_step}) {
                line("MDSCR ", Hex{control}, " D ", bits >> 9, " SS ", step >> 21);
                const Start start{.pstate = (pstate::daif & ~pstate::d) | bits | step};
                show("nop", two_nops, start);
                show("svc", call_supervisor, start);
                show("msr daifclr", unmask_debug, start);
            }
        }
    }
    line("-- not");
    WRITE_REGISTER(mdscr_el1, single_step);
    lock(true);
    show("with the OS lock", two_nops, {.level = Level::El0, .pstate = pstate::daif | pstate::single_step});
    lock(false);
    WRITE_REGISTER(mdscr_el1, 0U);
    show("without MDSCR.SS", two_nops, {.level = Level::El0, .pstate = pstate::daif | pstate::single_step});
}

constexpr std::uint64_t enabled = 1;
constexpr std::uint64_t at_el1 = 1 << 1;
constexpr std::uint64_t at_el0 = 2 << 1;
constexpr std::uint64_t whole_instruction = 0xf << 5;

FRAGMENT(four_nops, "nop\n nop\n nop\n nop");
FRAGMENT(loop, "mov x1, #3\n 1: sub x1, x1, #1\n cbnz x1, 1b");

void breakpoints() {
    line("-- breakpoints");
    const struct {
        const char* what;
        std::uint64_t control;
        std::uint64_t mdscr;
    } cases[] = {
        {"not enabled", at_el0 | at_el1 | whole_instruction, monitor_debug | kernel_debug},
        {"without MDE", enabled | at_el0 | at_el1 | whole_instruction, kernel_debug},
        {"EL0", enabled | at_el0 | whole_instruction, monitor_debug | kernel_debug},
        {"EL1", enabled | at_el1 | whole_instruction, monitor_debug | kernel_debug},
        {"both", enabled | at_el0 | at_el1 | whole_instruction, monitor_debug | kernel_debug},
        {"both, without KDE", enabled | at_el0 | at_el1 | whole_instruction, monitor_debug},
        {"Secure state alone", enabled | at_el0 | at_el1 | whole_instruction | 2 << 14,
         monitor_debug | kernel_debug},
    };
    for (const auto& one : cases) {
        line(one.what);
        WRITE_REGISTER(dbgbcr0_el1, one.control);
        for (const Level level : {Level::El0, Level::El1h}) {
            for (const std::uint64_t mask : {pstate::daif, pstate::daif & ~pstate::d}) {
                WRITE_REGISTER(dbgbvr0_el1, address_of(four_nops, level) + 8);
                WRITE_REGISTER(mdscr_el1, one.mdscr);
                show(mask == pstate::daif ? "D 1" : "D 0", four_nops, {.level = level, .pstate = mask});
                WRITE_REGISTER(mdscr_el1, 0U);
            }
        }
    }
    line("-- in a loop, from another register");
    WRITE_REGISTER(dbgbcr0_el1, 0U);
    WRITE_REGISTER(dbgbvr5_el1, address_of(loop, Level::El0) + 8);
    WRITE_REGISTER(dbgbcr5_el1, enabled | at_el0 | whole_instruction);
    WRITE_REGISTER(mdscr_el1, monitor_debug);
    const RunState& state = show("loop", loop, {.level = Level::El0});
    line("  x1 ", state.x[1]);
    WRITE_REGISTER(dbgbvr5_el1, address_of(loop, Level::El0));
    show("first instruction", loop, {.level = Level::El0});
    WRITE_REGISTER(mdscr_el1, monitor_debug | single_step);
    show("step to a breakpoint", loop, {.level = Level::El0, .pstate = pstate::daif | pstate::single_step});
    WRITE_REGISTER(mdscr_el1, monitor_debug);
    WRITE_REGISTER(dbgbvr5_el1, free_space);
    report("where nothing is mapped", run_at(free_space, {.level = Level::El0}), free_space);
    lock(true);
    WRITE_REGISTER(dbgbvr5_el1, address_of(loop, Level::El0));
    show("with the OS lock", loop, {.level = Level::El0});
    lock(false);
    line("-- linked to a context");
    constexpr std::uint64_t linked_address = 1 << 20;
    constexpr std::uint64_t linked_context = 3 << 20;
    WRITE_REGISTER(dbgbcr5_el1, enabled | at_el0 | whole_instruction | linked_context);
    WRITE_REGISTER(dbgbvr5_el1, 0x1234U);
    WRITE_REGISTER(dbgbvr1_el1, address_of(four_nops, Level::El0) + 4);
    WRITE_REGISTER(dbgbcr1_el1, enabled | at_el0 | whole_instruction | linked_address | 5 << 16);
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

constexpr std::uint64_t loads = 1 << 3;
constexpr std::uint64_t stores = 2 << 3;

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
        const RunState& state =
            run(one.fragment, {.level = level, .pstate = pstate::daif & ~pstate::d}, {address + one.offset});
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
    const std::uint64_t both_levels = at_el0 | at_el1;
    const struct {
        const char* what;
        std::uint64_t control;
        std::uint64_t offset;
    } cases[] = {
        {"not enabled", both_levels | loads | stores | bytes(0xff), 0},
        {"8 bytes", enabled | both_levels | loads | stores | bytes(0xff), 0},
        {"loads", enabled | both_levels | loads | bytes(0xff), 0},
        {"stores", enabled | both_levels | stores | bytes(0xff), 0},
        {"EL0", enabled | at_el0 | loads | stores | bytes(0xff), 0},
        {"EL1", enabled | at_el1 | loads | stores | bytes(0xff), 0},
        {"byte 1", enabled | both_levels | loads | stores | bytes(0x02), 0},
        {"bytes 4 to 7", enabled | both_levels | loads | stores | bytes(0xf0), 0},
        {"no byte", enabled | both_levels | loads | stores, 0},
        {"bytes 0 to 3 from 4 on", enabled | both_levels | loads | stores | bytes(0x0f), 4},
        {"128 bytes", enabled | both_levels | loads | stores | bytes(0xff) | 7 << 24, 0},
        {"Secure state alone", enabled | both_levels | loads | stores | bytes(0xff) | 2 << 14, 0},
    };
    constexpr std::uint64_t place = user_data + 0x1080;
    for (const auto& one : cases) {
        line(one.what);
        for (const Level level : {Level::El0, Level::El1h}) {
            // Written again for each level, because QEMU keeps reporting WnR once a store has matched.
            WRITE_REGISTER(dbgwvr1_el1, place + one.offset);
            WRITE_REGISTER(dbgwcr1_el1, one.control);
            WRITE_REGISTER(mdscr_el1, monitor_debug | kernel_debug);
            show_accesses_around(place, level);
            WRITE_REGISTER(mdscr_el1, 0U);
        }
    }
    line("-- what a watchpoint leaves undone");
    WRITE_REGISTER(dbgwvr1_el1, place);
    WRITE_REGISTER(dbgwcr1_el1, enabled | both_levels | loads | stores | bytes(0xff));
    WRITE_REGISTER(mdscr_el1, monitor_debug);
    line("  x0 ", Hex{show("ldr post-indexed", load_post, {.level = Level::El0}, {place}).x[0]});
    show("str", store_8, {.level = Level::El0}, {place, 0x55});
    show("stp", store_pair, {.level = Level::El0}, {place, 0x55});
    show("ldr q", load_16, {.level = Level::El0}, {place - 8});
    show("ldr over its beginning", load_8, {.level = Level::El0}, {place - 4});
    show("ldr over its end", load_8, {.level = Level::El0}, {place + 4});
    lock(true);
    show("ldr with the OS lock", load_8, {.level = Level::El0}, {place});
    lock(false);
    WRITE_REGISTER(mdscr_el1, 0U);
    WRITE_REGISTER(dbgwcr1_el1, 0U);
    line("  memory ", Hex{show("ldr", load_8, {.level = Level::El0}, {place}).x[1]});
}

}  // namespace

void guest_main() {
    software_step();
    breakpoints();
    watchpoints();
    line("end");
}

}  // namespace guest
