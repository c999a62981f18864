#include "vmm/run/write_all.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace levitate::vmm {

bool write_all(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            pollfd request{.fd = fd, .events = POLLOUT, .revents = 0};
            ::poll(&request, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

}  // namespace levitate::vmm
