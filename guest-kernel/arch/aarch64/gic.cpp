// The interrupt controller: a GICv3 with the CPU interface in system registers (Arm IHI 0069), or a GICv2
// with one in memory (IHI 0048B).
#include <array>

#include "arch/aarch64/system_registers.hpp"
#include "arch/include/interrupts.hpp"
#include "arch/include/machine.hpp"
#include "log/print.hpp"

namespace kernel::arch {

namespace {

// Offsets in the distributor and in a redistributor's two frames.
constexpr std::size_t kDistributorControl = 0x0000;
constexpr std::size_t kRedistributorWaker = 0x0014;
constexpr std::size_t kGroup = 0x0080;
constexpr std::size_t kSetEnable = 0x0100;
constexpr std::size_t kPriority = 0x0400;
constexpr std::size_t kRouter = 0x6000;
constexpr std::size_t kRedistributorSgiFrame = 0x10000;

// Offsets in a GICv2's CPU interface.
constexpr std::size_t kCpuControl = 0x0000;
constexpr std::size_t kCpuPriorityMask = 0x0004;
constexpr std::size_t kCpuAcknowledge = 0x000c;
constexpr std::size_t kCpuEndOfInterrupt = 0x0010;

constexpr std::uint32_t kEnableGroup0 = 1 << 0;
constexpr std::uint32_t kEnableGroup1 = 1 << 1;
constexpr std::uint32_t kAffinityRouting = 1 << 4;
constexpr std::uint32_t kWritePending = std::uint32_t{1} << 31;
constexpr std::uint32_t kProcessorSleep = 1 << 1;
constexpr std::uint32_t kChildrenAsleep = 1 << 2;

constexpr std::uint32_t kFirstShared = 32;     // lower numbers are this CPU's own
constexpr std::uint32_t kFirstSpecial = 1020;  // 1023: nothing pending
constexpr std::size_t kMostUses = 8;
constexpr std::uint8_t kOrdinaryPriority = 0xa0;
constexpr std::uint8_t kLowestPriority = 0xf0;

constinit volatile std::byte* distributor = nullptr;
constinit volatile std::byte* redistributor = nullptr;
constinit volatile std::byte* cpu_interface = nullptr;  // a GICv2's; a GICv3 has none here
constinit std::array<InterruptUse, kMostUses> uses{};
constinit std::size_t use_count = 0;

volatile std::uint32_t& reg32(volatile std::byte* base, std::size_t offset) {
    return *reinterpret_cast<volatile std::uint32_t*>(base + offset);
}

// A GICv2's interrupts are in Group 0 at reset, and with one CPU all go there.
bool set_up_gic_v2(const InterruptController& where) {
    cpu_interface = map_device(PhysicalAddress(where.cpu_interface), where.cpu_interface_size);
    if (cpu_interface == nullptr) {
        return false;
    }
    reg32(distributor, kDistributorControl) = kEnableGroup0;
    reg32(cpu_interface, kCpuPriorityMask) = kLowestPriority;
    reg32(cpu_interface, kCpuControl) = kEnableGroup0;
    return true;
}

std::uint32_t acknowledge() {
    if (cpu_interface != nullptr) {
        return reg32(cpu_interface, kCpuAcknowledge);
    }
    return static_cast<std::uint32_t>(READ_SYSTEM_REGISTER(S3_0_C12_C12_0));  // ICC_IAR1_EL1
}

void end_of_interrupt(std::uint32_t number) {
    if (cpu_interface != nullptr) {
        reg32(cpu_interface, kCpuEndOfInterrupt) = number;
        return;
    }
    WRITE_SYSTEM_REGISTER(S3_0_C12_C12_1, number);  // ICC_EOIR1_EL1
    instruction_barrier();
}

}  // namespace

bool set_up_interrupt_controller(const InterruptController& where) {
    distributor = map_device(PhysicalAddress(where.distributor), where.distributor_size);
    if (where.cpu_interface_size != 0) {
        return distributor != nullptr && set_up_gic_v2(where);
    }
    // One CPU: the first redistributor, 128 KiB, is ours.
    redistributor = map_device(PhysicalAddress(where.redistributor), 2 * kRedistributorSgiFrame);
    if (distributor == nullptr || redistributor == nullptr) {
        return false;
    }
    reg32(distributor, kDistributorControl) = kEnableGroup1 | kAffinityRouting;
    while ((reg32(distributor, kDistributorControl) & kWritePending) != 0) {
    }
    volatile std::uint32_t& waker = reg32(redistributor, kRedistributorWaker);
    waker = waker & ~kProcessorSleep;
    while ((waker & kChildrenAsleep) != 0) {
    }
    reg32(redistributor, kRedistributorSgiFrame + kGroup) = ~0U;

    WRITE_SYSTEM_REGISTER(S3_0_C12_C12_5, 7);  // ICC_SRE_EL1: system registers
    instruction_barrier();
    WRITE_SYSTEM_REGISTER(S3_0_C4_C6_0, kLowestPriority);  // ICC_PMR_EL1: all but the lowest priority
    WRITE_SYSTEM_REGISTER(S3_0_C12_C12_3, 0);              // ICC_BPR1_EL1
    WRITE_SYSTEM_REGISTER(S3_0_C12_C12_4, 0);              // ICC_CTLR_EL1: EOI drops priority and deactivates
    WRITE_SYSTEM_REGISTER(S3_0_C12_C12_7, 1);              // ICC_IGRPEN1_EL1
    instruction_barrier();
    return true;
}

void enable_interrupt(std::uint32_t number, std::string_view name, InterruptHandler handler) {
    KERNEL_ASSERT(use_count < kMostUses);
    uses[use_count++] = {.number = number, .name = name, .handler = handler};
    const bool is_shared = number >= kFirstShared;
    const bool has_redistributor = cpu_interface == nullptr;
    volatile std::byte* base =
        is_shared || !has_redistributor ? distributor : redistributor + kRedistributorSgiFrame;
    const std::size_t word = std::size_t{number / 32} * 4;
    const std::uint32_t bit = 1U << (number % 32);
    *reinterpret_cast<volatile std::uint8_t*>(base + kPriority + number) = kOrdinaryPriority;
    if (is_shared && has_redistributor) {
        reg32(base, kGroup + word) = reg32(base, kGroup + word) | bit;
        const std::uint64_t affinity = READ_SYSTEM_REGISTER(mpidr_el1) & 0xff'00ff'ffff;
        *reinterpret_cast<volatile std::uint64_t*>(base + kRouter + 8 * std::size_t{number}) = affinity;
    }
    reg32(base, kSetEnable + word) = bit;
}

std::span<const InterruptUse> interrupt_uses() {
    return std::span(uses).first(use_count);
}

void handle_pending_interrupts() {
    for (;;) {
        const std::uint32_t number = acknowledge();
        data_barrier();
        if (number >= kFirstSpecial) {
            return;
        }
        for (InterruptUse& use : std::span(uses).first(use_count)) {
            if (use.number == number) {
                ++use.count;
                use.handler();
            }
        }
        end_of_interrupt(number);
    }
}

}  // namespace kernel::arch
