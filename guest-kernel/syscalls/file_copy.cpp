#include "syscalls/file_copy.hpp"

#include "fs/pipe.hpp"
#include "mm/page.hpp"
#include "task/scheduler.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

Result<std::size_t> copy(CopyEnd& from, CopyEnd& to, std::size_t size, bool nonblocking) {
    const PageRef page = TRY(allocate_page(PageContents::Undefined));
    std::size_t total = 0;
    while (total < size) {
        TransferMode read_mode = from.file().transfer_mode();
        read_mode.nonblocking = read_mode.nonblocking || nonblocking || total > 0;
        IoBuffer in = IoBuffer::kernel(page->data(), std::min(kPageSize, size - total));
        const std::int64_t start = from.position();
        Result<std::size_t> got = from.file().read(in, from.position(), read_mode);
        if (got.is_error()) {
            return total > 0 ? Result<std::size_t>(total) : got.error();
        }
        if (got.value() == 0) {
            break;
        }
        std::size_t written = 0;
        while (written < got.value()) {
            IoBuffer out = IoBuffer::kernel(page->data() + written, got.value() - written);
            Result<std::size_t> put = to.file().write(out, to.position(), to.file().transfer_mode());
            if (put.is_error()) {
                // What was read and not written goes back, where there is a way back.
                if (from.file().is_seekable()) {
                    from.position() = start + static_cast<std::int64_t>(written);
                } else if (const RefPtr<Pipe>& pipe = from.file().inode().pipe) {
                    TRY(pipe->give_back({page->data() + written, got.value() - written}));
                }
                total += written;
                return total > 0 ? Result<std::size_t>(total) : put.error();
            }
            written += put.value();
        }
        total += written;
        // Linux fs/splice.c, splice_from_pipe_next.
        scheduler::reschedule_if_due();
        if (Task::current().has_pending_signal()) {
            break;
        }
    }
    return total;
}

}  // namespace

Result<long> run_copy(CopyEnd& from, CopyEnd& to, std::size_t size, bool nonblocking) {
    const std::size_t done = TRY(copy(from, to, std::min(size, kMaximumTransfer), nonblocking));
    TRY(from.finish());
    TRY(to.finish());
    return static_cast<long>(done);
}

}  // namespace kernel
