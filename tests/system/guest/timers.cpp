// The generic timer (Arm ARM D11), what wakes WFI, and the firmware's answers (Arm DEN 0022). The transcript
// does not say how long anything takes.
#include "tests/system/guest/gic.hpp"
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

using namespace gic;

constexpr std::uint32_t kVirtualTimer = 27;
constexpr std::uint32_t kPhysicalTimer = 30;
constexpr std::uint64_t kEnable = 1;
constexpr std::uint64_t kMasked = 2;
constexpr std::uint64_t kNever = ~std::uint64_t{0} >> 1;

FRAGMENT(spin, "mov x1, #10000\n 1: subs x1, x1, #1\n b.ne 1b");
FRAGMENT(wait, "1: wfi\n b 1b");
FRAGMENT(wait_once, "wfi\n mov x0, #1");
FRAGMENT(wait_for_event, "sevl\n wfe\n mov x0, #1\n sev\n wfe\n mov x0, #2");

void print_taken() {
    const RunState& state = run(spin, {.level = Level::El0, .pstate = pstate::kDaif & ~pstate::kI});
    print(state.vector % 4 == 1 ? " IRQ" : is_completed(state) ? " none" : " ?");
}

// One timer's registers.
struct Timer {
    const char* name;
    std::uint32_t intid;
    std::uint64_t (*control)();
    void (*set_control)(std::uint64_t value);
    std::uint64_t (*compare_value)();
    void (*set_compare_value)(std::uint64_t value);
    std::uint64_t (*timer_value)();
    void (*set_timer_value)(std::uint64_t value);
    std::uint64_t (*count)();
};

#define READER(name) [] { return READ_REGISTER(name); }
#define WRITER(name) [](std::uint64_t value) { WRITE_REGISTER(name, value); }

constexpr Timer kTimers[] = {
    {"virtual", kVirtualTimer, READER(cntv_ctl_el0), WRITER(cntv_ctl_el0), READER(cntv_cval_el0),
     WRITER(cntv_cval_el0), READER(cntv_tval_el0), WRITER(cntv_tval_el0), READER(cntvct_el0)},
    {"physical", kPhysicalTimer, READER(cntp_ctl_el0), WRITER(cntp_ctl_el0), READER(cntp_cval_el0),
     WRITER(cntp_cval_el0), READER(cntp_tval_el0), WRITER(cntp_tval_el0), READER(cntpct_el0)},
};

void show_timer(const char* what, const Timer& timer) {
    // ISTATUS is UNKNOWN while the timer is disabled.
    const std::uint64_t control = timer.control();
    print(what);
    print(": CTL ");
    print(Hex{(control & kEnable) != 0 ? control : control & kMasked});
    print(test(set_pending, timer.intid) ? " pending" : "");
    print_taken();
    print("\n");
}

void one_timer(const Timer& timer) {
    line("-- ", timer.name, " timer");
    set(set_enable, timer.intid);
    line("enabled at reset ", timer.control() & kEnable);
    timer.set_compare_value(0);
    show_timer("disabled", timer);
    timer.set_control(kEnable | kMasked);
    show_timer("enabled and masked", timer);
    timer.set_control(kEnable);
    show_timer("enabled", timer);
    line("  IAR ", acknowledge());
    show_timer("acknowledged", timer);
    end(timer.intid);
    show_timer("ended, still due", timer);
    timer.set_control(~std::uint64_t{0});
    show_timer("all ones written", timer);
    timer.set_control(kEnable);
    timer.set_compare_value(kNever);
    show_timer("due at the end of time", timer);
    timer.set_timer_value(~std::uint64_t{0});
    show_timer("due before now", timer);
    line("  TVAL is negative ", timer.timer_value() >> 31);
    timer.set_timer_value(0x7fff'ffff);
    show_timer("due in 2^31 - 1", timer);
    const std::uint64_t ahead = timer.compare_value() - timer.count();
    line("  CVAL is ahead ", std::uint64_t{ahead <= 0x7fff'ffff && ahead > 0x6000'0000});
    timer.set_timer_value(0x8000'0000);
    show_timer("TVAL is signed", timer);
    const std::uint64_t behind = timer.count() - timer.compare_value();
    line("  CVAL is behind ", std::uint64_t{behind >= 0x8000'0000 && behind < 0x9000'0000});
    timer.set_compare_value(0x1234'5678'9abc'def0);
    line("  CVAL keeps ", Hex{timer.compare_value()});
    timer.set_timer_value(10'000);
    report("wfi", run(wait, {.pstate = pstate::kDaif & ~pstate::kI}), address_of(wait, Level::El1h) + 4);
    line("  IAR ", acknowledge());
    timer.set_compare_value(kNever);
    end(timer.intid);
    timer.set_timer_value(10'000);
    const std::uint64_t woken = run(wait_once, {}).x[0];
    line("wfi with interrupts masked x0 ", woken, " IAR ", acknowledge());
    timer.set_control(0);
    end(timer.intid);
    show_timer("disabled again", timer);
    set(clear_enable, timer.intid);
}

void counters() {
    line("-- counters");
    line("CNTFRQ ", READ_REGISTER(cntfrq_el0));
    const std::uint64_t first = READ_REGISTER(cntvct_el0);
    std::uint64_t last = first;
    bool monotonic = true;
    for (unsigned i = 0; i < 1000; ++i) {
        const std::uint64_t now = READ_REGISTER(cntvct_el0);
        monotonic = monotonic && now >= last;
        last = now;
    }
    line("CNTVCT never goes back ", std::uint64_t{monotonic}, ", advances ", std::uint64_t{last > first});
    const std::uint64_t before = READ_REGISTER(cntpct_el0);
    const std::uint64_t between = READ_REGISTER(cntvct_el0);
    const std::uint64_t after = READ_REGISTER(cntpct_el0);
    line("CNTVCT is CNTPCT ", std::uint64_t{before <= between && between <= after});
}

void both_timers() {
    line("-- both timers");
    priority_of(kVirtualTimer) = 0x60;
    set(set_enable, kVirtualTimer);
    set(set_enable, kPhysicalTimer);
    WRITE_REGISTER(cntv_cval_el0, 0U);
    WRITE_REGISTER(cntp_cval_el0, 0U);
    WRITE_REGISTER(cntp_ctl_el0, kEnable);
    const std::uint32_t first = acknowledge();
    line("IAR ", first, " RPR ", Hex{running_priority()});
    WRITE_REGISTER(cntv_ctl_el0, kEnable);
    const std::uint32_t second = acknowledge();
    line("IAR ", second, " RPR ", Hex{running_priority()}, " AP1R0 ", Hex{active_priorities()});
    WRITE_REGISTER(cntv_ctl_el0, 0U);
    end(second);
    line("RPR ", Hex{running_priority()}, " HPPIR ", highest_pending());
    WRITE_REGISTER(cntp_ctl_el0, 0U);
    end(first);
    line("RPR ", Hex{running_priority()}, " HPPIR ", highest_pending());
    line("sevl, wfe, sev, wfe: x0 ", run(wait_for_event, {}).x[0]);
}

FRAGMENT(call_firmware, "hvc #0");

void firmware() {
    line("-- PSCI");
    const struct {
        const char* what;
        std::uint64_t function;
        std::uint64_t first;
        std::uint64_t second;
    } calls[] = {
        {"PSCI_VERSION", 0x8400'0000, 0, 0},
        {"PSCI_FEATURES of PSCI_VERSION", 0x8400'000a, 0x8400'0000, 0},
        {"PSCI_FEATURES of CPU_ON", 0x8400'000a, 0xc400'0003, 0},
        {"PSCI_FEATURES of SYSTEM_OFF", 0x8400'000a, 0x8400'0008, 0},
        {"PSCI_FEATURES of SYSTEM_RESET", 0x8400'000a, 0x8400'0009, 0},
        {"PSCI_FEATURES of AFFINITY_INFO", 0x8400'000a, 0xc400'0004, 0},
        {"PSCI_FEATURES of what is not there", 0x8400'000a, 0x8400'00ff, 0},
        {"AFFINITY_INFO of this CPU", 0xc400'0004, 0, 0},
        {"AFFINITY_INFO of no CPU", 0xc400'0004, 0x7, 0},
        {"CPU_ON of this CPU", 0xc400'0003, 0, 0x4020'0000},
        {"CPU_ON of no CPU", 0xc400'0003, 0x7, 0x4020'0000},
        {"MIGRATE_INFO_TYPE", 0x8400'0006, 0, 0},
        {"MIGRATE", 0x8400'0005, 0, 0},
        {"an unknown function", 0x8400'00ff, 0, 0},
        {"a call that is not PSCI's", 0x8200'0000, 0, 0},
    };
    for (const auto& call : calls) {
        const RunState& state = run(call_firmware, {}, {call.function, call.first, call.second, 0});
        line(call.what, ": x0 ", Hex{state.x[0]}, " x1 ", Hex{state.x[1]}, " x4 ", Hex{state.x[4]});
    }
}

}  // namespace

void guest_main() {
    gic::initialise();
    counters();
    for (const Timer& timer : kTimers) {
        one_timer(timer);
    }
    both_timers();
    firmware();
    line("end");
}

}  // namespace guest
