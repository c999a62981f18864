// The GICv2 (Arm IHI 0048B) of the machine: states, priorities and preemption, groups, FIQ, the two ways to
// end an interrupt.
#include "tests/system/guest/memory_map.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

constexpr std::uint64_t kCpuInterface = 0x0801'0000;
constexpr std::uint64_t kMessageFrame = 0x0802'0000;
constexpr std::uint32_t kInterrupts = 288;

// Offsets in the distributor.
constexpr std::uint64_t kGroup = 0x080;
constexpr std::uint64_t kSetEnable = 0x100;
constexpr std::uint64_t kClearEnable = 0x180;
constexpr std::uint64_t kSetPending = 0x200;
constexpr std::uint64_t kClearPending = 0x280;
constexpr std::uint64_t kSetActive = 0x300;
constexpr std::uint64_t kClearActive = 0x380;
constexpr std::uint64_t kPriority = 0x400;
constexpr std::uint64_t kTargets = 0x800;
constexpr std::uint64_t kConfiguration = 0xc00;
constexpr std::uint64_t kGenerateSgi = 0xf00;
constexpr std::uint64_t kClearSgiPending = 0xf10;
constexpr std::uint64_t kSetSgiPending = 0xf20;

FRAGMENT(spin, "mov x1, #10000\n 1: subs x1, x1, #1\n b.ne 1b");

volatile std::uint32_t& distributor(std::uint64_t offset) {
    return device_word(kGicDistributor + offset);
}
volatile std::uint32_t& word_of(std::uint64_t array, std::uint32_t intid) {
    return distributor(array + std::uint64_t{intid / 32} * 4);
}
volatile std::uint8_t& byte_of(std::uint64_t array, std::uint32_t intid) {
    return *reinterpret_cast<volatile std::uint8_t*>(kGicDistributor + array + intid);
}
// For the arrays in which a one acts and a zero does not.
void set(std::uint64_t array, std::uint32_t intid) {
    word_of(array, intid) = 1U << intid % 32;
}
void set_group_1(std::uint32_t intid, bool one) {
    volatile std::uint32_t& word = word_of(kGroup, intid);
    const std::uint32_t bit = 1U << intid % 32;
    word = one ? word | bit : word & ~bit;
}

volatile std::uint32_t& control() {
    return device_word(kCpuInterface);
}
void set_priority_mask(std::uint32_t value) {
    device_word(kCpuInterface + 0x04) = value;
}
void set_binary_points(std::uint32_t value, std::uint32_t aliased) {
    device_word(kCpuInterface + 0x08) = value;
    device_word(kCpuInterface + 0x1c) = aliased;
}
std::uint32_t acknowledge() {
    return device_word(kCpuInterface + 0x0c);
}
void end(std::uint32_t intid) {
    device_word(kCpuInterface + 0x10) = intid;
}
void deactivate(std::uint32_t intid) {
    device_word(kCpuInterface + 0x1000) = intid;
}

void show_interface(const char* what) {
    print(what);
    print(": HPPIR ");
    print(device_word(kCpuInterface + 0x18));
    print(" RPR ");
    print(Hex{device_word(kCpuInterface + 0x14)});
    print(" APR");
    for (std::uint64_t offset = 0xd0; offset != 0xf0; offset += 4) {
        const std::uint32_t value = device_word(kCpuInterface + offset);
        if (value != 0) {
            print(" +");
            print(Hex{offset});
            print(" ");
            print(Hex{value});
        }
    }
    line(" ISR ", Hex{READ_REGISTER(isr_el1)});
}

void print_state(std::uint32_t intid) {
    const std::uint32_t bit = 1U << intid % 32;
    print((word_of(kSetPending, intid) & bit) != 0 ? " pending" : "");
    print((word_of(kSetActive, intid) & bit) != 0 ? " active" : "");
}

// What is taken with PSTATE.I and F clear.
void print_taken() {
    const RunState& state =
        run(spin, {.level = Level::El0, .pstate = pstate::kDaif & ~(pstate::kI | pstate::kF)});
    print(state.vector % 4 == 1 ? "IRQ" : state.vector % 4 == 2 ? "FIQ" : is_completed(state) ? "none" : "?");
}

void show_taken(const char* what) {
    print(what);
    print(": ");
    print_taken();
    print("\n");
}

// Everything disabled, idle, in Group 0, at priority 0xa0; both groups forwarded, Group 0 enabled.
void reset() {
    for (std::uint32_t intid = 0; intid < kInterrupts; ++intid) {
        if (intid % 32 == 0) {
            word_of(kGroup, intid) = 0;
            word_of(kClearEnable, intid) = ~0U;
            word_of(kClearPending, intid) = ~0U;
            word_of(kClearActive, intid) = ~0U;
        }
        if (intid % 4 == 0) {
            distributor(kPriority + intid) = 0xa0a0'a0a0;
        }
    }
    for (std::uint64_t offset = 0; offset != 16; offset += 4) {
        distributor(kClearSgiPending + offset) = ~0U;
    }
    for (std::uint64_t offset = 0xd0; offset != 0xf0; offset += 4) {
        device_word(kCpuInterface + offset) = 0;
    }
    distributor(0) = 3;
    set_binary_points(0, 1);
    set_priority_mask(0xff);
    control() = 1;
}

void registers() {
    line("-- registers");
    line("control ", Hex{distributor(0)}, " type ", Hex{distributor(4)}, " identity ", Hex{distributor(8)});
    for (const std::uint64_t offset : {kGroup, kSetEnable, kSetPending, kSetActive, kPriority, kTargets,
                                       kConfiguration, kConfiguration + 4, kClearSgiPending}) {
        const std::uint32_t before = distributor(offset);
        distributor(offset) = ~0U;
        const std::uint32_t ones = distributor(offset);
        distributor(offset) = 0;
        line("+", Hex{offset}, ": ", Hex{before}, " ", Hex{ones}, " ", Hex{distributor(offset)});
    }
    for (std::uint64_t offset = 0xfd0; offset != 0x1000; offset += 4) {
        line("+", Hex{offset}, ": ", Hex{distributor(offset)});
    }
    byte_of(kPriority, 41) = 0x57;
    line("a byte of a priority: ", Hex{distributor(kPriority + 40)}, " ", Hex{byte_of(kPriority, 41)});
    byte_of(kSetEnable, 4) = 0x11;
    line("a byte of the enables: ", Hex{word_of(kSetEnable, 32)});
    reset();
    for (const std::uint64_t offset : {0x00U, 0x04U, 0x08U, 0x1cU}) {
        const std::uint64_t at = kCpuInterface + offset;
        const std::uint32_t before = device_word(at);
        device_word(at) = ~0U;
        const std::uint32_t ones = device_word(at);
        device_word(at) = 0;
        line("CPU +", Hex{offset}, ": ", Hex{before}, " ", Hex{ones}, " ", Hex{device_word(at)});
    }
    line("CPU identity ", Hex{device_word(kCpuInterface + 0xfc)});
    line("ID_AA64PFR0.GIC ", READ_REGISTER(id_aa64pfr0_el1) >> 24 & 0xf);
}

FRAGMENT(read_icc_iar1, "mrs x1, S3_0_C12_C12_0");
FRAGMENT(write_icc_pmr, "msr S3_0_C4_C6_0, x1");

void software_generated() {
    line("-- software-generated interrupts");
    reset();
    show("ICC_IAR1", read_icc_iar1, {});
    show("ICC_PMR", write_icc_pmr, {});
    for (const std::uint32_t request :
         {0x0001'0003U, 0x0000'0003U, 0x0002'0003U, 0x0100'0003U, 0x0200'0003U}) {
        distributor(kGenerateSgi) = request;
        print(Hex{request});
        print(": ");
        print_taken();
        print_state(3);
        const std::uint32_t taken = acknowledge();
        print(" IAR ");
        print(Hex{taken});
        print_state(3);
        show_interface("");
        if (taken != 1023) {
            end(taken);
        }
    }
    byte_of(kSetSgiPending, 4) = 1;
    byte_of(kSetSgiPending, 5) = 1;
    line("set pending: ", Hex{word_of(kSetPending, 0)}, " ", Hex{distributor(kSetSgiPending + 4)}, " ",
         Hex{distributor(kClearSgiPending + 4)});
    show_taken("set");
    distributor(kClearSgiPending + 4) = 0x0000'0100;
    line("one cleared: ", Hex{word_of(kSetPending, 0)});
    word_of(kClearPending, 0) = ~0U;
    line("by ICPENDR: ", Hex{word_of(kSetPending, 0)});
    line("IAR ", acknowledge());
    end(4);
    show_interface("ended");
}

void states() {
    line("-- shared interrupts");
    reset();
    constexpr std::uint32_t kIntid = 100;
    set(kSetPending, kIntid);
    show_taken("disabled");
    show_interface("disabled");
    set(kSetEnable, kIntid);
    show_taken("enabled");
    show_interface("enabled");
    distributor(0) = 0;
    show_taken("not forwarded");
    show_interface("not forwarded");
    distributor(0) = 2;
    show_taken("only Group 1 forwarded");
    distributor(0) = 1;
    control() = 0;
    show_taken("interface off");
    show_interface("interface off");
    control() = 1;
    for (const std::uint32_t mask : {0xffU, 0xa1U, 0xa0U, 0x9fU, 0U}) {
        set_priority_mask(mask);
        print("mask ");
        print(Hex{mask});
        show_taken("");
        show_interface("  ");
    }
    set_priority_mask(0xff);
    line("IAR ", acknowledge(), " again ", acknowledge());
    print_state(kIntid);
    show_interface(" acknowledged");
    set(kSetPending, kIntid);
    print_state(kIntid);
    show_taken(" pending while active");
    end(kIntid);
    print_state(kIntid);
    show_taken(" ended");
    set(kClearPending, kIntid);
    print_state(kIntid);
    show_taken(" cleared");
    end(kIntid);
    end(1023);
    end(300);
    show_interface("ended for nothing");
    set(kSetActive, kIntid);
    set(kSetPending, kIntid);
    show_taken("made active");
    set(kClearActive, kIntid);
    show_taken("made inactive");
    set(kClearPending, kIntid);
}

void priorities() {
    line("-- priorities");
    reset();
    constexpr std::uint32_t kFirst = 64;
    for (std::uint32_t index = 0; index < 8; ++index) {
        byte_of(kPriority, kFirst + index) = static_cast<std::uint8_t>(0xf0 - 0x18 * index);
        set(kSetEnable, kFirst + index);
    }
    for (const std::uint32_t point : {0U, 3U, 4U, 5U, 6U, 7U}) {
        set_binary_points(point, 1);
        print("binary point ");
        print(point);
        print(":");
        std::uint32_t taken[8];
        unsigned count = 0;
        for (std::uint32_t index = 0; index < 8; ++index) {
            set(kSetPending, kFirst + index);
            const std::uint32_t intid = acknowledge();
            print(" ");
            print(intid);
            if (intid != 1023) {
                taken[count++] = intid;
            }
        }
        print("\n");
        show_interface("  nested");
        while (count != 0) {
            end(taken[--count]);
        }
        show_interface("  ended");
        for (std::uint32_t intid = acknowledge(); intid != 1023; intid = acknowledge()) {
            print(" then ");
            print(intid);
            end(intid);
        }
        print("\n");
    }
}

void end_of_interrupt_modes() {
    line("-- EOImode");
    reset();
    constexpr std::uint32_t kIntid = 70;
    set(kSetEnable, kIntid);
    for (const std::uint32_t mode : {0x1U, 0x201U, 0x401U}) {
        control() = mode;
        set(kSetPending, kIntid);
        line("mode ", Hex{control()}, " IAR ", acknowledge());
        end(kIntid);
        print_state(kIntid);
        show_interface(" after EOIR");
        deactivate(kIntid);
        print_state(kIntid);
        show_interface(" after DIR");
        set(kClearActive, kIntid);
    }
    control() = 1;
    set(kSetPending, kIntid);
    line("IAR ", acknowledge());
    deactivate(kIntid);
    print_state(kIntid);
    show_interface(" DIR without EOImode");
    end(kIntid);
}

void groups() {
    line("-- groups");
    constexpr std::uint32_t kZero = 80;
    constexpr std::uint32_t kOne = 81;
    for (const std::uint32_t mode : {0x0U, 0x1U, 0x2U, 0x3U, 0x7U, 0x9U, 0xbU, 0xfU, 0xaU}) {
        for (const std::uint32_t intid : {kZero, kOne}) {
            reset();
            set_group_1(kOne, true);
            set(kSetEnable, intid);
            control() = mode;
            set(kSetPending, intid);
            print("control ");
            print(Hex{mode});
            print(" ");
            print(intid);
            print(": ");
            print_taken();
            show_interface(" ");
            line("  IAR ", acknowledge());
            show_interface("  taken");
            control() = 0x7;
            end(intid);
        }
    }
    reset();
    set_group_1(kOne, true);
    control() = 0x7;
    for (const std::uint32_t point : {1U, 4U, 7U}) {
        for (const std::uint32_t common : {0U, 0x10U}) {
            set_binary_points(2, point);
            control() = 0x7 | common;
            byte_of(kPriority, kOne) = 0x95;
            set(kSetEnable, kOne);
            set(kSetPending, kOne);
            line("aliased binary point ", point, common != 0 ? " common" : "", " IAR ", acknowledge());
            show_interface(" ");
            end(kOne);
        }
    }
}

void timer() {
    line("-- timer");
    reset();
    constexpr std::uint32_t kVirtualTimer = 27;
    set(kSetEnable, kVirtualTimer);
    line("configuration ", Hex{distributor(kConfiguration + 4)});
    WRITE_REGISTER(cntv_cval_el0, std::uint64_t{0});
    WRITE_REGISTER(cntv_ctl_el0, std::uint64_t{1});
    show_taken("expired");
    line("IAR ", acknowledge());
    print_state(kVirtualTimer);
    print("\n");
    end(kVirtualTimer);
    print_state(kVirtualTimer);
    show_taken(" still expired");
    WRITE_REGISTER(cntv_ctl_el0, std::uint64_t{0});
    print_state(kVirtualTimer);
    show_taken(" off");
    line("IAR ", acknowledge());
    // WFI wakes although interrupts are masked.
    const std::uint64_t now = READ_REGISTER(cntvct_el0);
    WRITE_REGISTER(cntv_cval_el0, now + 1000);
    WRITE_REGISTER(cntv_ctl_el0, std::uint64_t{1});
    __asm__ volatile("wfi");
    line("woken, IAR ", acknowledge());
    WRITE_REGISTER(cntv_ctl_el0, std::uint64_t{0});
    end(kVirtualTimer);
}

void messages() {
    line("-- message-signalled interrupts");
    reset();
    for (const std::uint32_t intid : {79U, 80U, 143U, 144U}) {
        volatile std::uint32_t& configuration = distributor(kConfiguration + std::uint64_t{intid / 16} * 4);
        configuration = configuration | 2U << intid % 16 * 2;
        set(kSetEnable, intid);
        device_word(kMessageFrame + 0x40) = intid;
        print(intid);
        print(":");
        print_state(intid);
        line(" IAR ", acknowledge());
        end(intid);
    }
}

}  // namespace

void guest_main() {
    registers();
    software_generated();
    states();
    priorities();
    end_of_interrupt_modes();
    groups();
    timer();
    messages();
    line("end");
}

}  // namespace guest
