#include "tty/tty.hpp"

#include <linux/fcntl.h>

#include "fs/device.hpp"
#include "task/task.hpp"
#include "tty/tty_file.hpp"

namespace kernel {

namespace {
// Made at start, never destroyed.
ConsoleTty* the_console = nullptr;
}  // namespace

Result<void> initialize_console_tty() {
    the_console = TRY(make_ref<ConsoleTty>(devices::kSerial)).leak();
    console_set_receiver(*the_console);
    for (const DeviceNumber number : {devices::kTty, devices::kConsole, devices::kSerial}) {
        add_character_device(number, open_tty);
    }
    return {};
}

Tty& console_tty() {
    return *the_console;
}

void ConsoleTty::transmit(const char* bytes, std::size_t size) {
    console_write({reinterpret_cast<const std::byte*>(bytes), size});
}

void Tty::receive(std::span<const std::byte> bytes) {
    bool wake = false;
    for (const std::byte byte : bytes) {
        wake = line_.receive(static_cast<char>(byte)) || wake;
    }
    if (wake) {
        readable_.wake_all(kPollReadable);
    }
}

void Tty::send_signal_to_foreground(int signal) {
    if (foreground_group_ != 0) {
        // It is not an error if there is no process to signal.
        (void)send_signal_to_group(foreground_group_, kernel_siginfo(signal));
    }
}

bool Tty::is_in_use() const {
    if (session_ == 0) {
        return false;
    }
    Result<Ref<Process>> leader = find_process(session_);
    return !leader.is_error() && leader.value()->controlling_terminal.get() == this;
}

void Tty::control(Process& leader) {
    session_ = leader.session;
    foreground_group_ = leader.group;
    leader.controlling_terminal = Ref<Tty>(this);
}

Result<void> Tty::check_foreground(int signal) {
    Task& task = Task::current();
    Process& process = *task.process;
    if (process.controlling_terminal.get() != this || foreground_group_ == 0 ||
        process.group == foreground_group_) {
        return {};
    }
    const bool blocked = task.blocked.contains(signal);
    const bool ignored = (*task.signal_handlers)[signal].handler == reinterpret_cast<std::uint64_t>(SIG_IGN);
    if (blocked || ignored) {
        return signal == SIGTTIN ? Result<void>(Errno(EIO)) : Result<void>();
    }
    if (is_orphaned_group(process.group)) {
        return Errno(EIO);
    }
    TRY(send_signal_to_group(process.group, kernel_siginfo(signal)));
    return Errno(ERESTARTSYS);
}

// VMIN and VTIME (man 3 termios, "Canonical and noncanonical mode").
Result<void> Tty::wait_for_raw_input(IoBuffer& buffer, TransferMode mode) {
    const std::size_t minimum = line_.minimum();
    if (mode.nonblocking) {
        return line_.has_input() || minimum == 0 ? Result<void>() : Errno(EAGAIN);
    }
    auto wait_for = [this](std::size_t bytes, Deadline deadline) {
        return readable_.wait([&] { return line_.has_input(bytes); }, deadline);
    };
    Result<void> waited;
    const std::int64_t timeout = line_.timeout();
    if (minimum == 0) {
        waited = wait_for(1, Deadline::after(timeout));
    } else if (timeout == 0) {
        waited = wait_for(std::min(minimum, buffer.remaining()), Deadline::never());
    } else {
        // The timer runs between bytes, from the first on.
        TRY(wait_for(1, Deadline::never()));
        const std::size_t wanted = std::min(minimum, buffer.remaining());
        while (!waited.is_error() && !line_.has_input(wanted)) {
            waited = wait_for(line_.available() + 1, Deadline::after(timeout));
        }
    }
    if (waited.is_error() && waited.error() != Errno(ETIMEDOUT) && !line_.has_input()) {
        return waited;
    }
    return {};
}

Result<std::size_t> Tty::read(IoBuffer& buffer, TransferMode mode) {
    TRY(check_foreground(SIGTTIN));
    if (buffer.is_empty()) {
        return std::size_t{0};
    }
    if (!line_.is_canonical()) {
        TRY(wait_for_raw_input(buffer, mode));
    } else if (!line_.has_input()) {
        if (mode.nonblocking) {
            return Errno(EAGAIN);
        }
        TRY(readable_.wait([this] { return line_.has_input(); }));
    }
    return buffer.result(line_.read(buffer));
}

Result<std::size_t> Tty::write(IoBuffer& buffer) {
    if ((line_.settings.c_lflag & TOSTOP) != 0) {
        TRY(check_foreground(SIGTTOU));
    }
    return buffer.result(line_.write(buffer));
}

std::uint32_t Tty::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(readable_);
    }
    const bool raw_timeout = !line_.is_canonical() && line_.timeout() != 0;
    const std::size_t minimum = raw_timeout || line_.minimum() == 0 ? 1 : line_.minimum();
    return kPollWritable | (line_.has_input(minimum) ? kPollReadable : 0);
}

}  // namespace kernel
