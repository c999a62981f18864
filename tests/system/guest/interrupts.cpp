// The GICv3 (Arm IHI 0069): states, priorities and preemption, software-generated, private and shared
// interrupts.
#include "tests/system/guest/gic.hpp"
#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

using namespace gic;

FRAGMENT(spin, "mov x1, #10000\n 1: subs x1, x1, #1\n b.ne 1b");

// "IRQ" if one is taken with PSTATE.I clear.
void print_taken(Level level = Level::El0) {
    const RunState& state = run(spin, {.level = level, .pstate = pstate::kDaif & ~pstate::kI});
    print(state.vector % 4 == 1 ? "IRQ" : is_completed(state) ? "none" : "?");
}

void print_state(std::uint32_t intid) {
    print(test(set_pending, intid) ? " pending" : "");
    print(test(set_active, intid) ? " active" : "");
}

// What the CPU interface shows, without changing it.
void show_interface(const char* what) {
    line(what, ": HPPIR ", highest_pending(), " RPR ", Hex{running_priority()}, " AP1R0 ",
         Hex{active_priorities()}, " ISR ", Hex{READ_REGISTER(isr_el1)});
}

void reset_state() {
    line("-- registers");
    line("GICD_CTLR ", Hex{device_word(kGicDistributor)});
    line("GICD_PIDR2 ArchRev ", device_word(kGicDistributor + 0xffe8) >> 4 & 0xf);
    line("GICR_PIDR2 ArchRev ", device_word(kGicRedistributor + 0xffe8) >> 4 & 0xf);
    line("GICR_TYPER ", Hex{device_word(kGicRedistributor + 8) & 0x10}, " ",
         Hex{device_word(kGicRedistributor + 12)});
    line("GICR_WAKER ", Hex{device_word(kGicRedistributor + 0x14)});
    line("GICR_ICFGR0 ", Hex{device_word(kSgiFrame + configuration)});
    line("ICC_CTLR ", Hex{READ_REGISTER(S3_0_C12_C12_4)});
    line("ICC_SRE ", Hex{READ_REGISTER(S3_0_C12_C12_5)});
    for (unsigned value = 0; value < 8; ++value) {
        set_binary_point(value);
        WRITE_REGISTER(S3_0_C12_C8_3, value);  // ICC_BPR0_EL1
        line("BPR1, BPR0 ", value, " -> ", READ_REGISTER(S3_0_C12_C12_3), " ", READ_REGISTER(S3_0_C12_C8_3));
    }
    set_binary_point(0);
    for (const unsigned mask : {0xffU, 0x87U, 0U}) {
        set_priority_mask(mask);
        line("PMR ", Hex{mask}, " -> ", Hex{READ_REGISTER(S3_0_C4_C6_0)});
    }
    set_priority_mask(0xff);
    show_interface("idle");
    line("IAR ", acknowledge());
    // The distributor does not know the first 32 interrupts.
    device_word(kGicDistributor + set_enable) = ~0U;
    line("GICD_ISENABLER0 ", Hex{device_word(kGicDistributor + set_enable)}, " GICR ",
         Hex{device_word(kSgiFrame + set_enable)});
}

void software_generated() {
    line("-- software-generated interrupts");
    for (std::uint32_t intid = 0; intid < 16; ++intid) {
        send_sgi(intid);
        print("disabled ");
        print_taken();
        print_state(intid);
        set(set_enable, intid);
        print(", enabled ");
        print_taken();
        print_state(intid);
        show_interface("");
        const std::uint32_t taken = acknowledge();
        print("  acknowledged ");
        print(taken);
        print_state(taken);
        show_interface("");
        print("  now ");
        print_taken();
        send_sgi(intid);
        print(", again while active ");
        print_taken();
        print_state(intid);
        end(taken);
        print(", ended ");
        print_taken();
        print_state(intid);
        end(acknowledge());
        print(", ended ");
        print_taken();
        print_state(intid);
        print("\n");
        set(clear_enable, intid);
    }
    // Others than this CPU, which is 0.0.0.0.
    set(set_enable, 3);
    const std::uint64_t targets[] = {std::uint64_t{3} << 24 | 2, std::uint64_t{3} << 24 | 1 << 16 | 1,
                                     std::uint64_t{1} << 40 | 3U << 24, std::uint64_t{3} << 24,
                                     std::uint64_t{3} << 24 | 0xffff};
    for (const std::uint64_t target : targets) {
        WRITE_REGISTER(S3_0_C12_C11_5, target);
        print("SGI1R ");
        print(Hex{target});
        print_state(3);
        print("\n");
    }
    set(clear_pending, 3);
    set(clear_enable, 3);
}

void at_every_level() {
    line("-- from every level");
    set(set_enable, 1);
    send_sgi(1);
    for (const Level level : {Level::El0, Level::El1t, Level::El1h}) {
        for (const std::uint64_t mask :
             {pstate::kDaif, pstate::kDaif & ~pstate::kI, pstate::kF | pstate::kI, pstate::kF}) {
            const RunState& state = run(spin, {.level = level, .pstate = mask});
            line("level ", static_cast<unsigned>(level), " DAIF ", Hex{mask}, " vector ", state.vector);
        }
    }
    end(acknowledge());
    set(clear_enable, 1);
}

void priority_order() {
    line("-- order by priority");
    const std::uint8_t priorities[] = {0x80, 0x20, 0xf0, 0x48, 0xa0, 0x00};
    for (std::uint32_t intid = 0; intid < 6; ++intid) {
        priority_of(intid) = priorities[intid];
        set(set_enable, intid);
        send_sgi(intid);
    }
    for (unsigned i = 0; i < 7; ++i) {
        show_interface("next");
        const std::uint32_t taken = acknowledge();
        line("  IAR ", taken);
        if (taken != kSpurious) {
            end(taken);
        }
    }
    line("-- priority mask");
    priority_of(1) = 0x80;
    send_sgi(1);
    for (const unsigned mask : {0U, 0x78U, 0x80U, 0x88U, 0xf8U}) {
        set_priority_mask(mask);
        print("PMR ");
        print(Hex{mask});
        print(" ");
        print_taken();
        show_interface("");
    }
    set_priority_mask(0x80);
    line("masked, IAR ", acknowledge());
    set_priority_mask(0xff);
    end(acknowledge());
    line("-- an interrupt that is not enabled is the next when it is");
    set(clear_enable, 1);
    send_sgi(1);
    show_interface("disabled");
    set(set_enable, 1);
    show_interface("enabled");
    set(clear_pending, 1);
    show_interface("cleared");
}

void preemption() {
    line("-- preemption");
    const std::uint8_t pending[] = {0x98, 0x90, 0x80, 0x60, 0x40, 0xa0, 0xa8};
    for (unsigned point = 0; point < 8; ++point) {
        set_binary_point(point);
        line("BPR ", READ_REGISTER(S3_0_C12_C12_3));
        priority_of(0) = 0xa0;
        send_sgi(0);
        const std::uint32_t running = acknowledge();
        print("  running ");
        print(Hex{running_priority()});
        print(" AP1R0 ");
        print(Hex{active_priorities()});
        for (const std::uint8_t one : pending) {
            priority_of(1) = one;
            send_sgi(1);
            print(" ");
            print(Hex{one});
            print(" ");
            print_taken();
            set(clear_pending, 1);
        }
        print("\n");
        end(running);
    }
    set_binary_point(0);
    line("-- nesting");
    const std::uint8_t priorities[] = {0xc0, 0xa0, 0x60, 0x58, 0x08};
    for (std::uint32_t intid = 0; intid < 5; ++intid) {
        priority_of(intid) = priorities[intid];
        set(set_enable, intid);
        send_sgi(intid);
        line("IAR ", acknowledge());
        show_interface("  then");
    }
    for (const std::uint32_t intid : {4U, 3U, 2U, 1U, 0U}) {
        end(intid);
        show_interface("ended");
    }
}

void two_steps() {
    line("-- priority drop and deactivation apart");
    set_control(kControlEoiMode);
    line("ICC_CTLR ", Hex{READ_REGISTER(S3_0_C12_C12_4)});
    priority_of(0) = 0xa0;
    send_sgi(0);
    const std::uint32_t taken = acknowledge();
    print("acknowledged");
    print_state(taken);
    end(taken);
    print(", ended");
    print_state(taken);
    show_interface("");
    send_sgi(0);
    print("pending again ");
    print_taken();
    print_state(0);
    show_interface("");
    deactivate(taken);
    print("deactivated ");
    print_taken();
    print_state(0);
    show_interface("");
    end(acknowledge());
    deactivate(0);
    set_control(0);
    line("-- states by software");
    set(set_active, 2);
    send_sgi(2);
    print("active ");
    print_taken();
    print_state(2);
    set(clear_active, 2);
    print(", not active ");
    print_taken();
    print_state(2);
    set(clear_pending, 2);
    print(", not pending ");
    print_taken();
    print_state(2);
    set(set_pending, 2);
    print(", pending ");
    print_taken();
    print_state(2);
    print("\n");
    end(acknowledge());
    end(kSpurious);
    show_interface("ended 1023");
}

void shared() {
    line("-- shared interrupts");
    constexpr std::uint32_t kIntid = 75;
    for (const bool edge : {false, true}) {
        set_edge(kIntid, edge);
        line(edge ? "edge" : "level");
        print("  disabled");
        set(set_pending, kIntid);
        print_state(kIntid);
        show_interface("");
        set(set_enable, kIntid);
        print("  enabled ");
        print_taken();
        print_state(kIntid);
        const std::uint32_t taken = acknowledge();
        print(", acknowledged ");
        print(taken);
        print_state(kIntid);
        end(taken);
        print(", ended ");
        print_taken();
        print_state(kIntid);
        set(set_pending, kIntid);
        set(clear_pending, kIntid);
        print(", set and cleared ");
        print_taken();
        print_state(kIntid);
        print("\n");
        set(clear_enable, kIntid);
    }
    line("-- Group 0");
    set(set_enable, kIntid);
    word_of(group, kIntid) = ~(1U << kIntid % 32);
    set(set_pending, kIntid);
    print_taken();
    print_state(kIntid);
    show_interface("");
    word_of(group, kIntid) = ~0U;
    print_taken();
    show_interface("");
    set(clear_pending, kIntid);
    line("-- groups disabled");
    set(set_pending, kIntid);
    WRITE_REGISTER(S3_0_C12_C12_7, 0U);
    print_taken();
    show_interface(" ICC_IGRPEN1");
    WRITE_REGISTER(S3_0_C12_C12_7, 1U);
    device_word(kGicDistributor) = 0;
    line("GICD_CTLR ", Hex{device_word(kGicDistributor)});
    print_taken();
    show_interface(" GICD_CTLR");
    device_word(kGicDistributor) = 2;
    print_taken();
    show_interface(" both");
    end(acknowledge());
    set(clear_enable, kIntid);
}

void from_the_uart() {
    line("-- a level that a device holds");
    constexpr std::uint32_t kIntid = kFirstSpi + 1;
    constexpr std::uint64_t kInterruptMask = kUart + 0x38;
    constexpr std::uint64_t kInterruptClear = kUart + 0x44;
    constexpr std::uint32_t kTransmit = 1 << 5;
    device_word(kUart + 0x30) = 0x301;  // UARTEN, TXE, RXE
    set_edge(kIntid, false);
    set(set_enable, kIntid);
    print("masked ");
    print_taken();
    print_state(kIntid);
    device_word(kInterruptMask) = kTransmit;
    print("unmasked ");
    print_taken();
    print_state(kIntid);
    const std::uint32_t taken = acknowledge();
    print("acknowledged ");
    print(taken);
    print_state(kIntid);
    end(taken);
    print("ended ");
    print_taken();
    print_state(kIntid);
    device_word(kInterruptMask) = 0;
    print("masked ");
    print_taken();
    print_state(kIntid);
    device_word(kInterruptMask) = kTransmit;
    device_word(kInterruptClear) = kTransmit;
    const bool quiet = !test(set_pending, kIntid);
    print(quiet ? "cleared\n" : "still pending\n");
    device_word(kInterruptMask) = 0;
    set(clear_enable, kIntid);
}

}  // namespace

void guest_main() {
    gic::initialise();
    reset_state();
    software_generated();
    at_every_level();
    priority_order();
    preemption();
    two_steps();
    shared();
    from_the_uart();
    line("end");
}

}  // namespace guest
