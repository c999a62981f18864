// Ancillary data of sendmsg and recvmsg (man 3 cmsg): messages of a header and a payload, one behind the
// other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "mm/user_memory.hpp"

namespace kernel {

// Linux include/linux/socket.h, struct cmsghdr.
struct ControlHeader {
    std::uint64_t length;  // with the header
    std::int32_t level;
    std::int32_t type;
};

struct ControlMessage {
    int level = 0;
    int type = 0;
    std::span<const std::byte> payload;
};

// Goes through what a program sends, which was copied into the kernel as a whole.
class ControlReader {
  public:
    explicit ControlReader(std::span<const std::byte> bytes) : rest_(bytes) {}
    // Is there room for another header? What is shorter than one is ignored (CMSG_FIRSTHDR, CMSG_NXTHDR).
    bool has_next() const { return rest_.size() >= sizeof(ControlHeader); }
    // EINVAL: its length is less than a header's, or goes beyond the end (CMSG_OK). Precondition: has_next().
    Result<ControlMessage> next();

  private:
    std::span<const std::byte> rest_;
};

// Where a program wants to have them: messages are written while they fit (Linux net/core/scm.c, put_cmsg).
class ControlWriter {
  public:
    ControlWriter() = default;
    ControlWriter(UserAddress control, std::size_t size) : control_(control), size_(size) {}

    // How many payload bytes there is room for in a message that is to begin now.
    std::size_t room() const {
        return size_ - used_ < sizeof(ControlHeader) ? 0 : size_ - used_ - sizeof(ControlHeader);
    }
    // Cuts off what there is no room for, or leaves all of it out: is_truncated says so. A bad address loses
    // the message, as on Linux.
    void write(int level, int type, const void* payload, std::size_t size);
    void mark_truncated() { is_truncated_ = true; }

    bool is_truncated() const { return is_truncated_; }
    std::size_t used() const { return used_; }

  private:
    UserAddress control_;
    std::size_t size_ = 0;
    std::size_t used_ = 0;
    bool is_truncated_ = false;
};

}  // namespace kernel
