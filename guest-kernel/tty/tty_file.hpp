// Open files of terminals, and opening them: /dev/tty, /dev/console, /dev/ttyAMA0.
#pragma once

#include "fs/file.hpp"
#include "tty/tty.hpp"

namespace kernel {

enum class TtyOrigin { Terminal, Console };  // /dev/console knows no job control and does not hang up

class TtyFile final : public File {
  public:
    TtyFile(Path path, unsigned flags, Ref<Tty> tty, TtyOrigin origin);
    ~TtyFile() override;

    bool is_console() const { return origin_ == TtyOrigin::Console; }
    // Has the terminal hung up since this was opened?
    bool is_hung_up() const { return !is_console() && hangups_ != tty_->hangups(); }

    bool can_splice_from() const override { return true; }
    bool can_splice_to() const override { return true; }
    Result<std::size_t> read(IoBuffer& buffer, std::int64_t&, TransferMode mode) override {
        return tty_->read(*this, buffer, mode);
    }
    Result<std::size_t> write(IoBuffer& buffer, std::int64_t&, TransferMode mode) override {
        return tty_->write(*this, buffer, mode);
    }
    std::uint32_t poll(PollRegistrar* registrar) override { return tty_->poll(*this, registrar); }
    bool watch_async(AsyncNotice& notice) override;
    Result<long> ioctl(Task& task, unsigned command, unsigned long argument) override;

  private:
    Ref<Tty> tty_;
    TtyOrigin origin_;
    unsigned hangups_;
};

// Opens a terminal. A session's leader without a controlling terminal gets it as such unless O_NOCTTY is set
// (Linux drivers/tty/tty_io.c, tty_open). EIO, EBUSY.
Result<Ref<File>> open_terminal(const Path& path, unsigned flags, Tty& tty);
// The same for nodes of /dev/tty, /dev/console, /dev/ttyAMA0. ENXIO: /dev/tty without a controlling terminal.
Result<Ref<File>> open_tty(const Path& path, unsigned flags);
// The console for descriptors 0, 1 and 2 of the first process. It needs no node in /dev.
Result<Ref<File>> open_console();

}  // namespace kernel
