// A terminal: a line discipline, the processes it belongs to, and what waits for it.
#pragma once

#include <asm/ioctls.h>
#include <asm/termios.h>

#include <optional>
#include <span>

#include "fs/file.hpp"
#include "lib/ref.hpp"
#include "task/process.hpp"
#include "tty/line_discipline.hpp"

namespace kernel {

class Task;
class TtyFile;

// A command of another group (Linux include/linux/errno.h; not part of the UAPI headers).
inline constexpr int ENOIOCTLCMD = 515;

// The result of a call that hands something over and has no value.
inline Result<long> as_call(const Result<void>& outcome) {
    return outcome.is_error() ? Result<long>(outcome.error()) : Result<long>(0);
}

class Tty : public RefCounted, public LineOwner {
  public:
    Tty(DeviceNumber number, const termios2& initial)
        : number_(number), initial_settings_(initial), line_(*this, initial) {}

    DeviceNumber number() const { return number_; }
    LineDiscipline& line() { return line_; }

    Result<std::size_t> read(TtyFile& file, IoBuffer& buffer, TransferMode mode);
    Result<std::size_t> write(TtyFile& file, IoBuffer& buffer, TransferMode mode);
    std::uint32_t poll(const TtyFile& file, PollRegistrar* registrar);
    Result<long> ioctl(Task& task, TtyFile& file, unsigned command, unsigned long argument);

    // May it be opened? EIO, EBUSY.
    virtual Result<void> check_open();
    // A file of it has been opened, or closed.
    virtual void file_opened() { open_files_++; }
    virtual void file_closed() { open_files_--; }
    int open_files() const { return open_files_; }

    // Bytes that came over the line.
    void receive(std::span<const char> bytes);

    // The session that it controls, 0: none; and its foreground process group, 0: none.
    int session() const { return session_; }
    int foreground_group() const { return foreground_group_; }
    // Makes it the controlling terminal of a session's leader. Precondition: the process has none.
    void control(Process& leader);
    // It controls no session any more. The processes' side of that is the caller's.
    void forget_session() { session_ = foreground_group_ = 0; }

    // Ends the use of it by all that have it open, and tells the session (Linux __tty_hangup).
    void hang_up();
    // How often that has happened: a file that is older is hung up.
    unsigned hangups() const { return hangups_; }

    // Is it one end of a pseudo-terminal?
    virtual bool is_pseudo_terminal() const { return false; }

    void send_signal_to_foreground(int signal) override;
    void output_started() override;

  protected:
    // The terminal that settings, sessions and the window belong to: a pseudo-terminal's slave.
    virtual Tty& settings_owner() { return *this; }
    // The other end of a pseudo-terminal, null: none.
    virtual Tty* other_end() { return nullptr; }
    // Has all that had the other end open closed it?
    virtual bool is_other_end_closed() const { return false; }
    // Input that the line discipline has no room for waits elsewhere, and comes now if there is room.
    virtual void take_waiting_input() {}
    virtual void drop_waiting_input() {}
    // What packet mode has to tell, null: it is off (man 4 tty_ioctl, TIOCPKT).
    virtual std::uint8_t* packet_status() { return nullptr; }
    virtual void settings_changed(const termios2&) {}
    virtual void hung_up() {}
    virtual termios2 supported(const termios2& wanted) const { return wanted; }
    // TIOCGPTPEER.
    virtual Result<long> open_peer(Task&, const TtyFile&, unsigned) { return Errno(EIO); }
    // Commands of one kind of terminal.
    virtual Result<long> own_ioctl(unsigned, unsigned long) { return Errno(ENOIOCTLCMD); }

    // The other end has taken output, or output may go on: what waits for room goes on.
    void output_has_room();
    void wake_readers(std::uint32_t events) { readable_.wake_all(events); }
    void wake_everybody();

  private:
    // Sends SIGTTIN or SIGTTOU to the group of a process in the background, whose call is then restarted; EIO
    // where that would change nothing (Linux __tty_check_change).
    Result<void> check_foreground(int signal);
    // A read hands its bytes on in pieces; more of the same waits after one.
    struct Piece {
        std::size_t size = 0;
        bool has_more = false;
    };
    Result<Piece> read_first(TtyFile& file, IoBuffer& piece, TransferMode mode);
    Piece read_on(IoBuffer& piece);
    Result<void> wait_for_input(TtyFile& file, TransferMode mode, const std::optional<Deadline>& deadline);
    bool has_packet_status();
    Result<std::size_t> write_chunk(TtyFile& file, std::span<const char> bytes, TransferMode mode);

    // The groups of commands (Linux tty_ioctl, tty_jobctrl_ioctl, n_tty_ioctl, tty_mode_ioctl).
    // ENOIOCTLCMD: the command is of another.
    Result<long> control_ioctl(Task& task, const TtyFile& file, unsigned command, unsigned long argument);
    Result<long> session_ioctl(Task& task, TtyFile& file, unsigned command, unsigned long argument);
    Result<long> line_ioctl(unsigned command, unsigned long argument);
    Result<long> settings_ioctl(unsigned command, unsigned long argument);
    Result<long> change_settings(unsigned command, unsigned long argument);
    Result<long> flush(unsigned long which);
    Result<long> control_flow(unsigned long action);
    Result<long> simulate_input(Task& task, unsigned long argument);
    Result<long> set_controlling(Task& task, const TtyFile& file, unsigned long argument);
    Result<long> give_up_controlling(Task& task);
    Result<long> set_foreground(Task& task, unsigned long argument);
    Result<long> set_window_size(unsigned long argument);

    DeviceNumber number_;
    termios2 initial_settings_;
    LineDiscipline line_;
    WaitQueue readable_;
    WaitQueue writable_;
    winsize window_{};
    int session_ = 0;
    int foreground_group_ = 0;
    int open_files_ = 0;
    unsigned hangups_ = 0;
    bool is_exclusive_ = false;
};

// No process of the session has a controlling terminal any more.
void clear_controlling_terminal(int session);
// A session's leader ends or gives its terminal up (Linux disassociate_ctty): its foreground group hears of
// it.
void leave_terminal(Process& leader);
void give_up_terminal(Process& leader);

}  // namespace kernel
