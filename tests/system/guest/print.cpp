#include "tests/system/guest/print.hpp"

#include "tests/system/guest/memory_map.hpp"

namespace guest {

namespace {

constexpr std::uint64_t kUartData = 0x00;
constexpr std::uint64_t kUartFlags = 0x18;
constexpr std::uint32_t kUartTransmitFull = 1 << 5;

void print_number(std::uint64_t number, unsigned base) {
    char text[21];
    char* at = text + sizeof text - 1;
    *at = '\0';
    do {
        *--at = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    print(at);
}

}  // namespace

void print(const char* text) {
    for (; *text != '\0'; ++text) {
        while ((device_word(kUart + kUartFlags) & kUartTransmitFull) != 0) {
        }
        device_word(kUart + kUartData) = static_cast<unsigned char>(*text);
    }
}

void print(Hex number) {
    print("0x");
    print_number(number.value, 16);
}

void print(std::uint64_t number) {
    print_number(number, 10);
}

}  // namespace guest
