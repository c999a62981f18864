#include "vmm/devices/disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace levitate::vmm {

Result<std::unique_ptr<Disk>> Disk::open(const std::filesystem::path& file) {
    const auto fail = [&file](const std::string& why) {
        return std::unexpected(
            Error{.kind = Error::Kind::Usage,
                  .message = fmt::format("cannot use {} as a disk: {}", file.string(), why)});
    };
    Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status{};
    if (!descriptor.is_open() || ::fstat(descriptor.get(), &status) != 0) {
        return fail(std::generic_category().message(errno));
    }
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
        return fail("it is neither a file nor a block device");
    }
    const off_t size = ::lseek(descriptor.get(), 0, SEEK_END);
    if (size < 0) {
        return fail(std::generic_category().message(errno));
    }
    return std::unique_ptr<Disk>{new Disk{std::move(descriptor), static_cast<std::uint64_t>(size)}};
}

// Behind the file's end there are zeros.
bool Disk::read_file(std::uint64_t at, std::span<std::byte> into) const {
    while (!into.empty()) {
        const ssize_t count = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(at));
        if (count < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        if (count == 0) {
            std::ranges::fill(into, std::byte{0});
            break;
        }
        at += static_cast<std::uint64_t>(count);
        into = into.subspan(static_cast<std::size_t>(count));
    }
    return true;
}

bool Disk::read(std::uint64_t at, std::span<std::byte> into) const {
    while (!into.empty()) {
        const std::uint64_t offset = at % kBlockBytes;
        const auto part = into.first(std::min<std::uint64_t>(into.size(), kBlockBytes - offset));
        const auto found = written_.find(at / kBlockBytes);
        if (found != written_.end()) {
            std::ranges::copy(std::span{found->second}.subspan(offset, part.size()), part.begin());
        } else if (!read_file(at, part)) {
            return false;
        }
        at += part.size();
        into = into.subspan(part.size());
    }
    return true;
}

bool Disk::write(std::uint64_t at, std::span<const std::byte> from) {
    while (!from.empty()) {
        const std::uint64_t offset = at % kBlockBytes;
        const auto part = from.first(std::min<std::uint64_t>(from.size(), kBlockBytes - offset));
        std::vector<std::byte>& block = written_[at / kBlockBytes];
        if (block.empty()) {
            block.resize(kBlockBytes);
            if (!read_file(at - offset, block)) {
                written_.erase(at / kBlockBytes);
                return false;
            }
        }
        std::ranges::copy(part, std::span{block}.subspan(offset).begin());
        at += part.size();
        from = from.subspan(part.size());
    }
    return true;
}

}  // namespace levitate::vmm
