#include "fs/io_buffer.hpp"

#include <array>

namespace kernel {

namespace {
constexpr std::size_t kMaximumSegments = 1024;  // UIO_MAXIOV
}

Result<IoBuffer> IoBuffer::user(UserBuffer buffer, std::size_t size) {
    if (!is_user_range(buffer.address(), size)) {
        return Errno(EFAULT);
    }
    IoBuffer result;
    result.remaining_ = std::min(size, kMaximumTransfer);
    result.single_ = {.user = buffer.address(), .kernel = nullptr, .size = result.remaining_};
    return result;
}

Result<IoBuffer> IoBuffer::user_vector(UserIn<iovec> vector, std::size_t count) {
    if (count > kMaximumSegments) {
        return Errno(EINVAL);
    }
    IoBuffer result;
    if (count == 0) {
        return result;
    }
    TRY(result.more_.resize(count));
    for (std::size_t i = 0; i < count; i++) {
        const iovec segment = TRY(vector.read_at(i));
        if (static_cast<std::int64_t>(segment.iov_len) < 0) {
            return Errno(EINVAL);
        }
        const UserAddress start(reinterpret_cast<std::uint64_t>(segment.iov_base));
        if (!is_user_range(start, segment.iov_len)) {
            return Errno(EFAULT);
        }
        const std::size_t size = std::min<std::size_t>(segment.iov_len, kMaximumTransfer - result.remaining_);
        result.more_[i] = {.user = start, .kernel = nullptr, .size = size};
        result.remaining_ += size;
    }
    return result;
}

IoBuffer IoBuffer::kernel(void* data, std::size_t size) {
    IoBuffer result;
    result.remaining_ = size;
    result.single_ = {.user = UserAddress(), .kernel = static_cast<std::byte*>(data), .size = size};
    return result;
}

std::size_t IoBuffer::segment_size() {
    while (!more_.is_empty() && index_ + 1 < more_.size() && offset_ == current().size) {
        index_++;
        offset_ = 0;
    }
    return std::min(current().size - offset_, remaining_);
}

UserAddress IoBuffer::segment_address() {
    return segment_size() > 0 ? current().user + offset_ : UserAddress();
}

template <typename Copy>
std::size_t IoBuffer::transfer(std::size_t size, Copy copy) {
    std::size_t done = 0;
    size = std::min(size, remaining_);
    while (done < size && !faulted_) {
        Segment& segment = current();
        if (offset_ == segment.size) {
            index_++;
            offset_ = 0;
            continue;
        }
        const std::size_t piece = std::min(size - done, segment.size - offset_);
        const std::size_t copied = copy(segment, done, piece);
        done += copied;
        offset_ += copied;
        remaining_ -= copied;
        faulted_ = copied < piece;
    }
    return done;
}

std::size_t IoBuffer::put(const void* source, std::size_t size) {
    const auto* bytes = static_cast<const std::byte*>(source);
    return transfer(size, [&](Segment& segment, std::size_t done, std::size_t piece) {
        if (segment.kernel == nullptr) {
            return copy_to_user_partial(segment.user + offset_, bytes + done, piece);
        }
        __builtin_memcpy(segment.kernel + offset_, bytes + done, piece);
        return piece;
    });
}

std::size_t IoBuffer::put_zeros(std::size_t size) {
    return transfer(size, [&](Segment& segment, std::size_t, std::size_t piece) {
        if (segment.kernel == nullptr) {
            return clear_user_partial(segment.user + offset_, piece);
        }
        __builtin_memset(segment.kernel + offset_, 0, piece);
        return piece;
    });
}

void IoBuffer::skip(std::size_t size) {
    transfer(size, [](Segment&, std::size_t, std::size_t piece) { return piece; });
}

std::size_t IoBuffer::take(void* destination, std::size_t size) {
    auto* bytes = static_cast<std::byte*>(destination);
    return transfer(size, [&](Segment& segment, std::size_t done, std::size_t piece) {
        if (segment.kernel == nullptr) {
            return copy_from_user_partial(bytes + done, segment.user + offset_, piece);
        }
        __builtin_memcpy(bytes + done, segment.kernel + offset_, piece);
        return piece;
    });
}

Result<std::size_t> IoBuffer::result(std::size_t done) const {
    if (done == 0 && faulted_) {
        return Errno(EFAULT);
    }
    return done;
}

void IoBuffer::limit(std::size_t size) {
    remaining_ = std::min(remaining_, size);
}

}  // namespace kernel
