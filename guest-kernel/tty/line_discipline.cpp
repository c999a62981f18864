#include "tty/line_discipline.hpp"

#include <asm/signal.h>

namespace kernel {

namespace {

constexpr char kDisabled = '\0';  // _POSIX_VDISABLE

bool is_word_character(char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           byte == '_';
}

// Linux drivers/tty/tty_io.c, tty_std_termios; the speed is what the console runs at.
termios2 initial_settings() {
    termios2 settings{};
    settings.c_iflag = ICRNL | IXON;
    settings.c_oflag = OPOST | ONLCR;
    settings.c_cflag = B38400 | CS8 | CREAD | HUPCL | CLOCAL;
    settings.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
    settings.c_cc[VINTR] = 'C' - '@';
    settings.c_cc[VQUIT] = '\\' - '@';
    settings.c_cc[VERASE] = 0x7f;
    settings.c_cc[VKILL] = 'U' - '@';
    settings.c_cc[VEOF] = 'D' - '@';
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VSTART] = 'Q' - '@';
    settings.c_cc[VSTOP] = 'S' - '@';
    settings.c_cc[VSUSP] = 'Z' - '@';
    settings.c_cc[VREPRINT] = 'R' - '@';
    settings.c_cc[VDISCARD] = 'O' - '@';
    settings.c_cc[VWERASE] = 'W' - '@';
    settings.c_cc[VLNEXT] = 'V' - '@';
    settings.c_ispeed = settings.c_ospeed = 38400;
    return settings;
}

}  // namespace

LineDiscipline::LineDiscipline(LineOwner& owner) : settings(initial_settings()), owner_(owner) {}

bool LineDiscipline::is_character(char byte, unsigned which) const {
    return byte != kDisabled && static_cast<char>(settings.c_cc[which]) == byte;
}

void LineDiscipline::store(char byte) {
    // A full buffer drops input, but keeps room for the end of the line (as Linux does).
    if (head_ - tail_ >= kSize - 1) {
        return;
    }
    bytes_[position(head_)] = byte;
    line_end_[position(head_)] = false;
    head_++;
}

bool LineDiscipline::end_line(char byte) {
    if (head_ - tail_ >= kSize) {
        return false;
    }
    bytes_[position(head_)] = byte;
    line_end_[position(head_)] = true;
    head_++;
    line_head_ = head_;
    return true;
}

bool LineDiscipline::receive(char byte) {
    if ((settings.c_iflag & ISTRIP) != 0) {
        byte = static_cast<char>(byte & 0x7f);
    }
    if (literal_next_) {
        literal_next_ = false;
        echo(byte);
        store(byte);
        return !is_canonical();
    }
    if (receive_signal_character(byte)) {
        return true;
    }
    if (byte == '\r') {
        if ((settings.c_iflag & IGNCR) != 0) {
            return false;
        }
        if ((settings.c_iflag & ICRNL) != 0) {
            byte = '\n';
        }
    } else if (byte == '\n' && (settings.c_iflag & INLCR) != 0) {
        byte = '\r';
    }
    if (is_canonical()) {
        return receive_editing(byte);
    }
    echo(byte);
    store(byte);
    return true;
}

// The characters of IXON and ISIG. True: the byte was one, and is used up.
bool LineDiscipline::receive_signal_character(char byte) {
    // Output never waits here, so stopping and starting it has no effect.
    if ((settings.c_iflag & IXON) != 0 && (is_character(byte, VSTART) || is_character(byte, VSTOP))) {
        return true;
    }
    if ((settings.c_lflag & ISIG) == 0) {
        return false;
    }
    int signal = 0;
    if (is_character(byte, VINTR)) {
        signal = SIGINT;
    } else if (is_character(byte, VQUIT)) {
        signal = SIGQUIT;
    } else if (is_character(byte, VSUSP)) {
        signal = SIGTSTP;
    } else {
        return false;
    }
    if ((settings.c_lflag & NOFLSH) == 0) {
        flush_input();
    }
    echo(byte);
    owner_.send_signal_to_foreground(signal);
    return true;
}

// Canonical mode. True: a line is complete.
bool LineDiscipline::receive_editing(char byte) {
    if (is_character(byte, VERASE)) {
        erase_one();
        return false;
    }
    if (is_character(byte, VKILL)) {
        erase_line();
        return false;
    }
    const bool extended = (settings.c_lflag & IEXTEN) != 0;
    if (extended && is_character(byte, VWERASE)) {
        erase_word();
        return false;
    }
    if (extended && is_character(byte, VLNEXT)) {
        literal_next_ = true;
        return false;
    }
    if (byte == '\n') {
        if ((settings.c_lflag & (ECHO | ECHONL)) != 0) {
            put_output('\n');
        }
        return end_line(byte);
    }
    if (is_character(byte, VEOF)) {
        return end_line(kEndOfFile);
    }
    if (is_character(byte, VEOL) || (extended && is_character(byte, VEOL2))) {
        echo(byte);
        return end_line(byte);
    }
    echo(byte);
    store(byte);
    return false;
}

void LineDiscipline::echo_erased(char byte) {
    if ((settings.c_lflag & ECHO) == 0) {
        return;
    }
    if ((settings.c_lflag & ECHOE) == 0) {
        echo(static_cast<char>(settings.c_cc[VERASE]));
        return;
    }
    const bool two_columns = is_control(byte) && (settings.c_lflag & ECHOCTL) != 0;
    for (int i = 0; i < (two_columns ? 2 : 1); i++) {
        owner_.transmit("\b \b", 3);
    }
}

void LineDiscipline::erase_one() {
    if (head_ != line_head_) {
        head_--;
        echo_erased(bytes_[position(head_)]);
    }
}

void LineDiscipline::erase_line() {
    const bool visibly = (settings.c_lflag & ECHOKE) != 0;
    while (visibly && head_ != line_head_) {
        erase_one();
    }
    head_ = line_head_;
    if (!visibly && (settings.c_lflag & ECHOK) != 0) {
        echo(static_cast<char>(settings.c_cc[VKILL]));
        put_output('\n');
    }
}

void LineDiscipline::erase_word() {
    bool seen_word = false;
    while (head_ != line_head_) {
        const bool in_word = is_word_character(bytes_[position(head_ - 1)]);
        if (seen_word && !in_word) {
            break;
        }
        seen_word = seen_word || in_word;
        erase_one();
    }
}

void LineDiscipline::echo(char byte) {
    if ((settings.c_lflag & ECHO) == 0) {
        return;
    }
    if (is_control(byte) && (settings.c_lflag & ECHOCTL) != 0 && byte != '\t' && byte != '\n') {
        const char shown[2] = {'^', static_cast<char>(byte ^ 0x40)};
        owner_.transmit(shown, 2);
        column_ += 2;
        return;
    }
    put_output(byte);
}

bool LineDiscipline::has_input(std::size_t minimum) const {
    return is_canonical() ? line_head_ != tail_ : head_ - tail_ >= minimum;
}

std::size_t LineDiscipline::available() const {
    if (!is_canonical()) {
        return head_ - tail_;
    }
    std::size_t count = 0;
    for (std::size_t i = tail_; i != line_head_; i++) {
        const bool is_end_of_file = line_end_[position(i)] && bytes_[position(i)] == kEndOfFile;
        count += is_end_of_file ? 0 : 1;
    }
    return count;
}

std::size_t LineDiscipline::read(IoBuffer& buffer) {
    std::size_t done = 0;
    const std::size_t end = is_canonical() ? line_head_ : head_;
    while (tail_ != end && !buffer.is_empty()) {
        char byte = bytes_[position(tail_)];
        const bool ends_line = is_canonical() && line_end_[position(tail_)];
        if (ends_line && byte == kEndOfFile) {
            tail_++;
            break;
        }
        if (buffer.put(&byte, 1) == 0) {
            break;
        }
        tail_++;
        done++;
        if (ends_line) {
            break;
        }
    }
    // An EOF right after the bytes that filled the buffer belongs to them: the next read must not take it for
    // an end of file.
    const bool line_is_cut = is_canonical() && buffer.is_empty() && done > 0 && tail_ != line_head_ &&
                             !line_end_[position(tail_ - 1)];
    if (line_is_cut && line_end_[position(tail_)] && bytes_[position(tail_)] == kEndOfFile) {
        tail_++;
    }
    return done;
}

void LineDiscipline::flush_input() {
    tail_ = line_head_ = head_;
}

void LineDiscipline::set_settings(const termios2& changed) {
    const bool was_canonical = is_canonical();
    settings = changed;
    if (was_canonical != is_canonical()) {
        // Input typed in one mode is readable in the other: a half line counts as one line.
        for (std::size_t i = tail_; i != head_; i++) {
            line_end_[position(i)] = false;
        }
        line_head_ = tail_;
        if (is_canonical() && head_ != tail_) {
            line_end_[position(head_ - 1)] = true;
            line_head_ = head_;
        }
        literal_next_ = false;
    }
}

}  // namespace kernel
