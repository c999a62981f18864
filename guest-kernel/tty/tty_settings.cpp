// The settings of terminals in the forms in which programs get and give them (man 3 termios; Linux
// drivers/tty/tty_ioctl.c, tty_mode_ioctl; tty_baudrate.c).
#include <array>

#include "task/task.hpp"
#include "tty/tty.hpp"

namespace kernel {

namespace {

constexpr std::array<unsigned, 31> kSpeeds = {
    0,      50,      75,      110,     134,     150,     200,     300,     600,    1200,   1800,
    2400,   4800,    9600,    19200,   38400,   57600,   115200,  230400,  460800, 500000, 576000,
    921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000};
constexpr unsigned kSlowSpeeds = 16;  // they come without CBAUDEX

// The speed that the bits of c_cflag name; `other` for BOTHER.
unsigned speed_of(tcflag_t bits, unsigned other) {
    bits &= CBAUD;
    if (bits == BOTHER) {
        return other;
    }
    const unsigned index = (bits & CBAUDEX) != 0 ? (bits & ~tcflag_t{CBAUDEX}) + kSlowSpeeds - 1 : bits;
    return index < kSpeeds.size() ? kSpeeds[index] : 0;
}

void set_speeds(termios2& settings) {
    const tcflag_t input = settings.c_cflag >> IBSHIFT & CBAUD;
    const unsigned given_input = settings.c_ispeed;
    settings.c_ospeed = speed_of(settings.c_cflag, settings.c_ospeed);
    settings.c_ispeed = input == B0 ? settings.c_ospeed : speed_of(input, given_input);
}

// The old structure holds the same without explicit speeds.
termios short_form(const termios2& settings) {
    termios result{};
    result.c_iflag = settings.c_iflag;
    result.c_oflag = settings.c_oflag;
    result.c_cflag = settings.c_cflag;
    result.c_lflag = settings.c_lflag;
    result.c_line = settings.c_line;
    static_assert(sizeof(result.c_cc) == sizeof(settings.c_cc));
    __builtin_memcpy(result.c_cc, settings.c_cc, sizeof(result.c_cc));
    return result;
}

void apply(const termios& given, termios2& settings) {
    settings.c_iflag = given.c_iflag;
    settings.c_oflag = given.c_oflag;
    settings.c_cflag = given.c_cflag;
    settings.c_lflag = given.c_lflag;
    settings.c_line = given.c_line;
    __builtin_memcpy(settings.c_cc, given.c_cc, sizeof(given.c_cc));
}

// System V's structure: the lower halves of the flags, and eight characters.
termio oldest_form(const termios2& settings) {
    termio result{};
    result.c_iflag = static_cast<unsigned short>(settings.c_iflag);
    result.c_oflag = static_cast<unsigned short>(settings.c_oflag);
    result.c_cflag = static_cast<unsigned short>(settings.c_cflag);
    result.c_lflag = static_cast<unsigned short>(settings.c_lflag);
    result.c_line = settings.c_line;
    __builtin_memcpy(result.c_cc, settings.c_cc, sizeof(result.c_cc));
    return result;
}

void apply(const termio& given, termios2& settings) {
    constexpr tcflag_t kUpper = 0xffff0000;
    settings.c_iflag = (settings.c_iflag & kUpper) | given.c_iflag;
    settings.c_oflag = (settings.c_oflag & kUpper) | given.c_oflag;
    settings.c_cflag = (settings.c_cflag & kUpper) | given.c_cflag;
    settings.c_lflag = (settings.c_lflag & kUpper) | given.c_lflag;
    settings.c_line = given.c_line;
    __builtin_memcpy(settings.c_cc, given.c_cc, sizeof(given.c_cc));
}

Result<termios2> read_settings(unsigned command, UserAddress address, termios2 settings) {
    switch (command) {
        case TCSETS2:
        case TCSETSW2:
        case TCSETSF2:
            settings = TRY(UserIn<termios2>(address).read());
            break;
        case TCSETA:
        case TCSETAW:
        case TCSETAF:
            apply(TRY(UserIn<termio>(address).read()), settings);
            break;
        default:
            apply(TRY(UserIn<termios>(address).read()), settings);
            break;
    }
    set_speeds(settings);
    return settings;
}

}  // namespace

Result<long> Tty::change_settings(unsigned command, unsigned long argument) {
    TRY(check_foreground(SIGTTOU));
    const termios2 wanted = TRY(read_settings(command, UserAddress(argument), line_.settings()));
    if (command == TCSETSF || command == TCSETSF2 || command == TCSETAF) {
        line_.flush_input();
    }
    const termios2 old = line_.settings();
    line_.set_settings(supported(wanted));
    settings_changed(old);
    take_waiting_input();
    wake_everybody();
    return 0;
}

Result<long> Tty::settings_ioctl(unsigned command, unsigned long argument) {
    const UserAddress address(argument);
    switch (command) {
        case TCGETS:
            return as_call(UserOut<termios>(address).write(short_form(line_.settings())));
        case TCGETS2:
            return as_call(UserOut<termios2>(address).write(line_.settings()));
        case TCGETA:
            return as_call(UserOut<termio>(address).write(oldest_form(line_.settings())));
        case TCSETS:
        case TCSETSW:
        case TCSETSF:
        case TCSETS2:
        case TCSETSW2:
        case TCSETSF2:
        case TCSETA:
        case TCSETAW:
        case TCSETAF:
            return change_settings(command, argument);
        case TIOCGSOFTCAR:
            return as_call(UserOut<int>(address).write((line_.settings().c_cflag & CLOCAL) != 0 ? 1 : 0));
        case TIOCSSOFTCAR: {
            const bool on = TRY(UserIn<int>(address).read()) != 0;
            termios2 changed = line_.settings();
            changed.c_cflag = on ? changed.c_cflag | CLOCAL : changed.c_cflag & ~tcflag_t{CLOCAL};
            line_.set_settings(changed);
            return 0;
        }
        default:
            return Errno(ENOIOCTLCMD);
    }
}

}  // namespace kernel
