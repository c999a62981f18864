#include "tty/tty.hpp"

#include <linux/capability.h>

#include "task/scheduler.hpp"
#include "task/task.hpp"
#include "tty/tty_file.hpp"

namespace kernel {

namespace {
// Linux drivers/tty/tty_io.c, iterate_tty_read and do_tty_write.
constexpr std::size_t kReadPiece = 64;
constexpr std::size_t kWriteChunk = 2048;
constexpr std::int64_t kNoTimeout = 0;
}  // namespace

void Tty::receive(std::span<const char> bytes) {
    line_.receive(bytes);
    if (line_.take_arrived()) {
        readable_.wake_all(kPollReadable);
    }
}

void Tty::wake_everybody() {
    readable_.wake_all();
    writable_.wake_all();
}

void Tty::output_has_room() {
    line_.flush_echo();
    writable_.wake_all(kPollWritable);
}

void Tty::output_started() {
    output_has_room();
}

Result<void> Tty::check_open() {
    if (is_exclusive_ && !Task::current().credentials.has(CAP_SYS_ADMIN)) {
        return Errno(EBUSY);
    }
    return {};
}

bool Tty::has_packet_status() {
    const std::uint8_t* status = packet_status();
    return status != nullptr && *status != 0;
}

// One sleep for input. No deadline: the read does not wait.
Result<void> Tty::wait_for_input(TtyFile& file, TransferMode mode, const std::optional<Deadline>& deadline) {
    if (is_other_end_closed()) {
        return Errno(EIO);
    }
    if (file.is_hung_up() || !deadline) {
        return Errno(ETIMEDOUT);
    }
    if (mode.nonblocking) {
        return Errno(EAGAIN);
    }
    return readable_.wait(
        [&] {
            return line_.has_input() || has_packet_status() || is_other_end_closed() || file.is_hung_up();
        },
        *deadline);
}

// Linux n_tty_read: VMIN and VTIME as man 3 termios has them ("Canonical and noncanonical mode"). What has
// come is taken at once, so a read that is interrupted ends with that.
Result<Tty::Piece> Tty::read_first(TtyFile& file, IoBuffer& piece, TransferMode mode) {
    std::size_t minimum = 0;
    std::int64_t between = kNoTimeout;
    std::optional<Deadline> deadline = Deadline::never();
    if (!line_.reads_lines()) {
        minimum = line_.minimum();
        if (minimum != 0) {
            between = line_.timeout();
        } else {
            minimum = 1;
            deadline.reset();
            if (line_.timeout() != kNoTimeout) {
                deadline = Deadline::after(line_.timeout());
            }
        }
    }
    std::uint8_t* packet = packet_status();
    std::size_t done = 0;
    while (!piece.is_empty()) {
        if (packet != nullptr && *packet != 0) {
            if (done == 0) {
                const std::uint8_t status = std::exchange(*packet, std::uint8_t{0});
                done = piece.put(&status, 1);
            }
            break;
        }
        if (!line_.has_input()) {
            const Result<void> waited = wait_for_input(file, mode, deadline);
            if (waited.is_error()) {
                if (done != 0 || waited.error() == Errno(ETIMEDOUT)) {
                    break;
                }
                return waited.error();
            }
            continue;
        }
        if (packet != nullptr && done == 0) {
            const char data = TIOCPKT_DATA;
            done += piece.put(&data, 1);
        }
        const LineDiscipline::Taken taken = line_.read(piece);
        done += taken.size;
        if (done >= minimum) {
            return Piece{.size = done, .has_more = taken.has_more};
        }
        if (between != kNoTimeout) {
            deadline = Deadline::after(between);
        }
    }
    return Piece{.size = done, .has_more = false};
}

// The rest of what there was, without waiting.
Tty::Piece Tty::read_on(IoBuffer& piece) {
    const LineDiscipline::Taken taken = line_.read(piece);
    return {.size = taken.size, .has_more = taken.has_more};
}

// In pieces, as Linux does: a raw read whose minimum is larger than a piece ends with the first, and what a
// fault keeps from the program is lost (drivers/tty/tty_io.c, iterate_tty_read).
Result<std::size_t> Tty::read(TtyFile& file, IoBuffer& buffer, TransferMode mode) {
    if (file.is_hung_up()) {
        return std::size_t{0};
    }
    if (!file.is_console()) {
        TRY(check_foreground(SIGTTIN));
    }
    std::array<char, kReadPiece> bytes;
    std::size_t done = 0;
    Piece piece{.size = 0, .has_more = true};
    while (piece.has_more && !buffer.is_empty() && !buffer.has_faulted()) {
        IoBuffer target = IoBuffer::kernel(bytes.data(), std::min(bytes.size(), buffer.remaining()));
        piece = done == 0 ? TRY(read_first(file, target, mode)) : read_on(target);
        done += buffer.put(bytes.data(), piece.size);
    }
    take_waiting_input();
    if (Tty* other = other_end()) {
        other->output_has_room();
    }
    return buffer.result(done);
}

Result<std::size_t> Tty::write_chunk(TtyFile& file, std::span<const char> bytes, TransferMode mode) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        Result<void> waited;
        if (Task::current().has_pending_signal()) {
            waited = Errno(ERESTARTSYS);
        } else if (file.is_hung_up()) {
            waited = Errno(EIO);
        } else {
            done += line_.write(bytes.subspan(done));
            if (done == bytes.size()) {
                break;
            }
            waited = mode.nonblocking
                         ? Result<void>(Errno(EAGAIN))
                         : writable_.wait([&] { return line_.room() != 0 || file.is_hung_up(); });
        }
        if (waited.is_error()) {
            return done != 0 ? Result<std::size_t>(done) : waited.error();
        }
    }
    return done;
}

Result<std::size_t> Tty::write(TtyFile& file, IoBuffer& buffer, TransferMode mode) {
    if (file.is_hung_up()) {
        return Errno(EIO);
    }
    std::size_t done = 0;
    std::array<char, kWriteChunk> chunk;
    while (!buffer.is_empty() && !buffer.has_faulted()) {
        if ((line_.settings().c_lflag & TOSTOP) != 0 && !file.is_console()) {
            const Result<void> allowed = check_foreground(SIGTTOU);
            if (allowed.is_error()) {
                return done != 0 ? Result<std::size_t>(done) : allowed.error();
            }
        }
        const std::size_t wanted = std::min(chunk.size(), buffer.remaining());
        const std::size_t size = buffer.take(chunk.data(), wanted);
        if (size < wanted) {
            break;  // a chunk of which not all can be read is not written
        }
        Result<std::size_t> written = write_chunk(file, std::span(chunk).first(size), mode);
        if (written.is_error()) {
            return done != 0 ? Result<std::size_t>(done) : std::move(written);
        }
        done += written.value();
        if (written.value() < size) {
            break;
        }
        scheduler::reschedule_if_due();
    }
    return buffer.result(done);
}

// Linux n_tty_poll, hung_up_tty_poll.
std::uint32_t Tty::poll(const TtyFile& file, PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(readable_);
        registrar->watch(writable_);
    }
    if (file.is_hung_up()) {
        return kPollReadable | kPollWritable | POLLERR | POLLHUP;
    }
    const bool raw_minimum = !line_.reads_lines() && line_.timeout() == kNoTimeout && line_.minimum() != 0;
    std::uint32_t ready = line_.has_input(raw_minimum ? line_.minimum() : 1) ? kPollReadable : 0;
    if (has_packet_status()) {
        ready |= POLLPRI | kPollReadable;
    }
    if (is_other_end_closed()) {
        ready |= POLLHUP;
    }
    return ready | (line_.room() != 0 ? kPollWritable : 0);
}

}  // namespace kernel
