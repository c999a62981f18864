// The CPU itself: sleeping, the counter and its timer, power, a program's first registers, backtraces.
#include <asm/ptrace.h>

#include "arch/aarch64/features.hpp"
#include "arch/aarch64/layout.h"
#include "arch/aarch64/mmu.hpp"
#include "arch/aarch64/system_registers.hpp"
#include "arch/include/machine.hpp"
#include "arch/include/setup.hpp"
#include "log/print.hpp"
#include "mm/address_space.hpp"

extern "C" void first_step();
extern "C" const std::byte boot_stack_top[];

namespace kernel::arch {

namespace {

constexpr std::uint64_t kTimerEnabled = 1;
constexpr std::uint64_t kTimerMasked = 2;

// PSCI (Arm DEN 0022), the SMC32 calling convention's function numbers.
constexpr std::uint64_t kPsciSystemOff = 0x8400'0008;
constexpr std::uint64_t kPsciSystemReset = 0x8400'0009;

constinit PowerConduit power_conduit = PowerConduit::Hypervisor;

}  // namespace

void set_power_conduit(PowerConduit conduit) {
    power_conduit = conduit;
}

void set_up_cpu() {
    // Event stream at about 10 kHz, as Linux turns it on (HWCAP_EVTSTRM); programs read the virtual counter.
    std::uint64_t bit = 0;
    while (bit < 15 && (std::uint64_t{2} << bit) < counter_frequency() / 10'000) {
        ++bit;
    }
    constexpr std::uint64_t kProgramsReadVirtualCounter = 1 << 1;
    constexpr std::uint64_t kEventStream = 1 << 2;
    WRITE_SYSTEM_REGISTER(cntkctl_el1, kProgramsReadVirtualCounter | kEventStream | bit << 4);
    set_timer(UINT64_MAX);
    // Programs must not see the cache type as the CPU has it: their reads trap (SCTLR_EL1.UCT) and are
    // emulated.
    if (effective_cache_type() != READ_SYSTEM_REGISTER(ctr_el0)) {
        constexpr std::uint64_t kReadCacheType = 1 << 15;
        WRITE_SYSTEM_REGISTER(sctlr_el1, READ_SYSTEM_REGISTER(sctlr_el1) & ~kReadCacheType);
        instruction_barrier();
    }
    // Privileged Access Never, where the CPU has it: the kernel cannot touch a program's memory by mistake.
    if ((READ_SYSTEM_REGISTER(id_aa64mmfr1_el1) >> 20 & 0xf) != 0) {
        asm volatile(".arch armv8.2-a\n msr pan, #1" : : : "memory");
    }
    WRITE_SYSTEM_REGISTER(mdscr_el1, 0);
    WRITE_SYSTEM_REGISTER(tpidr_el0, 0);
    WRITE_SYSTEM_REGISTER(tpidrro_el0, 0);
}

void wait_for_interrupt() {
    asm volatile("dsb sy\n wfi" : : : "memory");
}

void halt() {
    for (;;) {
        wait_for_interrupt();
    }
}

std::uint64_t counter() {
    instruction_barrier();
    return READ_SYSTEM_REGISTER(cntvct_el0);
}

std::uint64_t counter_frequency() {
    return READ_SYSTEM_REGISTER(cntfrq_el0);
}

void set_timer(std::uint64_t value) {
    WRITE_SYSTEM_REGISTER(cntv_cval_el0, value);
    WRITE_SYSTEM_REGISTER(cntv_ctl_el0, value == UINT64_MAX ? kTimerMasked : kTimerEnabled);
    instruction_barrier();
}

void prepare_first_step(Context& context, const KernelStack& stack) {
    context.callee_saved.fill(0);
    context.callee_saved[11] = reinterpret_cast<std::uint64_t>(&first_step);  // x30
    context.sp = reinterpret_cast<std::uint64_t>(&stack.registers());
}

std::uint64_t thread_pointer() {
    return READ_SYSTEM_REGISTER(tpidr_el0);
}
void set_thread_pointer(std::uint64_t value) {
    WRITE_SYSTEM_REGISTER(tpidr_el0, value);
}

void start_program(Registers& registers, std::uint64_t entry, std::uint64_t stack_pointer) {
    registers = Registers{};
    registers.pc = entry;
    registers.sp = stack_pointer;
    registers.pstate = PSR_MODE_EL0t;
    registers.system_call = -1;
    const FloatingPointState clear{};
    load_floating_point(&clear);
    set_thread_pointer(0);
}

void set_store_bypass(Registers& registers, bool is_allowed) {
    constexpr std::uint64_t kBit = PSR_SSBS_BIT;
    registers.pstate = is_allowed ? registers.pstate | kBit : registers.pstate & ~kBit;
}

bool is_valid_user_pstate(std::uint64_t pstate) {
    // Linux arch/arm64/kernel/ptrace.c, valid_native_regs: EL0t, AArch64, nothing masked.
    constexpr std::uint64_t kMustBeZero =
        PSR_MODE_MASK | PSR_MODE32_BIT | PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT;
    return (pstate & kMustBeZero) == PSR_MODE_EL0t;
}

void synchronize_instructions(const void* data, std::size_t size) {
    const std::uint64_t ctr = READ_SYSTEM_REGISTER(ctr_el0);
    const std::uint64_t line = std::uint64_t{4} << (ctr >> 16 & 0xf);
    const auto start = reinterpret_cast<std::uint64_t>(data);
    for (std::uint64_t address = start & ~(line - 1); address < start + size; address += line) {
        asm volatile("dc cvau, %0" : : "r"(address) : "memory");
    }
    asm volatile("dsb ish\n ic ialluis\n dsb ish\n isb" : : : "memory");
}

// A frame record is (previous frame, return address); ours lie on one kernel stack and go upwards.
void print_backtrace() {
    auto frame = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
    const std::uint64_t slot = frame & ~std::uint64_t{STACK_SLOT_SIZE - 1};
    print("backtrace:");
    for (int depth = 0;
         depth < 32 && frame >= slot + STACK_SIZE && frame + 16 <= slot + STACK_SLOT_SIZE && frame % 8 == 0;
         ++depth) {
        const auto* record = reinterpret_cast<const std::uint64_t*>(frame);
        print(" ", hex(record[1]));
        if (record[0] <= frame) {
            break;
        }
        frame = record[0];
    }
    print("\n");
}

// sizeof(struct rt_sigframe) with an FPSIMD and an ESR record and the frame record behind, as Linux 6.1
// computes it for a CPU without SVE (arch/arm64/kernel/signal.c, minsigstksz_setup; the reference host says
// 4720).
std::uint64_t minimum_signal_stack() {
    return 4720;
}

void power(PowerAction action) {
    register std::uint64_t function asm("x0") =
        action == PowerAction::Off ? kPsciSystemOff : kPsciSystemReset;
    if (power_conduit == PowerConduit::Hypervisor) {
        asm volatile("hvc #0" : "+r"(function) : : "x1", "x2", "x3", "memory");
    } else {
        asm volatile("smc #0" : "+r"(function) : : "x1", "x2", "x3", "memory");
    }
    halt();
}

}  // namespace kernel::arch

namespace kernel {

namespace {

// Stack slots that were given up, to be used first: the most recent on top.
constinit std::uint64_t free_slots = 0;  // address of a page of the slot's that holds the next one
constinit std::uint64_t next_slot = STACKS_BASE;

}  // namespace

// A slot keeps its pages when its task has gone: the next task takes it as it is.
Result<void> KernelStack::allocate() {
    static_assert(kSize == STACK_SIZE);
    if (free_slots != 0) {
        const std::uint64_t slot = free_slots;
        free_slots = *reinterpret_cast<std::uint64_t*>(slot + STACK_SIZE);
        top_ = slot + STACK_SLOT_SIZE;
        return {};
    }
    std::array<PageRef, kSize / kPageSize> pages;
    for (PageRef& page : pages) {
        page = TRY(allocate_page(PageContents::Undefined));
    }
    for (std::size_t i = 0; i < pages.size(); ++i) {
        if (!arch::map_kernel_page(next_slot + STACK_SIZE + i * kPageSize, pages[i]->physical_address())) {
            return Errno(ENOMEM);  // the next attempt maps the slot again
        }
    }
    for (PageRef& page : pages) {
        page.leak();
    }
    top_ = next_slot + STACK_SLOT_SIZE;
    next_slot += STACK_SLOT_SIZE;
    return {};
}

KernelStack::~KernelStack() {
    release();
}

void KernelStack::release() {
    if (top_ != 0) {
        const std::uint64_t slot = top_ - STACK_SLOT_SIZE;
        *reinterpret_cast<std::uint64_t*>(slot + STACK_SIZE) = free_slots;
        free_slots = slot;
        top_ = 0;
    }
}

Registers& KernelStack::registers() const {
    return *reinterpret_cast<Registers*>(top_ - sizeof(Registers));
}

static_assert(sizeof(Registers) == REGISTERS_SIZE && offsetof(Registers, sp) == REGISTERS_SP &&
              offsetof(Registers, pc) == REGISTERS_PC && offsetof(Registers, pstate) == REGISTERS_PSTATE);
static_assert(offsetof(Context, sp) == 96 && offsetof(Context, tls) == 104 &&
              offsetof(Context, floating_point) == 112 && offsetof(FloatingPointState, fpsr) == 512);

}  // namespace kernel
