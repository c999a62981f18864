// Kernels that come to a bad end. Each prints a line and then goes the way of the function END, which
// CMakeLists.txt names: its symbol is what a report of the end is to name.
#include <cstdint>

extern "C" {
extern const std::uint32_t pushing_vectors[];
extern const std::uint32_t skipping_vectors[];

[[noreturn]] void kernel_main();
[[noreturn]] void END();
}

namespace {

constexpr std::uint64_t kUart = 0x0900'0000;
constexpr std::uint64_t kUartFlags = 0x18;
constexpr std::uint32_t kUartReceiveEmpty = 1 << 4;
constexpr std::uint32_t kUartTransmitFull = 1 << 5;

// No device of the virt machine is in this range: it lies between GPIO and virtio's slots on one side, the
// platform bus on the other.
constexpr std::uint64_t kNothingAnswers = 0x0b00'0000;

// In the half of the address space that TTBR1_EL1 would translate, which is never set up.
constexpr std::uint64_t kHighHalf = 0xffff'ff80'4008'0000;

// PSCI, Arm DEN 0022.
constexpr std::uint64_t kSystemOff = 0x8400'0008;
constexpr std::uint64_t kSystemReset = 0x8400'0009;

volatile std::uint32_t& word_at(std::uint64_t address) {
    return *reinterpret_cast<volatile std::uint32_t*>(address);
}

void print(const char* text) {
    for (; *text != '\0'; ++text) {
        while ((word_at(kUart + kUartFlags) & kUartTransmitFull) != 0) {
        }
        word_at(kUart) = static_cast<unsigned char>(*text);
    }
}

void set_vectors(const std::uint32_t* vectors) {
    __asm__ volatile("msr vbar_el1, %0\n\tisb" : : "r"(vectors) : "memory");
}

[[noreturn]] void wait_for_ever() {
    for (;;) {
        __asm__ volatile("wfi");
    }
}

[[noreturn]] void spin() {
    for (;;) {
        __asm__ volatile("" : : : "memory");
    }
}

[[noreturn]] void call_firmware(std::uint64_t function) {
    register std::uint64_t x0 __asm__("x0") = function;
    __asm__ volatile("hvc #0" : "+r"(x0) : : "memory");
    print("the firmware came back\n");
    spin();
}

// Descriptors of Arm ARM D8.3: blocks of 1 GiB with the access flag. Attribute 0 is device memory, 1 is
// ordinary memory.
constexpr std::uint64_t kBlock = 1 | 1 << 10;
constexpr std::uint64_t kInnerShareable = 3 << 8;
constexpr std::uint64_t kNeverExecuted = std::uint64_t{3} << 53;

alignas(4096) std::uint64_t table[512] = {kBlock | kNeverExecuted,
                                          std::uint64_t{0x4000'0000} | kBlock | kInnerShareable | 1 << 2};

// 39 bits of addresses: the table is of level 1. The first GiB is devices, the second RAM; no other address
// is mapped.
[[maybe_unused]] void enable_mmu() {
    constexpr std::uint64_t kTranslation = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | std::uint64_t{1} << 32;
    constexpr std::uint64_t kMmuAndCaches = 1 << 0 | 1 << 2 | 1 << 12;
    std::uint64_t control = 0;
    __asm__ volatile(
        "msr mair_el1, %1\n\tmsr tcr_el1, %2\n\tmsr ttbr0_el1, %3\n\tdsb sy\n\ttlbi vmalle1\n\tdsb "
        "sy\n\tisb\n\t"
        "mrs %0, sctlr_el1"
        : "=r"(control)
        : "r"(std::uint64_t{0xff00}), "r"(kTranslation), "r"(table)
        : "memory");
    __asm__ volatile("msr sctlr_el1, %0\n\tisb" : : "r"(control | kMmuAndCaches) : "memory");
}

}  // namespace

// The handler's own first store faults, because SP points to where nothing is mapped: the exception repeats
// in silence.
void loops_at_exception() {
    set_vectors(pushing_vectors);
    __asm__ volatile("mov sp, %0\n\tbrk #1" : : "r"(std::uint64_t{0x70'0000'0000}) : "memory");
    spin();
}

// VBAR_EL1 holds what it might after a reset. There is flash, which may not be executed: the exception
// repeats.
void no_vectors() {
    set_vectors(nullptr);
    __asm__ volatile("brk #1");
    spin();
}

// SP is not a multiple of 16 when the exception is taken. With SCTLR_EL1.SA the handler's first store is an
// SP alignment fault (Arm ARM D1.7.2), over and over; QEMU does not check, and goes on.
void misaligned_sp() {
    set_vectors(pushing_vectors);
    __asm__ volatile(
        "mrs x9, sctlr_el1\n\torr x9, x9, #8\n\tmsr sctlr_el1, x9\n\tisb\n\t"
        "sub sp, sp, #8\n\tsvc #0\n\tadd sp, sp, #8"
        :
        :
        : "x9", "memory");
    print("an SVC with a misaligned SP came back\n");
    wait_for_ever();
}

void spins_masked() {
    spin();
}

// A loop of several instructions, with a device in it that never says what is hoped for: all its state
// repeats.
void polls_for_ever() {
    while ((word_at(kUart + kUartFlags) & kUartReceiveEmpty) != 0) {
    }
    print("a byte came\n");
    spin();
}

// No state repeats, so that only a limit can say that nothing comes of it.
void counts_for_ever() {
    for (std::uint64_t count = 0;; ++count) {
        __asm__ volatile("" : : "r"(count) : "memory");
    }
}

void waits_for_ever() {
    wait_for_ever();
}

void panics() {
    print("Kernel panic - not syncing: VFS: Unable to mount root fs\n");
    wait_for_ever();
}

void panics_and_spins() {
    print("PANIC at frames.cpp:71: out of memory\n");
    spin();
}

void powers_off_early() {
    call_firmware(kSystemOff);
}

void resets_early() {
    call_firmware(kSystemReset);
}

// The kernel is called where it will be mapped one day.
void jumps_into_nothing() {
    __asm__ volatile("br %0" : : "r"(kHighHalf) : "memory");
    spin();
}

// Every store is an external abort; the handler steps over it, as one that probes for devices does.
void writes_wildly() {
    set_vectors(skipping_vectors);
    for (std::uint64_t at = kNothingAnswers; at != kNothingAnswers + 0x10000; at += 0x1000) {
        // The handler overwrites x10.
        __asm__ volatile("str %w1, [%0]" : : "r"(at), "r"(1) : "x10", "memory");
    }
    print("written\n");
    wait_for_ever();
}

// With the MMU off all memory is Device memory, in which an access that is not aligned is an alignment fault
// (Arm ARM D8.2.12). QEMU 7.2 does not check.
void never_enables_mmu() {
    std::uint64_t value = 0;
    __asm__ volatile("ldr %0, [%1]"
                     : "=r"(value)
                     : "r"(reinterpret_cast<std::uint64_t>(table) + 1)
                     : "memory");
    print("read across words\n");
    wait_for_ever();
}

void kernel_main() {
    print("bad end: " END_NAME "\n");
#ifndef LEVITATE_MMU_OFF
    enable_mmu();
#endif
    END();
}
