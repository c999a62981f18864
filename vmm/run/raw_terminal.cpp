#include "vmm/run/raw_terminal.hpp"

#include <unistd.h>

namespace levitate::vmm {

RawTerminal::RawTerminal() {
    termios settings{};
    if (::tcgetattr(STDIN_FILENO, &settings) != 0) {
        return;
    }
    before_ = settings;
    constexpr tcflag_t kEdited = ICANON | ECHO | IEXTEN;
    constexpr tcflag_t kTranslated = ISTRIP | INLCR | IGNCR | ICRNL | IXON;
    settings.c_lflag &= ~kEdited;
    settings.c_iflag &= ~kTranslated;
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

RawTerminal::~RawTerminal() {
    if (before_) {
        ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
    }
}

}  // namespace levitate::vmm
