#include "net/control_message.hpp"

namespace kernel {

namespace {

// CMSG_ALIGN.
constexpr std::size_t aligned(std::size_t size) {
    return (size + 7) & ~std::size_t{7};
}

}  // namespace

Result<ControlMessage> ControlReader::next() {
    ControlHeader header{};
    __builtin_memcpy(&header, rest_.data(), sizeof(header));
    if (header.length < sizeof(header) || header.length > rest_.size()) {
        return Errno(EINVAL);
    }
    const ControlMessage message{
        .level = header.level,
        .type = header.type,
        .payload = rest_.subspan(sizeof(header), header.length - sizeof(header)),
    };
    rest_ = rest_.subspan(std::min(aligned(header.length), rest_.size()));
    return message;
}

void ControlWriter::write(int level, int type, const void* payload, std::size_t size) {
    if (size_ - used_ < sizeof(ControlHeader)) {
        is_truncated_ = true;
        return;
    }
    if (size > room()) {
        is_truncated_ = true;
        size = room();
    }
    const ControlHeader header{.length = sizeof(header) + size, .level = level, .type = type};
    if (copy_to_user(control_ + used_, &header, sizeof(header)).is_error() ||
        copy_to_user(control_ + used_ + sizeof(header), payload, size).is_error()) {
        return;
    }
    used_ += std::min(aligned(sizeof(header) + size), size_ - used_);
}

}  // namespace kernel
