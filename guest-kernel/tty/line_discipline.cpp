#include "tty/line_discipline.hpp"

#include <asm/signal.h>

namespace kernel {

namespace {
constexpr char kDisabled = '\0';  // _POSIX_VDISABLE
constexpr char kMark = '\xff';    // what PARMRK doubles
}  // namespace

termios2 standard_settings() {
    termios2 settings{};
    settings.c_iflag = ICRNL | IXON;
    settings.c_oflag = OPOST | ONLCR;
    settings.c_cflag = B38400 | CS8 | CREAD | HUPCL;
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

bool LineDiscipline::is_character(char byte, unsigned which) const {
    return byte != kDisabled && static_cast<char>(settings_.c_cc[which]) == byte;
}

// Is there room for a byte? An unfinished line makes it, at the cost of its last byte, so that its end finds
// a place.
bool LineDiscipline::make_room() {
    const std::size_t used = head_ - tail_;
    const std::size_t free = kSize - used;
    if (free > (has_input_flag(PARMRK) ? 3 : 1)) {
        return true;
    }
    const bool is_unfinished = has_local_flag(ICANON) && line_head_ == tail_;
    if (is_unfinished && free == 0) {
        head_--;
    }
    return is_unfinished;
}

void LineDiscipline::store(char byte) {
    at(head_) = byte;
    line_end_[head_ % kSize] = false;
    head_++;
    if (!reads_lines()) {
        has_arrived_ = true;
    }
}

void LineDiscipline::end_line(char byte) {
    at(head_) = byte;
    line_end_[head_ % kSize] = true;
    head_++;
    line_head_ = head_;
    has_arrived_ = true;
}

bool LineDiscipline::take_arrived() {
    const bool arrived = has_arrived_;
    has_arrived_ = false;
    return arrived;
}

std::size_t LineDiscipline::receive(std::span<const char> bytes) {
    std::size_t done = 0;
    while (done < bytes.size() && make_room()) {
        receive_byte(bytes[done++]);
    }
    flush_echo();
    return done;
}

void LineDiscipline::receive_byte(char byte) {
    if (has_input_flag(ISTRIP)) {
        byte = static_cast<char>(byte & 0x7f);
    }
    if (has_input_flag(IUCLC) && has_local_flag(IEXTEN) && byte >= 'A' && byte <= 'Z') {
        byte = static_cast<char>(byte - 'A' + 'a');
    }
    if (literal_next_) {
        literal_next_ = false;
        start_for_any();
        receive_plain(byte, false);
    } else if (has_local_flag(EXTPROC)) {
        store(byte);
    } else {
        receive_special(byte);
    }
}

// IXANY: whatever is typed makes stopped output go on.
void LineDiscipline::start_for_any() {
    if (has_input_flag(IXON) && has_input_flag(IXANY)) {
        start();
    }
}

// A new line is echoed as one, unless it was typed as a literal character.
void LineDiscipline::receive_plain(char byte, bool is_new_line) {
    if (has_local_flag(ECHO)) {
        finish_erasing();
        if (is_new_line) {
            echo_raw(byte);
        } else {
            if (line_head_ == head_) {
                line_column_ = column_;
            }
            echo(byte);
        }
    }
    if (byte == kMark && has_input_flag(PARMRK)) {
        store(byte);
    }
    store(byte);
}

void LineDiscipline::receive_special(char byte) {
    if (receive_flow_character(byte) || receive_signal_character(byte)) {
        return;
    }
    start_for_any();
    if (byte == '\r') {
        if (has_input_flag(IGNCR)) {
            return;
        }
        if (has_input_flag(ICRNL)) {
            byte = '\n';
        }
    } else if (byte == '\n' && has_input_flag(INLCR)) {
        byte = '\r';
    }
    if (has_local_flag(ICANON) && (receive_editing(byte) || receive_line_end(byte))) {
        return;
    }
    receive_plain(byte, byte == '\n');
}

bool LineDiscipline::receive_flow_character(char byte) {
    if (!has_input_flag(IXON)) {
        return false;
    }
    if (is_character(byte, VSTART)) {
        start();
        return true;
    }
    if (is_character(byte, VSTOP)) {
        stop();
        return true;
    }
    return false;
}

// The characters of ISIG. True: the byte was one, and is used up (Linux n_tty_receive_signal_char, isig).
bool LineDiscipline::receive_signal_character(char byte) {
    if (!has_local_flag(ISIG)) {
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
    owner_.send_signal_to_foreground(signal);
    if (!has_local_flag(NOFLSH)) {
        echo_.clear();
        owner_.flush_output();
        flush_input();
    }
    if (has_input_flag(IXON)) {
        start();
    }
    if (has_local_flag(ECHO)) {
        echo(byte);
    }
    return true;
}

// True: a line is complete, with this byte.
bool LineDiscipline::receive_line_end(char byte) {
    if (byte == '\n') {
        if (has_local_flag(ECHO | ECHONL)) {
            echo_raw('\n');
        }
        end_line(byte);
        return true;
    }
    if (is_character(byte, VEOF)) {
        end_line(kEndOfFile);
        return true;
    }
    if (is_character(byte, VEOL) || (has_local_flag(IEXTEN) && is_character(byte, VEOL2))) {
        if (has_local_flag(ECHO)) {
            if (line_head_ == head_) {
                line_column_ = column_;
            }
            echo(byte);
        }
        if (byte == kMark && has_input_flag(PARMRK)) {
            store(byte);
        }
        end_line(byte);
        return true;
    }
    return false;
}

bool LineDiscipline::has_input(std::size_t minimum) const {
    return reads_lines() ? line_head_ != tail_ : head_ - tail_ >= minimum;
}

std::size_t LineDiscipline::available() const {
    if (!reads_lines()) {
        return head_ - tail_;
    }
    std::size_t count = 0;
    for (std::size_t i = tail_; i != line_head_; i++) {
        count += ends_line(i) && at(i) == kEndOfFile ? 0U : 1U;
    }
    return count;
}

LineDiscipline::Taken LineDiscipline::read(IoBuffer& buffer) {
    std::size_t done = 0;
    const bool lines = reads_lines();
    const std::size_t end = lines ? line_head_ : head_;
    while (tail_ != end && !buffer.is_empty()) {
        char byte = at(tail_);
        const bool is_end = lines && ends_line(tail_);
        if (is_end && byte == kEndOfFile) {
            tail_++;
            return {.size = done, .has_more = false};
        }
        if (buffer.put(&byte, 1) == 0) {
            break;
        }
        tail_++;
        done++;
        if (is_end) {
            return {.size = done, .has_more = false};
        }
    }
    // An EOF right after the bytes that filled the buffer belongs to them: the next read must not take it for
    // an end of file (Linux canon_skip_eof).
    if (lines && done > 0 && tail_ != line_head_ && ends_line(tail_) && at(tail_) == kEndOfFile) {
        tail_++;
        return {.size = done, .has_more = false};
    }
    return {.size = done, .has_more = tail_ != end};
}

void LineDiscipline::flush_input() {
    tail_ = line_head_ = head_;
    is_erasing_ = false;
    literal_next_ = false;
    owner_.input_flushed();
}

void LineDiscipline::set_settings(const termios2& changed) {
    const termios2 old = settings_;
    settings_ = changed;
    if (((old.c_lflag ^ changed.c_lflag) & (ICANON | EXTPROC)) != 0) {
        // Input typed in one mode is readable in the other: a half line counts as one line.
        for (std::size_t i = tail_; i != head_; i++) {
            line_end_[i % kSize] = false;
        }
        line_head_ = tail_;
        if (has_local_flag(ICANON) && head_ != tail_) {
            line_end_[(head_ - 1) % kSize] = true;
            line_head_ = head_;
        }
        is_erasing_ = false;
        literal_next_ = false;
    }
    if (!has_input_flag(IXON) && (old.c_iflag & IXON) != 0) {
        start();
        flush_echo();
    }
}

void LineDiscipline::stop() {
    if (!is_stopped_) {
        is_stopped_ = true;
        owner_.output_stopped();
    }
}

void LineDiscipline::start() {
    if (is_stopped_ && !is_stopped_by_call_) {
        is_stopped_ = false;
        owner_.output_started();
    }
}

void LineDiscipline::stop_by_call() {
    is_stopped_by_call_ = true;
    stop();
}

void LineDiscipline::start_by_call() {
    if (is_stopped_by_call_) {
        is_stopped_by_call_ = false;
        start();
    }
}

}  // namespace kernel
