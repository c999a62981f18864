// Makes init's call to the host without its key: for a program that SVC is like any other.
#include <array>
#include <cstddef>

namespace {

long call(long number, long first, const void* second, long third) {
    register long x0 asm("x0") = first;
    register const void* x1 asm("x1") = second;
    register long x2 asm("x2") = third;
    register const void* x3 asm("x3") = second;
    register long x4 asm("x4") = third;
    register long x5 asm("x5") = 3;
    register long x8 asm("x8") = number;
    asm volatile("svc #0x4c56" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory");
    return x0;
}

constexpr std::array kText{'w', 'r', 'i', 't', 't', 'e', 'n', '\n'};

}  // namespace

int main() {
    constexpr long kSend = 1;
    constexpr long kStdout = 1;
    constexpr long kWrite = 64;
    constexpr long kChannelCallNumber = 0x4c560000;
    constexpr long kNoSuchCall = -38;  // ENOSYS
    constexpr int kStatus = 7;
    const bool is_refused = call(kChannelCallNumber, kSend, kText.data(), kText.size()) == kNoSuchCall;
    const bool is_written = call(kWrite, kStdout, kText.data(), kText.size()) == long{kText.size()};
    return is_refused && is_written ? kStatus : 1;
}
