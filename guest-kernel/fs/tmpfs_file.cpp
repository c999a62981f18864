#include "fs/tmpfs_file.hpp"

#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/resource.h>

#include <array>

#include "fs/extended_attributes.hpp"
#include "fs/mount.hpp"
#include "signal/signals.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Cuts a write at the file size limits: EFBIG, with SIGXFSZ at RLIMIT_FSIZE (Linux generic_write_checks).
Result<void> limit_write(IoBuffer& buffer, std::int64_t position) {
    const std::uint64_t room = TRY(room_for_write(static_cast<std::uint64_t>(position)));
    buffer.limit(std::min<std::uint64_t>(room, kMaximumTransfer));
    return {};
}

// How much of a write stays below the size of a file that must not grow. Linux asks page by page (mm/shmem.c,
// shmem_write_begin): EPERM where that is not even the first.
Result<std::size_t> room_below(std::uint64_t size, std::uint64_t start, std::size_t wanted) {
    std::size_t room = 0;
    while (room < wanted) {
        const std::size_t piece = std::min(kPageSize - ((start + room) & kPageMask), wanted - room);
        if (start + room + piece > size) {
            break;
        }
        room += piece;
    }
    return room == 0 ? Result<std::size_t>(Errno(EPERM)) : Result<std::size_t>(room);
}

}  // namespace

void TmpfsFile::note_own_access() const {
    if ((flags() & O_NOATIME) == 0) {
        note_access(path());
    }
}

Result<std::size_t> TmpfsFile::read(IoBuffer& buffer, std::int64_t& place, TransferMode) {
    const std::size_t done = inode_.cache().read(buffer, static_cast<std::uint64_t>(place));
    place += static_cast<std::int64_t>(done);
    note_own_access();
    return buffer.result(done);
}

Result<std::size_t> TmpfsFile::write(IoBuffer& buffer, std::int64_t& place, TransferMode mode) {
    PageCache& cache = inode_.cache();
    if (buffer.is_empty()) {
        return std::size_t{0};
    }
    if (mode.append) {
        place = static_cast<std::int64_t>(cache.size());
    }
    TRY(limit_write(buffer, place));
    if ((inode_.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0) {
        return Errno(EPERM);
    }
    if ((inode_.seals & F_SEAL_GROW) != 0) {
        buffer.limit(TRY(room_below(cache.size(), static_cast<std::uint64_t>(place), buffer.remaining())));
    }
    inode_.touch_modified();
    drop_privileges(inode_);
    const std::size_t done = TRY(cache.write(buffer, static_cast<std::uint64_t>(place)));
    place += static_cast<std::int64_t>(done);
    return done;
}

Result<std::int64_t> TmpfsFile::seek(std::int64_t offset, int whence) {
    const PageCache& cache = inode_.cache();
    if (whence == SEEK_DATA || whence == SEEK_HOLE) {
        if (offset < 0) {
            return Errno(ENXIO);
        }
        auto place = static_cast<std::uint64_t>(offset);
        const std::uint64_t found =
            TRY(whence == SEEK_DATA ? cache.next_data(place) : cache.next_hole(place));
        position = static_cast<std::int64_t>(found);
        return position;
    }
    return seek_within(offset, whence, static_cast<std::int64_t>(cache.size()));
}

// Linux mm/shmem.c, shmem_fallocate. The generic checks were made by the caller.
Result<void> TmpfsFile::allocate(unsigned mode, std::int64_t offset, std::int64_t length) {
    if ((mode & ~static_cast<unsigned>(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) != 0) {
        return Errno(EOPNOTSUPP);
    }
    PageCache& cache = inode_.cache();
    auto start = static_cast<std::uint64_t>(offset);
    auto size = static_cast<std::uint64_t>(length);
    if ((mode & FALLOC_FL_PUNCH_HOLE) != 0) {
        if ((inode_.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0) {
            return Errno(EPERM);
        }
        TRY(cache.punch_hole(start, size));
        inode_.touch_modified();
        return {};
    }
    // Limits and seals hold even where the size stays.
    const bool is_beyond = start + size > cache.size();
    if (is_beyond) {
        TRY(check_size_limit(attributes(), start + size));
    }
    if (is_beyond && (inode_.seals & F_SEAL_GROW) != 0) {
        return Errno(EPERM);
    }
    TRY(cache.allocate(start, size));
    if (is_beyond && (mode & FALLOC_FL_KEEP_SIZE) == 0) {
        cache.grow_to(start + size);
    }
    inode_.touch_modified();
    return {};
}

bool TmpfsFile::is_sealed_against_writing() const {
    return (inode_.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0;
}

Result<RefPtr<MemoryObject>> TmpfsFile::mmap_object(Sharing sharing, int protection) {
    if (!is_readable()) {
        return Errno(EACCES);
    }
    if (sharing == Sharing::Shared && (protection & PROT_WRITE) != 0 && is_sealed_against_writing()) {
        return Errno(EPERM);
    }
    note_own_access();
    return RefPtr<MemoryObject>(&inode_.cache());
}

}  // namespace kernel
