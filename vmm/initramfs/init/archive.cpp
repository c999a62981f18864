#include "vmm/initramfs/init/archive.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace levitate::vmm::init {
namespace {

constexpr std::string_view kMagic = "070701";
constexpr std::string_view kTrailer = "TRAILER!!!";
constexpr std::size_t kDigits = 8;
constexpr std::size_t kAlignment = 4;

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The fields of a header, in order.
enum HeaderField : std::size_t {
    kMode = 1,
    kModified = 5,
    kSize = 6,
    kMajor = 9,
    kMinor = 10,
    kNameSize = 11
};

std::uint32_t number_of(std::string_view header, HeaderField which) {
    std::uint32_t value = 0;
    const std::string_view digits = header.substr(kMagic.size() + which * kDigits, kDigits);
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return value;
}

// How many bytes follow `size` up to the next multiple of four.
std::size_t padding(std::size_t size) {
    return (kAlignment - size % kAlignment) % kAlignment;
}

void set_time(const std::string& path, std::uint32_t modified) {
    const std::array<timespec, 2> times{timespec{.tv_sec = modified, .tv_nsec = 0},
                                        timespec{.tv_sec = modified, .tv_nsec = 0}};
    ::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW);
}

}  // namespace

void Unpacker::feed(std::span<const std::byte> bytes) {
    while (!bytes.empty() && awaits_ != Awaits::Nothing && !has_failed_) {
        take(bytes);
    }
}

bool Unpacker::finish() {
    if (!has_failed_ && awaits_ != Awaits::Nothing) {
        fail(0);
    }
    for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) {
        set_time(folder->first, folder->second);
    }
    return !has_failed_;
}

void Unpacker::take(std::span<const std::byte>& bytes) {
    const auto part = bytes.first(std::min(bytes.size(), rest_));
    bytes = bytes.subspan(part.size());
    rest_ -= part.size();
    const bool is_of_file = awaits_ == Awaits::Contents && S_ISREG(entry_.mode);
    if (is_of_file) {
        write(part.first(std::min<std::size_t>(part.size(), contents_rest_)));
    } else {
        part_.insert(part_.end(), part.begin(), part.end());
    }
    if (rest_ == 0 && !has_failed_) {
        on_part();
    }
}

void Unpacker::await(Awaits part, std::size_t size) {
    awaits_ = part;
    rest_ = size;
    part_.clear();
    if (size == 0) {
        on_part();
    }
}

void Unpacker::on_part() {
    switch (awaits_) {
        case Awaits::Header:
            on_header();
            break;
        case Awaits::Name:
            on_name();
            break;
        case Awaits::Contents:
            end_entry();
            break;
        case Awaits::Nothing:
            break;
    }
}

void Unpacker::on_header() {
    const std::string_view header = text_of(part_);
    if (!header.starts_with(kMagic)) {
        fail(0);
        return;
    }
    entry_ = {.mode = number_of(header, kMode),
              .mtime = number_of(header, kModified),
              .size = number_of(header, kSize),
              .device_major = number_of(header, kMajor),
              .device_minor = number_of(header, kMinor),
              .name_size = number_of(header, kNameSize),
              .path = {}};
    await(Awaits::Name, entry_.name_size + padding(kHeaderSize + entry_.name_size));
}

void Unpacker::on_name() {
    const std::string_view name = text_of(part_).substr(0, entry_.name_size);
    const std::string_view without_end = name.substr(0, name.find('\0'));
    if (without_end == kTrailer) {
        awaits_ = Awaits::Nothing;
        return;
    }
    entry_.path = root_ + "/" + (without_end == "." ? std::string{} : std::string{without_end});
    contents_rest_ = entry_.size;
    make();
    if (!has_failed_) {
        await(Awaits::Contents, entry_.size + padding(entry_.size));
    }
}

// What can be made without the contents.
void Unpacker::make() {
    const char* const path = entry_.path.c_str();
    const mode_t permissions = entry_.mode & 07777U;
    int result = 0;
    if (S_ISDIR(entry_.mode)) {
        result = ::mkdir(path, permissions) == 0 || errno == EEXIST ? ::chmod(path, permissions) : -1;
        folders_.emplace_back(entry_.path, entry_.mtime);
    } else if (::unlink(path) != 0 && errno != ENOENT) {
        result = -1;
    } else if (S_ISREG(entry_.mode)) {
        file_ = Descriptor{::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)};
        result = file_.is_open() ? ::fchmod(file_.get(), permissions) : -1;
    } else if (!S_ISLNK(entry_.mode)) {
        result = ::mknod(path, entry_.mode, makedev(entry_.device_major, entry_.device_minor));
        result = result == 0 ? ::chmod(path, permissions) : result;
    }
    if (result != 0) {
        fail(errno);
    }
}

void Unpacker::write(std::span<const std::byte> bytes) {
    contents_rest_ -= static_cast<std::uint32_t>(bytes.size());
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            fail(errno);
            return;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
}

void Unpacker::end_entry() {
    if (S_ISLNK(entry_.mode)) {
        const std::string target{text_of(part_).substr(0, entry_.size)};
        if (::symlink(target.c_str(), entry_.path.c_str()) != 0) {
            fail(errno);
            return;
        }
    }
    file_.close();
    if (!S_ISDIR(entry_.mode)) {
        set_time(entry_.path, entry_.mtime);
    }
    await(Awaits::Header, kHeaderSize);
}

void Unpacker::fail(int error) {
    has_failed_ = true;
    failure_ = {.error = error, .path = entry_.path};
}

}  // namespace levitate::vmm::init
