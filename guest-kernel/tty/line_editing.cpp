// The editing characters of lines: ERASE, WERASE, KILL, REPRINT, LNEXT (man 3 termios; Linux
// drivers/tty/n_tty.c, eraser).
#include "tty/line_discipline.hpp"

namespace kernel {

namespace {

bool is_word_character(char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           byte == '_';
}

}  // namespace

bool LineDiscipline::is_continuation(char byte) const {
    return has_input_flag(IUTF8) && (byte & 0xc0) == 0x80;
}

// True: the byte was an editing character, and is used up.
bool LineDiscipline::receive_editing(char byte) {
    const bool extended = has_local_flag(IEXTEN);
    if (is_character(byte, VERASE) || is_character(byte, VKILL) ||
        (extended && is_character(byte, VWERASE))) {
        erase(byte);
        return true;
    }
    if (extended && is_character(byte, VLNEXT)) {
        literal_next_ = true;
        if (has_local_flag(ECHO)) {
            finish_erasing();
            if (has_local_flag(ECHOCTL)) {
                echo_raw('^');
                echo_raw('\b');
            }
        }
        return true;
    }
    if (extended && has_local_flag(ECHO) && is_character(byte, VREPRINT)) {
        finish_erasing();
        echo(byte);
        reprint();
        return true;
    }
    return false;
}

void LineDiscipline::reprint() {
    echo_raw('\n');
    for (std::size_t i = line_head_; i != head_; i++) {
        echo(at(i));
    }
}

void LineDiscipline::erase(char byte) {
    if (head_ == line_head_) {
        return;
    }
    const bool is_kill = !is_character(byte, VERASE) && !is_character(byte, VWERASE);
    const bool is_visible =
        has_local_flag(ECHO) && has_local_flag(ECHOK) && has_local_flag(ECHOKE) && has_local_flag(ECHOE);
    if (is_kill && !is_visible) {
        erase_invisibly();
        return;
    }
    erase_characters(byte);
    if (head_ == line_head_ && has_local_flag(ECHO)) {
        finish_erasing();
    }
}

// KILL where the terminal cannot rub out what it shows.
void LineDiscipline::erase_invisibly() {
    head_ = line_head_;
    if (!has_local_flag(ECHO)) {
        return;
    }
    finish_erasing();
    echo(static_cast<char>(settings_.c_cc[VKILL]));
    if (has_local_flag(ECHOK)) {
        echo_raw('\n');
    }
}

// One character (ERASE), a word with what follows it (WERASE), or all.
void LineDiscipline::erase_characters(char byte) {
    const bool is_single = is_character(byte, VERASE);
    const bool is_word = !is_single && is_character(byte, VWERASE);
    bool seen_word = false;
    while (head_ != line_head_) {
        std::size_t start = head_;
        do {
            start--;
        } while (is_continuation(at(start)) && start != line_head_);
        if (is_continuation(at(start))) {
            return;  // half a character stays
        }
        if (is_word) {
            const bool in_word = is_word_character(at(start));
            if (seen_word && !in_word) {
                return;
            }
            seen_word = seen_word || in_word;
        }
        const std::size_t size = head_ - start;
        head_ = start;
        if (has_local_flag(ECHO)) {
            echo_erased(start, size, is_single);
        }
        if (is_single) {
            return;
        }
    }
}

void LineDiscipline::echo_erased(std::size_t start, std::size_t size, bool is_single) {
    const char byte = at(start);
    if (has_local_flag(ECHOPRT)) {
        echo_erased_printing(start, size);
    } else if (is_single && !has_local_flag(ECHOE)) {
        echo(static_cast<char>(settings_.c_cc[VERASE]));
    } else if (byte == '\t') {
        echo_erased_tab();
    } else {
        const std::size_t columns = !is_control(byte) ? 1 : has_local_flag(ECHOCTL) ? 2 : 0;
        for (std::size_t i = 0; i < columns; i++) {
            echo_raw('\b');
            echo_raw(' ');
            echo_raw('\b');
        }
    }
}

// ECHOPRT shows on paper what is erased, between \ and /.
void LineDiscipline::echo_erased_printing(std::size_t start, std::size_t size) {
    if (!is_erasing_) {
        echo_raw('\\');
        is_erasing_ = true;
    }
    echo(at(start));
    for (std::size_t i = 1; i < size; i++) {
        echo_raw(at(start + i));
        column_ -= column_ > 0 ? 1 : 0;
    }
}

// Goes back over the columns of a tab, which depend on what stands before it.
void LineDiscipline::echo_erased_tab() {
    std::size_t columns = 0;
    bool after_tab = false;
    for (std::size_t i = head_; i != line_head_ && !after_tab; i--) {
        const char byte = at(i - 1);
        if (byte == '\t') {
            after_tab = true;
        } else if (is_control(byte)) {
            columns += has_local_flag(ECHOCTL) ? 2U : 0U;
        } else {
            columns += is_continuation(byte) ? 0U : 1U;
        }
    }
    const std::size_t start = columns + (after_tab ? 0 : line_column_);
    for (std::size_t i = start % kTabStop; i < kTabStop; i++) {
        echo_raw('\b');
    }
}

void LineDiscipline::finish_erasing() {
    if (is_erasing_) {
        echo_raw('/');
        is_erasing_ = false;
    }
}

}  // namespace kernel
