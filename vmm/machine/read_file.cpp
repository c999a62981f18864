#include "vmm/machine/read_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "vmm/descriptor.hpp"

namespace levitate::vmm {

Result<std::vector<std::byte>> read_file(std::string_view what, const std::filesystem::path& path,
                                         std::uint64_t most, std::string_view remedy) {
    const auto cannot_read = [&](int error) {
        return failure(Error::Kind::Harness, fmt::format("cannot read {} {}: {}", what, path.string(),
                                                         std::generic_category().message(error)));
    };
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status{};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0) {
        return cannot_read(errno);
    }
    // A pipe has no size. What a file says of its size is only where to begin.
    constexpr std::uint64_t kLeastRoom = 65536;
    const auto said = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
    std::vector<std::byte> bytes(std::clamp(said, kLeastRoom, std::max(most, kLeastRoom)) + 1);
    std::size_t length = 0;
    while (length <= most) {
        if (length == bytes.size()) {
            bytes.resize(2 * bytes.size());
        }
        const ssize_t count = ::read(file.get(), bytes.data() + length, bytes.size() - length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return cannot_read(errno);
        }
        if (count == 0) {
            bytes.resize(length);
            return bytes;
        }
        length += static_cast<std::size_t>(count);
    }
    return failure(Error::Kind::Harness,
                   fmt::format("{} {}: more than {} MiB; {}", what, path.string(), most >> 20U, remedy));
}

}  // namespace levitate::vmm
