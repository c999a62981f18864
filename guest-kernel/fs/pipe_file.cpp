// The ends of a pipe.
#include <asm/ioctls.h>

#include "fs/mount.hpp"
#include "fs/pipe.hpp"
#include "fs/text_buffer.hpp"
#include "signal/signals.hpp"
#include "task/task.hpp"

namespace kernel {

PipeFile::PipeFile(Path path, unsigned flags, Ref<Pipe> pipe)
    : File(std::move(path), flags), pipe_(std::move(pipe)) {
    if (is_readable()) {
        pipe_->readers++;
        pipe_->readers_seen++;
    }
    if (is_writable()) {
        pipe_->writers++;
        pipe_->writers_seen++;
    }
}

PipeFile::~PipeFile() {
    if (is_readable()) {
        pipe_->readers--;
    }
    if (is_writable()) {
        pipe_->writers--;
    }
    if (pipe_->readers == 0 && pipe_->writers == 0) {
        inode().pipe = nullptr;  // a FIFO that no process has open is empty when it is opened again
    } else if (pipe_->readers == 0 || pipe_->writers == 0) {
        pipe_->readable.wake_all();
        pipe_->writable.wake_all();
        pipe_->async.notify_readers();
        pipe_->async.notify_writers();
    }
}

// Linux fs/pipe.c, pipe_read. A slot without bytes, which a faulting write leaves, counts as something to
// read and is then gone, so that the pipe may have become writable although nothing was read.
Result<std::size_t> PipeFile::read(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    if (buffer.is_empty()) {
        return std::size_t{0};
    }
    bool was_full = pipe_->is_full();
    bool wakes_next_reader = false;
    Result<std::size_t> done = pipe_->take(buffer);
    while (!done.is_error() && done.value() == 0 && pipe_->writers > 0) {
        if (mode.nonblocking) {
            notify_after_read(was_full, wakes_next_reader);
            return Errno(EAGAIN);
        }
        notify_after_read(was_full, false);
        TRY(pipe_->readable.wait_one_by_one([this] { return !pipe_->is_empty() || pipe_->writers == 0; }));
        was_full = pipe_->is_full();
        wakes_next_reader = true;
        const std::size_t taken = TRY(pipe_->take(buffer));
        done.value() = taken;
    }
    notify_after_read(was_full, wakes_next_reader);
    if (!done.is_error() && done.value() > 0) {
        inode().touch_accessed();
    }
    return done;
}

void PipeFile::notify_after_read(bool was_full, bool wakes_next_reader) {
    if (was_full) {
        pipe_->writable.wake(kPollWritable);
    }
    if (wakes_next_reader && !pipe_->is_empty()) {
        pipe_->readable.wake(kPollReadable);
    }
    pipe_->async.notify_writers();
}

// Linux fs/pipe.c, pipe_write.
Result<std::size_t> PipeFile::write(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    if (buffer.is_empty()) {
        return std::size_t{0};
    }
    bool was_empty = pipe_->is_empty();
    bool wakes_next_writer = false;
    std::size_t done = 0;
    Result<void> outcome = start_write(buffer, done);
    while (!outcome.is_error() && !buffer.is_empty()) {
        outcome = fill(buffer, done);
        if (outcome.is_error() || buffer.is_empty()) {
            break;
        }
        if (mode.nonblocking) {
            outcome = Errno(EAGAIN);
            break;
        }
        if (was_empty) {
            pipe_->readable.wake(kPollReadable);
        }
        outcome =
            pipe_->writable.wait_one_by_one([this] { return !pipe_->is_full() || pipe_->readers == 0; });
        was_empty = pipe_->is_empty();
        wakes_next_writer = true;
    }
    if (was_empty || pipe_->is_polled) {
        pipe_->readable.wake(kPollReadable);
    }
    if (wakes_next_writer && !pipe_->is_full()) {
        pipe_->writable.wake(kPollWritable);
    }
    pipe_->async.notify_readers();
    if (done == 0 && outcome.is_error()) {
        return outcome.error();
    }
    inode().touch_modified();
    return done;
}

Result<void> PipeFile::check_reader() {
    if (pipe_->readers == 0) {
        TRY(send_signal(Task::current(), user_siginfo(SIGPIPE, SI_USER)));
        return Errno(EPIPE);
    }
    return {};
}

Result<void> PipeFile::start_write(IoBuffer& buffer, std::size_t& done) {
    TRY(check_reader());
    done += TRY(pipe_->merge(buffer));
    return {};
}

Result<void> PipeFile::fill(IoBuffer& buffer, std::size_t& done) {
    TRY(check_reader());
    return pipe_->put(buffer, (flags() & O_DIRECT) != 0 ? Pipe::Packets::Yes : Pipe::Packets::No, done);
}

std::uint32_t PipeFile::poll(PollRegistrar* registrar) {
    std::uint32_t events = 0;
    pipe_->is_polled = true;
    if (is_readable()) {
        if (registrar != nullptr) {
            registrar->watch(pipe_->readable);
        }
        if (!pipe_->is_empty()) {
            events |= kPollReadable;
        }
        if (pipe_->writers == 0 && writers_seen_at_open != pipe_->writers_seen) {
            events |= POLLHUP;
        }
    }
    if (is_writable()) {
        if (registrar != nullptr) {
            registrar->watch(pipe_->writable);
        }
        if (!pipe_->is_full()) {
            events |= kPollWritable;
        }
        if (pipe_->readers == 0) {
            events |= POLLERR;
        }
    }
    return events;
}

Result<long> PipeFile::ioctl(Task&, unsigned command, unsigned long argument) {
    if (command != FIONREAD) {
        return Errno(ENOTTY);
    }
    TRY(UserOut<int>(UserAddress(argument)).write(static_cast<int>(pipe_->bytes())));
    return 0;
}

void PipeFile::describe_name(TextBuffer& out) const {
    if (path().mount) {
        File::describe_name(out);
        return;
    }
    out.text("pipe:[").decimal(inode().attributes.number).character(']');
}

}  // namespace kernel
