// Says on the UART of QEMU's `virt` machine how this kernel was loaded: where it runs, what is in its
// registers, and what the device trees that it finds tell about arguments and initramfs.
#include <cstddef>
#include <cstdint>

namespace {

constexpr std::uint64_t kUart = 0x0900'0000;
constexpr std::uint64_t kRam = 0x4000'0000;

// A constant in .data and a variable in .bss: both have to be in their places.
volatile std::uint32_t initialized = 0x1234'5678;
volatile std::uint32_t uninitialized;

void put(char character) {
    *reinterpret_cast<volatile std::uint32_t*>(kUart) = static_cast<unsigned char>(character);
}

void print(const char* text) {
    for (; *text != '\0'; ++text) {
        put(*text);
    }
}

void print_hex(std::uint64_t value) {
    print("0x");
    for (int shift = 60; shift >= 0; shift -= 4) {
        const auto digit = static_cast<unsigned>(value >> static_cast<unsigned>(shift)) & 15U;
        put(static_cast<char>(digit < 10 ? '0' + digit : 'a' + digit - 10));
    }
}

void print_value(const char* name, std::uint64_t value) {
    print(name);
    put(' ');
    print_hex(value);
    put('\n');
}

// A number of the device tree, which is big-endian. The MMU is off, so accesses have to be aligned.
std::uint32_t word_at(std::uint64_t address) {
    return __builtin_bswap32(*reinterpret_cast<volatile std::uint32_t*>(address));
}

bool is_equal(const char* left, const char* right) {
    for (; *left == *right; ++left, ++right) {
        if (*left == '\0') {
            return true;
        }
    }
    return false;
}

std::uint64_t length_of(const char* text) {
    std::uint64_t length = 0;
    while (text[length] != '\0') {
        ++length;
    }
    return length;
}

// What the node /chosen says.
struct Chosen {
    const char* arguments = "";
    std::uint64_t initramfs_begin = 0;
    std::uint64_t initramfs_end = 0;

    void take(const char* name, std::uint64_t value, std::uint32_t length);
};

// Devicetree specification 0.4, section 5.
struct Tree {
    static constexpr std::uint32_t kMagic = 0xd00d'feed;
    static constexpr std::uint32_t kBeginNode = 1;
    static constexpr std::uint32_t kEndNode = 2;
    static constexpr std::uint32_t kProperty = 3;
    static constexpr std::uint32_t kEnd = 9;

    std::uint64_t address;

    bool is_there() const { return address != 0 && address % 8 == 0 && word_at(address) == kMagic; }
    const char* string(std::uint32_t offset) const {
        return reinterpret_cast<const char*>(address + word_at(address + 12) + offset);
    }
    Chosen chosen() const;
};

// One cell or two: QEMU has written both.
std::uint64_t number_at(std::uint64_t address, std::uint32_t length) {
    std::uint64_t value = 0;
    for (std::uint32_t at = 0; at < length; at += 4) {
        value = value << 32U | word_at(address + at);
    }
    return value;
}

void Chosen::take(const char* name, std::uint64_t value, std::uint32_t length) {
    if (is_equal(name, "bootargs")) {
        arguments = reinterpret_cast<const char*>(value);
    } else if (is_equal(name, "linux,initrd-start")) {
        initramfs_begin = number_at(value, length);
    } else if (is_equal(name, "linux,initrd-end")) {
        initramfs_end = number_at(value, length);
    }
}

Chosen Tree::chosen() const {
    Chosen found;
    std::uint64_t at = address + word_at(address + 8);
    bool is_chosen = false;
    for (;;) {
        const std::uint32_t token = word_at(at);
        at += 4;
        if (token == kEnd) {
            return found;
        }
        if (token == kBeginNode) {
            const char* const name = reinterpret_cast<const char*>(at);
            is_chosen = is_equal(name, "chosen");
            at += length_of(name) / 4 * 4 + 4;
        } else if (token == kEndNode) {
            is_chosen = false;
        } else if (token == kProperty) {
            const std::uint32_t length = word_at(at);
            if (is_chosen) {
                found.take(string(word_at(at + 4)), at + 8, length);
            }
            at += 8 + (length + 3) / 4 * 4;
        }
    }
}

void print_tree(const char* prefix, std::uint64_t address) {
    const Tree tree{address};
    print(prefix);
    print(tree.is_there() ? " has a device tree\n" : " has no device tree\n");
    if (!tree.is_there()) {
        return;
    }
    const Chosen chosen = tree.chosen();
    print(prefix);
    print(" arguments ");
    print(chosen.arguments);
    put('\n');
    print(prefix);
    print_value(" initramfs from", chosen.initramfs_begin);
    print(prefix);
    print_value(" initramfs to", chosen.initramfs_end);
    if (chosen.initramfs_begin != 0) {
        print(prefix);
        print_value(" initramfs begins with", word_at(chosen.initramfs_begin));
    }
}

#define SYSTEM_REGISTER(name)                              \
    [] {                                                   \
        std::uint64_t value_;                              \
        __asm__ volatile("mrs %0, " #name : "=r"(value_)); \
        return value_;                                     \
    }()

}  // namespace

// `registers` are x0 to x3 as they were at the entry, which is at `start`.
extern "C" void report(const std::uint64_t* registers, std::uint64_t start) {
    constexpr std::uint64_t kMmu = 1;
    print_value("runs at", start);
    print_value("x0 is", registers[0]);
    print_value("x1 to x3 hold", registers[1] | registers[2] | registers[3]);
    print_value("CurrentEL", SYSTEM_REGISTER(currentel));
    print_value("DAIF", SYSTEM_REGISTER(daif));
    print_value("SCTLR_EL1.M", SYSTEM_REGISTER(sctlr_el1) & kMmu);
    print_value("data", initialized);
    print_value("bss", uninitialized);
    print_tree("x0", registers[0]);
    print_tree("the start of RAM", kRam);
}
