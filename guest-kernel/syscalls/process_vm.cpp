// process_vm_readv, process_vm_writev (Linux mm/process_vm_access.c).
#include "fs/io_buffer.hpp"
#include "lib/vector.hpp"
#include "mm/address_space.hpp"
#include "mm/page.hpp"
#include "syscalls/handlers.hpp"
#include "task/inspection.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMaximumVectors = 1024;  // UIO_MAXIOV

Result<void> read_vectors(UserIn<iovec> from, std::size_t count, Vector<iovec>& vectors) {
    if (count > kMaximumVectors) {
        return Errno(EINVAL);
    }
    TRY(vectors.resize(count));
    TRY(from.read_all(vectors.span()));
    for (const iovec& vector : vectors.span()) {
        if (static_cast<std::int64_t>(vector.iov_len) < 0) {
            return Errno(EINVAL);
        }
    }
    return {};
}

// One stretch of the other process, page by page: what a page that cannot be reached leaves undone is an
// error.
Result<void> transfer(AddressSpace& remote, const iovec& stretch, IoBuffer& local, Direction direction,
                      Vector<std::byte>& page) {
    auto address = reinterpret_cast<std::uint64_t>(stretch.iov_base);
    std::size_t left = stretch.iov_len;
    while (left > 0 && !local.is_empty()) {
        const std::size_t in_page = kPageSize - (address & kPageMask);
        std::size_t size = left < in_page ? left : in_page;
        size = size < local.remaining() ? size : local.remaining();
        const std::span<std::byte> bytes(page.span().data(), size);
        if (direction == Direction::Read) {
            if (remote.read_remote(address, bytes) < size || local.put(bytes.data(), size) < size) {
                return Errno(EFAULT);
            }
        } else {
            if (remote.resolve_fault(address, Access::Write) != FaultResult::Resolved) {
                return Errno(EFAULT);
            }
            const std::size_t taken = local.take(bytes.data(), size);
            (void)remote.write_remote(address, bytes.first(taken));
            if (taken < size) {
                return Errno(EFAULT);
            }
        }
        address += size;
        left -= size;
    }
    return {};
}

Result<long> access_memory(Task& task, int pid, UserIn<iovec> local_vectors, std::size_t local_count,
                           UserIn<iovec> remote_vectors, std::size_t remote_count, std::size_t flags,
                           Direction direction) {
    if (flags != 0) {
        return Errno(EINVAL);
    }
    IoBuffer local = TRY(IoBuffer::user_vector(local_vectors, local_count));
    if (local.is_empty()) {
        return 0;
    }
    Vector<iovec> stretches;
    TRY(read_vectors(remote_vectors, remote_count, stretches));
    std::size_t wanted = 0;
    for (const iovec& stretch : stretches.span()) {
        wanted += stretch.iov_len;
    }
    if (wanted == 0) {
        return 0;
    }
    const Ref<Task> target = TRY(find_task(pid));
    if (!may_inspect(task, *target)) {
        return Errno(EPERM);
    }
    const RefPtr<AddressSpace> remote = target->address_space;
    if (!remote) {
        return Errno(ESRCH);
    }
    Vector<std::byte> page;
    TRY(page.resize(kPageSize));
    const std::size_t before = local.remaining();
    for (const iovec& stretch : stretches.span()) {
        const Result<void> done = transfer(*remote, stretch, local, direction, page);
        if (done.is_error()) {
            const std::size_t moved = before - local.remaining();
            return moved != 0 ? Result<long>(static_cast<long>(moved)) : Result<long>(done.error());
        }
    }
    return static_cast<long>(before - local.remaining());
}

}  // namespace

Result<long> sys_process_vm_readv(Task& task, int pid, UserIn<iovec> local, std::size_t local_count,
                                  UserIn<iovec> remote, std::size_t remote_count, std::size_t flags) {
    return access_memory(task, pid, local, local_count, remote, remote_count, flags, Direction::Read);
}

Result<long> sys_process_vm_writev(Task& task, int pid, UserIn<iovec> local, std::size_t local_count,
                                   UserIn<iovec> remote, std::size_t remote_count, std::size_t flags) {
    return access_memory(task, pid, local, local_count, remote, remote_count, flags, Direction::Write);
}

}  // namespace kernel
