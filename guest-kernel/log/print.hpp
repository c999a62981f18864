// The kernel log: lines on the console for people. A program's output never goes through here.
#pragma once

#include <cstdint>
#include <string_view>

namespace kernel {

// One argument of print(): text, a number in decimal, or a number in hexadecimal (written hex(n)).
class PrintArgument {
  public:
    enum class Kind { Text, Decimal, Signed, Hex };

    // NOLINTBEGIN(google-explicit-constructor): arguments are written plainly.
    PrintArgument(std::string_view text) : kind_(Kind::Text), text_(text) {}
    PrintArgument(const char* text) : kind_(Kind::Text), text_(text) {}
    PrintArgument(int number) : kind_(Kind::Signed), number_(static_cast<std::uint64_t>(number)) {}
    PrintArgument(long number) : kind_(Kind::Signed), number_(static_cast<std::uint64_t>(number)) {}
    PrintArgument(unsigned number) : kind_(Kind::Decimal), number_(number) {}
    PrintArgument(unsigned long number) : kind_(Kind::Decimal), number_(number) {}
    // NOLINTEND(google-explicit-constructor)

    static PrintArgument hexadecimal(std::uint64_t number) {
        PrintArgument argument(number);
        argument.kind_ = Kind::Hex;
        return argument;
    }
    void write() const;

  private:
    Kind kind_;
    std::uint64_t number_ = 0;
    std::string_view text_;
};

inline PrintArgument hex(std::uint64_t number) {
    return PrintArgument::hexadecimal(number);
}

template <typename... Arguments>
void print(const Arguments&... arguments) {
    (PrintArgument(arguments).write(), ...);
}

// A bug of ours: prints the message with a backtrace and ends the run (guest-kernel/README.md, "Panic").
[[noreturn]] void panic(const char* message);

}  // namespace kernel

// What must hold unless the kernel itself is wrong. Never for what a program or an input does.
#define KERNEL_ASSERT(condition)                              \
    do {                                                      \
        if (!(condition)) [[unlikely]] {                      \
            ::kernel::panic("assertion failed: " #condition); \
        }                                                     \
    } while (false)
