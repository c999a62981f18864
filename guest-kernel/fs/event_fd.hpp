// eventfd(2): a counter that can be waited for.
#pragma once

#include "fs/anonymous.hpp"

namespace kernel {

class EventFile final : public AnonymousFile {
  public:
    // `flags`: O_NONBLOCK or nothing. `is_semaphore`: a read takes 1, not all.
    EventFile(Path path, unsigned flags, std::uint64_t count, bool is_semaphore)
        : AnonymousFile(std::move(path), O_RDWR | flags), count_(count), is_semaphore_(is_semaphore) {}

    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& place, TransferMode mode) override;
    Result<std::size_t> write(IoBuffer& buffer, std::int64_t& place, TransferMode mode) override;
    bool can_be_told_not_to_wait(bool to_write) const override { return !to_write; }
    // Answers 0 and moves nothing (Linux's noop_llseek).
    Result<std::int64_t> seek(std::int64_t, int) override { return std::int64_t{0}; }
    std::uint32_t poll(PollRegistrar* registrar) override;
    void describe(TextBuffer& out) override;

  private:
    static constexpr std::uint64_t kMaximum = ~std::uint64_t{0} - 1;

    // What one write of `size` bytes adds. EINVAL, EFAULT, EAGAIN.
    Result<void> add(IoBuffer& buffer, std::size_t size, TransferMode mode);

    std::uint64_t count_;
    bool is_semaphore_;
    WaitQueue changed_;
};

}  // namespace kernel
