// The output side of the line discipline: OPOST processing.
#include <array>

#include "tty/line_discipline.hpp"

namespace kernel {

namespace {
constexpr std::size_t kTabStop = 8;
}

// One byte of output (Linux do_output_char).
void LineDiscipline::put_output(char byte) {
    const tcflag_t flags = settings.c_oflag;
    if ((flags & OPOST) == 0) {
        owner_.transmit(&byte, 1);
        return;
    }
    switch (byte) {
        case '\n':
            if ((flags & ONLCR) != 0) {
                column_ = 0;
                owner_.transmit("\r\n", 2);
                return;
            }
            if ((flags & ONLRET) != 0) {
                column_ = 0;
            }
            break;
        case '\r':
            if ((flags & ONOCR) != 0 && column_ == 0) {
                return;
            }
            if ((flags & OCRNL) != 0) {
                byte = '\n';
                if ((flags & ONLRET) == 0) {
                    break;
                }
            }
            column_ = 0;
            break;
        case '\t': {
            const std::size_t spaces = kTabStop - column_ % kTabStop;
            column_ += spaces;
            if ((flags & TABDLY) == XTABS) {
                owner_.transmit("        ", spaces);
                return;
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
                column_++;
            }
            break;
    }
    owner_.transmit(&byte, 1);
}

std::size_t LineDiscipline::write(IoBuffer& buffer) {
    std::array<char, 256> chunk;
    std::size_t done = 0;
    while (!buffer.is_empty() && !buffer.has_faulted()) {
        const std::size_t size = buffer.take(chunk.data(), chunk.size());
        if ((settings.c_oflag & OPOST) == 0) {
            owner_.transmit(chunk.data(), size);
        } else {
            for (std::size_t i = 0; i < size; i++) {
                put_output(chunk[i]);
            }
        }
        done += size;
    }
    return done;
}

}  // namespace kernel
