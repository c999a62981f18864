// A terminal: a line discipline, the processes it belongs to, and what waits for it.
#pragma once

#include <asm/ioctls.h>
#include <asm/termios.h>

#include <span>

#include "drivers/console.hpp"
#include "fs/file.hpp"
#include "lib/ref.hpp"
#include "task/process.hpp"
#include "tty/line_discipline.hpp"

namespace kernel {

class Task;

class Tty : public RefCounted, public LineOwner {
  public:
    explicit Tty(DeviceNumber number) : number_(number), line_(*this) {}

    DeviceNumber number() const { return number_; }
    LineDiscipline& line() { return line_; }

    Result<std::size_t> read(IoBuffer& buffer, TransferMode mode);
    Result<std::size_t> write(IoBuffer& buffer);
    std::uint32_t poll(PollRegistrar* registrar);
    Result<long> ioctl(Task& task, const File& file, unsigned command, unsigned long argument);

    // Bytes that came over the line.
    void receive(std::span<const std::byte> bytes);

    // The session that it controls, 0: none; and its foreground process group.
    int session() const { return session_; }
    int foreground_group() const { return foreground_group_; }
    // Makes it the controlling terminal of a session's leader. Precondition: the process has none.
    void control(Process& leader);
    // Is the session that has it still there?
    bool is_in_use() const;

    void send_signal_to_foreground(int signal) override;

  private:
    // Sends SIGTTIN or SIGTTOU to the group of a process in the background, whose call is then restarted; EIO
    // where that would change nothing (Linux __tty_check_change).
    Result<void> check_foreground(int signal);
    Result<void> wait_for_raw_input(IoBuffer& buffer, TransferMode mode);
    Result<void> set_settings(Task& task, unsigned command, unsigned long argument);
    Result<long> get_settings(unsigned command, unsigned long argument);
    Result<long> set_controlling(Task& task, const File& file, unsigned long argument);
    Result<long> set_foreground(Task& task, unsigned long argument);
    Result<long> set_window_size(unsigned long argument);

    DeviceNumber number_;
    LineDiscipline line_;
    WaitQueue readable_;
    winsize window_{};
    int session_ = 0;
    int foreground_group_ = 0;
};

// The terminal on the serial console.
class ConsoleTty final : public Tty, public ConsoleReceiver {
  public:
    using Tty::Tty;
    void transmit(const char* bytes, std::size_t size) override;
    void receive(std::span<const std::byte> bytes) override { Tty::receive(bytes); }
};

// Sets the console's terminal up. Once, at start.
Result<void> initialize_console_tty();
Tty& console_tty();

}  // namespace kernel
