// vmsplice.
#include "fs/file_table.hpp"
#include "fs/pipe.hpp"
#include "mm/address_space.hpp"
#include "signal/signals.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/splice.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

Result<void> check_reader(const Pipe& pipe) {
    if (pipe.readers == 0) {
        TRY(send_signal(Task::current(), user_siginfo(SIGPIPE, SI_USER)));
        return Errno(EPIPE);
    }
    return {};
}

// Linux fs/splice.c, wait_for_space.
Result<void> wait_for_space(Pipe& pipe, bool nonblocking) {
    for (;;) {
        TRY(check_reader(pipe));
        if (!pipe.is_full()) {
            return {};
        }
        if (nonblocking) {
            return Errno(EAGAIN);
        }
        TRY(pipe.writable.wait_one_by_one([&] { return !pipe.is_full() || pipe.readers == 0; }));
    }
}

// The next page of the program's, or what is left of it, goes into the pipe itself: what the program writes
// to it later is seen by the reader (Linux iter_to_pipe). EAGAIN, EPIPE, EFAULT.
Result<std::size_t> put_next_page(Task& task, Pipe& pipe, IoBuffer& buffer) {
    TRY(check_reader(pipe));
    if (pipe.is_full()) {
        return Errno(EAGAIN);
    }
    const std::uint64_t address = buffer.segment_address().value();
    AddressSpace& space = *task.address_space;
    if (space.resolve_fault(address, Access::Read) != FaultResult::Resolved) {
        return Errno(EFAULT);
    }
    const std::size_t offset = address & kPageMask;
    const std::size_t size = std::min(kPageSize - offset, buffer.segment_size());
    pipe.put_page(PageRef(space.page_table().get(page_floor(address)).frame), offset, size);
    buffer.skip(size);
    return size;
}

Result<long> put_pages(Task& task, Pipe& pipe, IoBuffer& buffer, bool nonblocking) {
    TRY(wait_for_space(pipe, nonblocking));
    std::size_t done = 0;
    while (!buffer.is_empty()) {
        const Result<std::size_t> put = put_next_page(task, pipe, buffer);
        if (put.is_error()) {
            if (done == 0) {
                return put.error();
            }
            break;
        }
        done += put.value();
    }
    pipe.readable.wake();
    return static_cast<long>(done);
}

}  // namespace

Result<long> sys_vmsplice(Task& task, Fd fd, UserIn<iovec> iov, std::size_t nr_segs, unsigned flags) {
    if ((flags & ~kSpliceFlags) != 0) {
        return Errno(EINVAL);
    }
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    const bool nonblocking = (flags & kSpliceNonblock) != 0;
    IoBuffer buffer = TRY(IoBuffer::user_vector(iov, nr_segs));
    if (buffer.is_empty()) {
        return 0;
    }
    const Ref<Pipe> pipe = file->inode().pipe;
    if (!pipe) {
        return Errno(EBADF);
    }
    if (file->is_writable()) {
        return put_pages(task, *pipe, buffer, nonblocking);
    }
    return static_cast<long>(TRY(file->read(buffer, file->position, {.nonblocking = nonblocking})));
}

}  // namespace kernel
