// Where the bytes of a read go to, or those of a write come from: segments of user memory or of the kernel's
// own, consumed from the front.
#pragma once

#include <linux/uio.h>

#include <cstddef>

#include "lib/vector.hpp"
#include "mm/user_memory.hpp"

namespace kernel {

// Read: into a buffer. Write: out of it.
enum class Direction { Read, Write };

class IoBuffer {
  public:
    // One piece of user memory. EFAULT: it reaches beyond what a program can have.
    static Result<IoBuffer> user(UserBuffer buffer, std::size_t size);
    // The segments of an iovec array, which is read once. EINVAL for more than UIO_MAXIOV segments or a
    // negative length, EFAULT. The total is cut to MAX_RW_COUNT as Linux does (lib/iov_iter.c, import_iovec).
    static Result<IoBuffer> user_vector(UserIn<iovec> vector, std::size_t count);
    // The kernel's own memory, which must outlive this.
    static IoBuffer kernel(void* data, std::size_t size);

    std::size_t remaining() const { return remaining_; }
    bool is_empty() const { return remaining_ == 0; }
    // How many bytes are left of the segment that is next, and where in user memory they are.
    std::size_t segment_size();
    UserAddress segment_address();
    // A copy has stopped at a bad address. Nothing more can be copied.
    bool has_faulted() const { return faulted_; }

    // For reads: moves up to `size` bytes into the buffer and returns how many: fewer at its end or at a
    // fault.
    std::size_t put(const void* source, std::size_t size);
    std::size_t put_zeros(std::size_t size);
    // For writes: moves up to `size` bytes out of the buffer.
    std::size_t take(void* destination, std::size_t size);
    // Goes over `size` bytes of the buffer without touching them. Precondition: size <= remaining().
    void skip(std::size_t size);
    // The result of a transfer that moved `done` bytes: EFAULT if a fault kept it from moving any.
    Result<std::size_t> result(std::size_t done) const;
    // Forgets all but the first `size` bytes.
    void limit(std::size_t size);

  private:
    struct Segment {
        UserAddress user;
        std::byte* kernel = nullptr;
        std::size_t size = 0;
    };
    // Calls copy(segment, offset, size) over what is left, up to `size` bytes.
    template <typename Copy>
    std::size_t transfer(std::size_t size, Copy copy);
    Segment& current() { return more_.is_empty() ? single_ : more_[index_]; }

    Segment single_;
    Vector<Segment> more_;
    std::size_t index_ = 0;
    std::size_t offset_ = 0;  // into the current segment
    std::size_t remaining_ = 0;
    bool faulted_ = false;
};

// Linux include/linux/fs.h: INT_MAX & PAGE_MASK, the most that one read or write transfers.
inline constexpr std::size_t kMaximumTransfer = 0x7ffff000;

}  // namespace kernel
