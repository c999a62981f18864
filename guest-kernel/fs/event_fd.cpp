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
    changed_.wake_all(kPollWritable);
    if (buffer.put(&taken, sizeof(taken)) < sizeof(taken)) {
        return Errno(EFAULT);
    }
    return sizeof(taken);
}

Result<std::size_t> EventFile::write(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    std::uint64_t added = 0;
    if (buffer.remaining() < sizeof(added)) {
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
    if (added != 0) {
        changed_.wake_all(kPollReadable);
    }
    return sizeof(added);
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
