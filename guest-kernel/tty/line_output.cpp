// The output side of the line discipline: echo, and OPOST processing.
#include <array>

#include "tty/line_discipline.hpp"

namespace kernel {

namespace {

std::size_t one(char byte, char* out) {
    *out = byte;
    return 1;
}
}  // namespace

// Linux do_output_char.
std::size_t LineDiscipline::process_output(char byte, char* out) {
    const tcflag_t flags = settings_.c_oflag;
    if ((flags & OPOST) == 0) {
        return one(byte, out);
    }
    switch (byte) {
        case '\n':
            if ((flags & ONLRET) != 0) {
                column_ = 0;
            }
            if ((flags & ONLCR) != 0) {
                line_column_ = column_ = 0;
                out[0] = '\r';
                out[1] = '\n';
                return 2;
            }
            line_column_ = column_;
            break;
        case '\r':
            if ((flags & ONOCR) != 0 && column_ == 0) {
                return 0;
            }
            if ((flags & OCRNL) != 0) {
                byte = '\n';
                if ((flags & ONLRET) == 0) {
                    break;
                }
            }
            line_column_ = column_ = 0;
            break;
        case '\t': {
            const std::size_t spaces = kTabStop - column_ % kTabStop;
            column_ += spaces;
            if ((flags & TABDLY) == XTABS) {
                __builtin_memset(out, ' ', spaces);
                return spaces;
            }
            break;
        }
        case '\b':
            column_ -= column_ > 0 ? 1 : 0;
            break;
        default:
            if (!is_control(byte)) {
                if ((flags & OLCUC) != 0 && byte >= 'a' && byte <= 'z') {
                    byte = static_cast<char>(byte - 'a' + 'A');
                }
                column_ += is_continuation(byte) ? 0U : 1U;
            }
            break;
    }
    return one(byte, out);
}

void LineDiscipline::echo(char byte) {
    if (is_control(byte) && has_local_flag(ECHOCTL) && byte != '\t') {
        const char shown[2] = {'^', static_cast<char>(byte ^ 0x40)};
        if (echo_.room() >= 2) {
            echo_.push(shown);
            column_ += 2;
        }
        return;
    }
    echo_raw(byte);
}

// What finds no room is lost, as on Linux.
void LineDiscipline::echo_raw(char byte) {
    std::array<char, kLongestOutput> processed;
    const std::size_t size = process_output(byte, processed.data());
    if (echo_.room() >= size) {
        echo_.push(std::span(processed).first(size));
    }
}

void LineDiscipline::flush_echo() {
    while (!echo_.is_empty()) {
        const std::span<const char> bytes = echo_.front();
        const std::size_t size = std::min(bytes.size(), room());
        if (size == 0) {
            return;
        }
        owner_.transmit(bytes.data(), size);
        echo_.pop(size);
    }
}

std::size_t LineDiscipline::write(std::span<const char> bytes) {
    flush_echo();
    std::array<char, 256> processed;
    std::size_t done = 0;
    while (done < bytes.size()) {
        const std::size_t limit = std::min(room(), processed.size());
        std::size_t size = 0;
        const std::size_t before = done;
        while (done < bytes.size() && size < limit) {
            const std::size_t column = column_;
            const std::size_t line_column = line_column_;
            std::array<char, kLongestOutput> output;
            const std::size_t count = process_output(bytes[done], output.data());
            if (size + count > limit) {
                column_ = column;
                line_column_ = line_column;
                break;
            }
            __builtin_memcpy(processed.data() + size, output.data(), count);
            size += count;
            done++;
        }
        if (done == before) {
            break;
        }
        owner_.transmit(processed.data(), size);
    }
    return done;
}

}  // namespace kernel
