// The terminal line discipline: what happens to bytes between the line and the program (man 3 termios;
// Linux drivers/tty/n_tty.c).
#pragma once

#include <asm/termbits.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "fs/io_buffer.hpp"

namespace kernel {

// A character that ECHOCTL shows as ^X, and that takes no column.
constexpr bool is_control(char byte) {
    auto value = static_cast<unsigned char>(byte);
    return value < 0x20 || value == 0x7f;
}

// What the line discipline asks of its terminal.
class LineOwner {
  public:
    virtual ~LineOwner() = default;
    // Bytes for the line: echo, or output after processing.
    virtual void transmit(const char* bytes, std::size_t size) = 0;
    // A signal for the foreground processes: SIGINT, SIGQUIT or SIGTSTP was typed.
    virtual void send_signal_to_foreground(int signal) = 0;
};

class LineDiscipline {
  public:
    explicit LineDiscipline(LineOwner& owner);

    termios2 settings;  // change it through set_settings

    // Takes one byte from the line. True if a reader may have something to do now.
    bool receive(char byte);

    // Does a read find what it needs: a line, or in raw mode at least one byte (`minimum` of them)?
    bool has_input(std::size_t minimum = 1) const;
    // What FIONREAD reports.
    std::size_t available() const;
    // Moves one line or less (canonical), or what there is (raw), into the buffer.
    std::size_t read(IoBuffer& buffer);
    void flush_input();

    // Moves output through OPOST processing to the line, up to the whole buffer.
    std::size_t write(IoBuffer& buffer);

    // Applies new settings, and adapts the input that is buffered to a change of mode (n_tty_set_termios).
    void set_settings(const termios2& changed);

    bool is_canonical() const { return (settings.c_lflag & ICANON) != 0; }
    std::size_t minimum() const { return settings.c_cc[VMIN]; }
    // VTIME, in nanoseconds.
    std::int64_t timeout() const { return settings.c_cc[VTIME] * std::int64_t{100'000'000}; }

  private:
    static constexpr std::size_t kSize = 4096;  // N_TTY_BUF_SIZE
    static constexpr char kEndOfFile = '\0';    // stands for an EOF in the buffer, with its line-end mark

    bool is_character(char byte, unsigned which) const;
    bool receive_signal_character(char byte);
    bool receive_editing(char byte);
    bool end_line(char byte);
    void store(char byte);
    void erase_one();
    void erase_line();
    void erase_word();
    void echo(char byte);
    void echo_erased(char byte);
    void put_output(char byte);
    std::size_t position(std::size_t counter) const { return counter % kSize; }

    LineOwner& owner_;
    std::array<char, kSize> bytes_{};
    std::array<bool, kSize> line_end_{};
    // Counters that only grow: read up to tail_, complete lines up to line_head_, all input up to head_.
    std::size_t tail_ = 0;
    std::size_t line_head_ = 0;
    std::size_t head_ = 0;
    bool literal_next_ = false;
    std::size_t column_ = 0;  // of the output, for tabs and ONOCR
};

}  // namespace kernel
