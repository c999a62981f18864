#include "net/socket_address.hpp"

namespace kernel {

Result<SocketAddress> SocketAddress::read(UserBuffer address, int length) {
    SocketAddress result;
    if (length < 0 || static_cast<std::size_t>(length) > kMaximumSize) {
        return Errno(EINVAL);
    }
    result.size_ = static_cast<std::size_t>(length);
    TRY(copy_from_user(result.bytes_.data(), address.address(), result.size_));
    return result;
}

Result<void> SocketAddress::write(UserBuffer address, UserInOut<int> length) const {
    const int room = TRY(length.read());
    if (room < 0) {
        return Errno(EINVAL);
    }
    TRY(copy_to_user(address.address(), bytes_.data(), std::min(size_, static_cast<std::size_t>(room))));
    return length.write(static_cast<int>(size_));
}

}  // namespace kernel
