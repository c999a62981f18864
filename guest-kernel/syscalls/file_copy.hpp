// Bytes from file to file: what sendfile, copy_file_range and splice share.
#pragma once

#include <cstdint>

#include "fs/file.hpp"
#include "mm/user_memory.hpp"

namespace kernel {

// An end of a copy: a file, and the position that a program passed or the file's own.
class CopyEnd {
  public:
    CopyEnd(Ref<File> file, UserInOut<std::int64_t> offset) : file_(std::move(file)), offset_(offset) {}

    File& file() const { return *file_; }
    std::int64_t& position() { return offset_.is_null() ? file_->position : explicit_; }
    // Fetches the program's offset, from which so many bytes are to be copied. ESPIPE, EINVAL, EFAULT.
    Result<void> begin(std::size_t size) {
        if (offset_.is_null()) {
            return {};
        }
        if (!file_->is_seekable()) {
            return Errno(ESPIPE);
        }
        explicit_ = TRY(offset_.read());
        std::int64_t end = 0;
        if (explicit_ < 0 || __builtin_add_overflow(explicit_, static_cast<std::int64_t>(size), &end)) {
            return Errno(EINVAL);
        }
        return {};
    }
    Result<void> finish() { return offset_.is_null() ? Result<void>() : offset_.write(explicit_); }

  private:
    Ref<File> file_;
    UserInOut<std::int64_t> offset_;
    std::int64_t explicit_ = 0;
};

// Copies up to `size` bytes and gives the offsets back. Stops at the end of the input, or when an end would
// block after some bytes have gone.
Result<long> run_copy(CopyEnd& from, CopyEnd& to, std::size_t size, bool nonblocking);

}  // namespace kernel
