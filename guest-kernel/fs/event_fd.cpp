#include "fs/event_fd.hpp"

#include "fs/text_buffer.hpp"

namespace kernel {

Result<std::size_t> EventFile::read(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    if (buffer.remaining() < sizeof(std::uint64_t)) {
        return Errno(EINVAL);
    }
    if (count_ == 0) {
        if (mode.nonblocking) {
            return Errno(EAGAIN);
        }
        TRY(changed_.wait([this] { return count_ != 0; }));
    }
    std::uint64_t taken = is_semaphore_ ? 1 : count_;
    count_ -= taken;
    changed_.wake(POLLOUT);
    if (buffer.put(&taken, sizeof(taken)) < sizeof(taken)) {
        return Errno(EFAULT);
    }
    return sizeof(taken);
}

// Linux gives each segment of a writev to eventfd_write on its own, and goes on while all of a segment went.
Result<std::size_t> EventFile::write(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    std::size_t done = 0;
    for (;;) {
        const std::size_t segment = buffer.segment_size();
        const Result<void> added = add(buffer, segment, mode);
        if (added.is_error()) {
            return done > 0 ? Result<std::size_t>(done) : Result<std::size_t>(added.error());
        }
        done += sizeof(count_);
        if (buffer.is_empty() || segment > sizeof(count_)) {
            return done;
        }
    }
}

Result<void> EventFile::add(IoBuffer& buffer, std::size_t size, TransferMode mode) {
    std::uint64_t added = 0;
    if (size < sizeof(added)) {
        return Errno(EINVAL);
    }
    if (buffer.take(&added, sizeof(added)) < sizeof(added)) {
        return Errno(EFAULT);
    }
    if (added > kMaximum) {
        return Errno(EINVAL);
    }
    if (kMaximum - count_ < added) {
        if (mode.nonblocking) {
            return Errno(EAGAIN);
        }
        TRY(changed_.wait([&] { return kMaximum - count_ >= added; }));
    }
    count_ += added;
    changed_.wake(POLLIN);  // also for 0: an edge to whoever polls a counter that is not 0
    return {};
}

std::uint32_t EventFile::poll(PollRegistrar* registrar) {
    if (registrar != nullptr) {
        registrar->watch(changed_);
    }
    // Linux fs/eventfd.c, eventfd_poll: POLLIN and POLLOUT alone, without the NORM forms.
    return (count_ > 0 ? POLLIN : 0) | (count_ < kMaximum ? POLLOUT : 0);
}

void EventFile::describe(TextBuffer& out) {
    out.text("eventfd-count: ").hex(count_, 16, ' ').character('\n');
}

}  // namespace kernel
