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
        pipe_->readable.wake_all(kPollReadable | POLLHUP | POLLERR);
        pipe_->writable.wake_all(kPollWritable | POLLHUP | POLLERR);
    }
}

Result<std::size_t> PipeFile::read(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    if (buffer.is_empty()) {
        return std::size_t{0};
    }
    while (pipe_->is_empty()) {
        if (pipe_->writers == 0) {
            return std::size_t{0};
        }
        if (mode.nonblocking) {
            return Errno(EAGAIN);
        }
        TRY(pipe_->readable.wait([this] { return !pipe_->is_empty() || pipe_->writers == 0; }));
    }
    const bool was_full = pipe_->is_full();
    const std::size_t done = pipe_->take(buffer);
    if (was_full && !pipe_->is_full()) {
        pipe_->writable.wake_all(kPollWritable);
    }
    if (done > 0) {
        inode().touch_accessed();
    }
    return buffer.result(done);
}

Result<std::size_t> PipeFile::write(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    if (buffer.is_empty()) {
        return std::size_t{0};
    }
    std::size_t done = 0;
    bool may_merge = true;
    auto finish = [&](int error) -> Result<std::size_t> {
        if (done == 0) {
            return Errno(error);
        }
        inode().touch_modified();
        return done;
    };
    for (;;) {
        if (pipe_->readers == 0) {
            TRY(send_signal(Task::current(), user_siginfo(SIGPIPE, SI_USER)));
            return finish(EPIPE);
        }
        const bool was_empty = pipe_->is_empty();
        const std::size_t before = done;
        if (may_merge) {
            done += pipe_->merge(buffer);
            may_merge = false;
        }
        Result<std::size_t> put = pipe_->put(buffer);
        done += put.is_error() ? 0 : put.value();
        if (was_empty && done > before) {
            pipe_->readable.wake_all(kPollReadable);
        }
        if (put.is_error()) {
            return finish(put.error().value);
        }
        if (buffer.has_faulted()) {
            return finish(EFAULT);
        }
        if (buffer.is_empty()) {
            return finish(0);
        }
        if (mode.nonblocking) {
            return finish(EAGAIN);
        }
        const Result<void> waited =
            pipe_->writable.wait([this] { return !pipe_->is_full() || pipe_->readers == 0; });
        if (waited.is_error()) {
            return finish(waited.error().value);
        }
    }
}

std::uint32_t PipeFile::poll(PollRegistrar* registrar) {
    std::uint32_t events = 0;
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
