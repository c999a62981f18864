#include "vmm/cli/standard_input.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace levitate::vmm::cli {

Result<std::vector<std::byte>> read_standard_input() {
    std::vector<std::byte> bytes;
    if (::isatty(STDIN_FILENO) == 1) {
        return bytes;
    }
    std::array<std::byte, 65536> buffer{};
    while (true) {
        const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 && errno != EBADF) {
            return failure(Error::Kind::Harness,
                           "cannot read standard input: " + std::generic_category().message(errno));
        }
        if (count <= 0) {
            return bytes;
        }
        bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + count);
    }
}

}  // namespace levitate::vmm::cli
