// From the loader to the first task; the PL011, polled; the end.
#include "tests/kernels/example/kernel.hpp"

extern "C" [[noreturn]] void kernel_main(uint64_t device_tree);

static uint64_t big_endian(const char* bytes, uint64_t size) {
    uint64_t number = 0;
    for (uint64_t i = 0; i != size; ++i) {
        number = number << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return number;
}

static void take_property(const char* name, const char* value, uint64_t size) {
    if (starts_with(name, "linux,initrd-start")) {
        initrd_start = big_endian(value, size);
    } else if (starts_with(name, "linux,initrd-end")) {
        initrd_end = big_endian(value, size);
    } else if (starts_with(name, "bootargs")) {
        command_line = value;
    }
}

// Devicetree Specification 5: tokens of 4 bytes, each with what belongs to it.
static void read_device_tree(const char* tree) {
    constexpr uint64_t kMagic = 0xd00d'feed, kBeginNode = 1, kProperty = 3, kEnd = 9;
    if (big_endian(tree, 4) != kMagic) {
        panic("no device tree at 0x", reinterpret_cast<uint64_t>(tree));
    }
    for (uint64_t at = big_endian(tree + 8, 4), token = 0; token != kEnd; at = round_up(at, 4)) {
        token = big_endian(tree + at, 4);
        at += 4;
        if (token == kBeginNode) {
            while (tree[at++] != '\0') {
            }
        } else if (token == kProperty) {
            const uint64_t size = big_endian(tree + at, 4);
            const uint64_t name = big_endian(tree + 12, 4) + big_endian(tree + at + 4, 4);
            take_property(tree + name, tree + at + 8, size);
            at += 8 + size;
        }
    }
}

bool starts_with(const char* text, const char* start) {
    return *start == '\0' || (*text == *start && starts_with(text + 1, start + 1));
}

void write_console(const char* text, uint64_t size) {
    auto* const uart = direct<volatile uint32_t>(0x0900'0000);
    for (uint64_t i = 0; i != size; ++i) {
        while ((uart[6] & 1 << 5) != 0) {  // UARTFR.TXFF
        }
        uart[0] = static_cast<unsigned char>(text[i]);
    }
}

void panic(const char* text, uint64_t number) {
    write_console("Kernel panic - not syncing: ", 28);
    for (; *text != '\0'; ++text) {
        write_console(text, 1);
    }
    for (int shift = 28; shift >= 0; shift -= 4) {
        write_console(&"0123456789abcdef"[number >> shift & 15], 1);
    }
    write_console("\n", 1);
    register uint64_t power_off __asm__("x0") = 0x8400'0008;  // PSCI SYSTEM_OFF, Arm DEN 0022
    __asm__ volatile("hvc #0" : "+r"(power_off) : : "memory");
    for (;;) {
    }
}

void kernel_main(uint64_t device_tree) {
    write_console("example kernel\n", 15);
    // The loader of an ELF leaves the tree at the start of RAM, and tells nobody.
    read_device_tree(direct<const char>(device_tree != 0 ? device_tree : 0x4000'0000));
    set_up_memory();
    run_init();
}
