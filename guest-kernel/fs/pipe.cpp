#include "fs/pipe.hpp"

#include <linux/capability.h>

#include <array>
#include <bit>

#include "fs/anonymous.hpp"
#include "fs/file_system.hpp"
#include "lib/settings.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kPipeMagic = 0x50495045;  // PIPEFS_MAGIC
// Linux fs/pipe.c, pipe_max_size: what a task without CAP_SYS_RESOURCE may ask for.
constexpr std::size_t kMaximumCapacity = std::size_t{1} << 31;

// Made at start, never destroyed.
FileSystem* pipe_file_system = nullptr;

}  // namespace

Result<void> initialize_pipes() {
    pipe_file_system = TRY(make_ref<FileSystem>("pipefs", kPipeMagic)).leak();
    return {};
}

Result<Ref<Pipe>> Pipe::create() {
    Ref<Pipe> pipe = TRY(make_ref<Pipe>());
    TRY(pipe->slots_.resize(kDefaultSlots + kReserve));
    return pipe;
}

std::size_t Pipe::bytes() const {
    std::size_t total = 0;
    for (std::size_t i = 0; i < used_; i++) {
        total += slots_[(first_ + i) % slots_.size()].size;
    }
    return total;
}

Result<std::size_t> Pipe::set_capacity(std::size_t bytes) {
    if (bytes > kMaximumCapacity) {
        return Errno(EINVAL);
    }
    const std::size_t count = std::bit_ceil(std::max<std::size_t>(page_ceiling(bytes) >> kPageShift, 1));
    if (count * kPageSize > capacity() &&
        count * kPageSize > static_cast<std::size_t>(settings().largest_pipe) &&
        !Task::current().credentials.has(CAP_SYS_RESOURCE)) {
        return Errno(EPERM);
    }
    if (count < used_) {
        return Errno(EBUSY);
    }
    Vector<Slot> resized;
    TRY(resized.resize(count + kReserve));
    for (std::size_t i = 0; i < used_; i++) {
        resized[i] = std::move(slot(i));
    }
    slots_ = std::move(resized);
    first_ = 0;
    writable.wake();
    return capacity();
}

void Pipe::drop_first() {
    Slot& front = slot(0);
    if (front.page->references == 1) {
        spare_ = std::move(front.page);
    }
    front = Slot();
    first_ = (first_ + 1) % slots_.size();
    used_--;
}

Result<std::size_t> Pipe::take(IoBuffer& buffer) {
    std::size_t done = 0;
    while (used_ > 0 && !buffer.is_empty()) {
        Slot& front = slot(0);
        const std::size_t wanted = std::min(front.size, buffer.remaining());
        if (buffer.put(front.page->data() + front.offset, wanted) < wanted) {
            return done == 0 ? Result<std::size_t>(Errno(EFAULT)) : Result<std::size_t>(done);
        }
        done += wanted;
        front.offset += wanted;
        front.size -= wanted;
        const bool ends_read = front.is_packet;
        if (front.size == 0 || front.is_packet) {
            drop_first();
        }
        if (ends_read) {
            break;
        }
    }
    return done;
}

Result<std::size_t> Pipe::merge(IoBuffer& buffer) {
    const std::size_t odd = buffer.remaining() & kPageMask;
    if (used_ == 0 || odd == 0) {
        return std::size_t{0};
    }
    Slot& last = slot(used_ - 1);
    const std::size_t end = last.offset + last.size;
    if (last.is_shared || last.is_packet || end + odd > kPageSize) {
        return std::size_t{0};
    }
    if (buffer.take(last.page->data() + end, odd) < odd) {
        return Errno(EFAULT);
    }
    last.size += odd;
    return odd;
}

Result<void> Pipe::put(IoBuffer& buffer, Packets packets, std::size_t& done) {
    while (!is_full() && !buffer.is_empty()) {
        PageRef page = spare_ ? std::move(spare_) : TRY(allocate_page(PageContents::Undefined));
        const std::size_t wanted = std::min(kPageSize, buffer.remaining());
        const bool is_whole = buffer.take(page->data(), wanted) == wanted;
        slot(used_) = {.page = std::move(page),
                       .offset = 0,
                       .size = is_whole ? wanted : 0,
                       .is_packet = packets == Packets::Yes,
                       .is_shared = false};
        used_++;
        if (!is_whole) {
            return Errno(EFAULT);
        }
        done += wanted;
    }
    return {};
}

Result<void> Pipe::give_back(std::span<const std::byte> bytes) {
    if (bytes.empty() || used_ == slots_.size()) {
        return {};  // two copies from a full pipe gave back: the reserve holds what the first did
    }
    PageRef page = TRY(allocate_page(PageContents::Undefined));
    std::copy(bytes.begin(), bytes.end(), page->data());
    first_ = (first_ + slots_.size() - 1) % slots_.size();
    slot(0) = {
        .page = std::move(page), .offset = 0, .size = bytes.size(), .is_packet = false, .is_shared = false};
    used_++;
    readable.wake_all(kPollReadable);
    return {};
}

void Pipe::put_page(PageRef page, std::size_t offset, std::size_t size) {
    slot(used_) = {
        .page = std::move(page), .offset = offset, .size = size, .is_packet = false, .is_shared = true};
    used_++;
}

std::size_t Pipe::duplicate_to(Pipe& other, std::size_t size) {
    std::size_t done = 0;
    for (std::size_t i = 0; i < used_ && !other.is_full() && done < size; i++) {
        Slot copy = slot(i);
        copy.size = std::min(copy.size, size - done);
        copy.is_shared = true;
        done += copy.size;
        other.slot(other.used_++) = std::move(copy);
    }
    return done;
}

Result<PipeEnds> make_pipe(unsigned flags) {
    Ref<Inode> inode = TRY(make_ref<Inode>(Ref<FileSystem>(pipe_file_system), S_IFIFO | 0600U));
    inode->attributes.user = Task::current().credentials.file_system_user;
    inode->attributes.group = Task::current().credentials.file_system_group;
    inode->pipe = TRY(Pipe::create());
    const Ref<Pipe> pipe = inode->pipe;
    const Path path = TRY(unmounted_path("pipe", std::move(inode)));
    PipeEnds ends;
    ends.read_end = TRY(make_ref<PipeFile>(path, O_RDONLY | (flags & O_NONBLOCK), pipe));
    ends.write_end = TRY(make_ref<PipeFile>(path, O_WRONLY | flags, pipe));
    return ends;
}

Result<Ref<File>> open_fifo(const Path& path, unsigned flags) {
    Inode& inode = path.inode();
    const bool waits = inode.file_system().magic() != kPipeMagic;
    if (!inode.pipe) {
        inode.pipe = TRY(Pipe::create());
    }
    Ref<Pipe> pipe = inode.pipe;
    const unsigned access = flags & O_ACCMODE;
    if (access == O_ACCMODE) {
        return Errno(EINVAL);
    }
    if (waits && access == O_WRONLY && (flags & O_NONBLOCK) != 0 && pipe->readers == 0) {
        return Errno(ENXIO);
    }
    Ref<PipeFile> file = TRY(make_ref<PipeFile>(path, flags, pipe));
    if (access == O_RDONLY) {
        pipe->writable.wake_all();
        if (waits && pipe->writers == 0) {
            std::uint32_t seen = pipe->writers_seen;
            file->writers_seen_at_open = seen;
            if ((flags & O_NONBLOCK) == 0) {
                TRY(pipe->readable.wait([&] { return pipe->writers_seen != seen; }));
            }
        }
    } else if (access == O_WRONLY) {
        pipe->readable.wake_all();
        if (waits && pipe->readers == 0) {
            std::uint32_t seen = pipe->readers_seen;
            TRY(pipe->writable.wait([&] { return pipe->readers_seen != seen; }));
        }
    } else {
        pipe->readable.wake_all();
        pipe->writable.wake_all();
    }
    return file;
}

}  // namespace kernel
