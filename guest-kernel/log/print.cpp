#include "log/print.hpp"

#include <array>
#include <span>

#include "arch/include/machine.hpp"
#include "drivers/console.hpp"

namespace kernel {

namespace {

void write_text(std::string_view text) {
    console_write(std::as_bytes(std::span(text)));
}

void write_number(std::uint64_t value, unsigned base) {
    std::array<char, 24> digits{};
    std::size_t start = digits.size();
    do {
        digits[--start] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    write_text({digits.data() + start, digits.size() - start});
}

}  // namespace

void PrintArgument::write() const {
    switch (kind_) {
        case Kind::Text:
            // The console wants CR LF; programs' output gets it from the terminal.
            for (std::string_view rest = text_; !rest.empty();) {
                const std::size_t end = rest.find('\n');
                write_text(rest.substr(0, end));
                if (end == std::string_view::npos) {
                    break;
                }
                write_text("\r\n");
                rest.remove_prefix(end + 1);
            }
            break;
        case Kind::Decimal:
            write_number(number_, 10);
            break;
        case Kind::Signed: {
            const auto value = static_cast<std::int64_t>(number_);
            if (value < 0) {
                write_text("-");
            }
            write_number(value < 0 ? 0 - number_ : number_, 10);
            break;
        }
        case Kind::Hex:
            write_text("0x");
            write_number(number_, 16);
            break;
    }
}

void panic(const char* message) {
    print("\nkernel panic: ", message, "\n");
    arch::print_backtrace();
    // README.md, "Panic": a machine that does not restart can tell this reset from a power-off.
    arch::power(arch::PowerAction::Reset);
}

}  // namespace kernel
