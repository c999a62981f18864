// The terminal line discipline: what happens to bytes between the line and the program (man 3 termios;
// Linux drivers/tty/n_tty.c).
#pragma once

#include <asm/termbits.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fs/io_buffer.hpp"
#include "tty/byte_queue.hpp"

namespace kernel {

// A character that ECHOCTL shows as ^X, and that takes no column.
constexpr bool is_control(char byte) {
    auto value = static_cast<unsigned char>(byte);
    return value < 0x20 || value == 0x7f;
}

// Linux drivers/tty/tty_io.c, tty_std_termios.
termios2 standard_settings();

// What the line discipline asks of its terminal.
class LineOwner {
  public:
    virtual ~LineOwner() = default;
    // How many bytes the line takes now.
    virtual std::size_t transmit_room() const = 0;
    // Bytes for the line: echo, or output after processing. Precondition: there is room.
    virtual void transmit(const char* bytes, std::size_t size) = 0;
    // A signal for the foreground processes: SIGINT, SIGQUIT or SIGTSTP was typed.
    virtual void send_signal_to_foreground(int signal) = 0;
    // Output that is on its way is to be forgotten.
    virtual void flush_output() {}
    // Input has been forgotten; output has been stopped, or goes on.
    virtual void input_flushed() {}
    virtual void output_stopped() {}
    virtual void output_started() {}
};

class LineDiscipline {
  public:
    static constexpr std::size_t kSize = 4096;  // N_TTY_BUF_SIZE
    static constexpr std::size_t kTabStop = 8;

    LineDiscipline(LineOwner& owner, const termios2& initial) : owner_(owner), settings_(initial) {}

    const termios2& settings() const { return settings_; }
    // Applies new settings, and adapts the input that is buffered to a change of mode (n_tty_set_termios).
    void set_settings(const termios2& changed);

    // Takes bytes from the line, as many as there is room for, and says how many. An unfinished line that
    // fills the buffer takes all, and each byte replaces the one before (n_tty_receive_buf_common).
    std::size_t receive(std::span<const char> bytes);
    // Has a reader got something to do since this was last asked?
    bool take_arrived();

    // Does a read find what it needs: a line, or in raw mode `minimum` bytes?
    bool has_input(std::size_t minimum = 1) const;
    // What FIONREAD reports.
    std::size_t available() const;
    // Moves one line or less (lines), or what there is (raw), into the buffer.
    struct Taken {
        std::size_t size;
        bool has_more;  // of the line, or of what there is
    };
    Taken read(IoBuffer& buffer);
    void flush_input();

    // Moves output through OPOST processing to the line, as much as there is room for, and says how much.
    std::size_t write(std::span<const char> bytes);
    // Room for a byte of a program's output.
    std::size_t room() const { return is_stopped_ ? 0 : owner_.transmit_room(); }
    // Sends echo that had to wait for room.
    void flush_echo();

    // Stops and starts output: for a character (IXON), or for TCXONC, which no character undoes.
    void stop();
    void start();
    void stop_by_call();
    void start_by_call();

    // Are reads of lines? (EXTPROC leaves the editing to the other end)
    bool reads_lines() const {
        return (settings_.c_lflag & ICANON) != 0 && (settings_.c_lflag & EXTPROC) == 0;
    }
    std::size_t minimum() const { return settings_.c_cc[VMIN]; }
    // VTIME, in nanoseconds.
    std::int64_t timeout() const { return settings_.c_cc[VTIME] * std::int64_t{100'000'000}; }

  private:
    static constexpr char kEndOfFile = '\0';  // stands for an EOF in the buffer, with its line-end mark
    static constexpr std::size_t kEchoSize = 4096;
    static constexpr std::size_t kLongestOutput = 8;  // of one byte: a tab

    bool has_input_flag(tcflag_t flag) const { return (settings_.c_iflag & flag) != 0; }
    bool has_local_flag(tcflag_t flag) const { return (settings_.c_lflag & flag) != 0; }
    bool is_character(char byte, unsigned which) const;
    bool make_room();
    void receive_byte(char byte);
    void receive_plain(char byte, bool is_new_line);
    void receive_special(char byte);
    bool receive_flow_character(char byte);
    bool receive_signal_character(char byte);
    bool receive_editing(char byte);
    bool receive_line_end(char byte);
    void start_for_any();
    void end_line(char byte);
    void store(char byte);

    void erase(char byte);
    void erase_invisibly();
    void erase_characters(char byte);
    void echo_erased(std::size_t start, std::size_t size, bool is_single);
    void echo_erased_printing(std::size_t start, std::size_t size);
    void echo_erased_tab();
    void finish_erasing();
    void reprint();
    // A byte of UTF-8 that goes on with a character.
    bool is_continuation(char byte) const;

    // Echoes as "^X" if it is a control character, or as it is.
    void echo(char byte);
    void echo_raw(char byte);
    // What one byte of output becomes (do_output_char). Moves the column.
    std::size_t process_output(char byte, char* out);

    char& at(std::size_t counter) { return bytes_[counter % kSize]; }
    char at(std::size_t counter) const { return bytes_[counter % kSize]; }
    bool ends_line(std::size_t counter) const { return line_end_[counter % kSize]; }

    LineOwner& owner_;
    termios2 settings_;
    std::array<char, kSize> bytes_{};
    std::array<bool, kSize> line_end_{};
    ByteQueue<kEchoSize> echo_;
    // Counters that only grow: read up to tail_, complete lines up to line_head_, all input up to head_.
    std::size_t tail_ = 0;
    std::size_t line_head_ = 0;
    std::size_t head_ = 0;
    bool has_arrived_ = false;
    bool literal_next_ = false;
    bool is_erasing_ = false;  // within the \.../ of ECHOPRT
    bool is_stopped_ = false;
    bool is_stopped_by_call_ = false;
    std::size_t column_ = 0;       // of the output, for tabs and ONOCR
    std::size_t line_column_ = 0;  // where the line that is typed began
};

}  // namespace kernel
