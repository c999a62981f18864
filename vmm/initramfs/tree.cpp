#include "vmm/initramfs/tree.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <optional>
#include <system_error>

#include "vmm/descriptor.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kDirectoryPermissions = 0755;
constexpr std::uint32_t kPermissionBits = 07777;
constexpr int kMaximumSymlinks = 40;  // as in Linux (MAXSYMLINKS)

std::deque<std::string> components_of(std::string_view path) {
    std::deque<std::string> components;
    while (!path.empty()) {
        const auto slash = path.find('/');
        if (slash != 0) {
            components.emplace_back(path.substr(0, slash));
        }
        path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    }
    return components;
}

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

Error cannot(std::string_view doing, const fs::path& path, int error) {
    return {.kind = Error::Kind::Harness,
            .message = fmt::format("cannot {} {}: {}", doing, path.string(),
                                   std::generic_category().message(error))};
}

}  // namespace

Node make_directory(std::uint32_t permissions) {
    Node node;
    node.kind = NodeKind::Directory;
    node.permissions = permissions;
    return node;
}

Node make_file(FileContents contents, std::uint32_t permissions, fs::path host) {
    Node node;
    node.permissions = permissions;
    node.contents = std::move(contents);
    node.host = std::move(host);
    return node;
}

std::string normalize_guest_path(std::string_view path) {
    std::vector<std::string> kept;
    for (std::string& component : components_of(path)) {
        if (component == "..") {
            if (!kept.empty()) {
                kept.pop_back();
            }
        } else if (component != ".") {
            kept.push_back(std::move(component));
        }
    }
    std::string normal;
    for (const std::string& component : kept) {
        normal.append("/").append(component);
    }
    return normal.empty() ? "/" : normal;
}

Tree::Tree() {
    nodes_.emplace("/", make_directory(kDirectoryPermissions));
}

std::string Tree::resolve(std::string_view path, LastComponent last) const {
    std::deque<std::string> rest = components_of(path);
    std::string resolved;
    int symlinks = 0;
    while (!rest.empty()) {
        const std::string component = std::move(rest.front());
        rest.pop_front();
        if (component == ".") {
            continue;
        }
        if (component == "..") {
            resolved.resize(resolved.empty() ? 0 : resolved.rfind('/'));
            continue;
        }
        std::string candidate = resolved;
        candidate.append("/").append(component);
        const auto found = nodes_.find(candidate);
        const bool follow = !rest.empty() || last == LastComponent::Follow;
        if (found == nodes_.end() || found->second.kind != NodeKind::Symlink || !follow) {
            resolved = candidate;
            continue;
        }
        if (++symlinks > kMaximumSymlinks) {
            return {};
        }
        const std::deque<std::string> target = components_of(found->second.target);
        rest.insert(rest.begin(), target.begin(), target.end());
        if (found->second.target.starts_with('/')) {
            resolved.clear();
        }
    }
    return resolved.empty() ? "/" : resolved;
}

Result<void> Tree::add(std::string_view path, Node node) {
    const std::string place =
        resolve(path, node.kind == NodeKind::Directory ? LastComponent::Follow : LastComponent::Keep);
    if (place.empty()) {
        return failure(Error::Kind::Usage, fmt::format("{}: symlinks form a loop in the guest's root", path));
    }
    if (place != "/") {
        const std::string parent = parent_of(place);
        const auto found = nodes_.find(parent);
        if (found == nodes_.end()) {
            if (auto added = add_directory(parent, kDirectoryPermissions); !added) {
                return added;
            }
        } else if (found->second.kind != NodeKind::Directory) {
            return failure(Error::Kind::Usage,
                           fmt::format("{}: {} is not a directory in the guest's root", path, parent));
        }
    }
    const auto present = nodes_.find(place);
    if (present == nodes_.end()) {
        nodes_.emplace(place, std::move(node));
        return {};
    }
    if ((present->second.kind == NodeKind::Directory) != (node.kind == NodeKind::Directory)) {
        return failure(Error::Kind::Usage,
                       fmt::format("{}: would be both a directory and not one in the guest's root", path));
    }
    present->second = std::move(node);
    return {};
}

Result<void> Tree::add_directory(std::string_view path, std::uint32_t permissions) {
    return add(path, make_directory(permissions));
}

const Node* Tree::find(std::string_view path) const {
    const auto found = nodes_.find(resolve(path, LastComponent::Follow));
    return found == nodes_.end() ? nullptr : &found->second;
}

Result<FileContents> read_host_file(const fs::path& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.is_open()) {
        return std::unexpected(cannot("open", path, errno));
    }
    struct stat status{};
    int error = ::fstat(file.get(), &status) == 0 ? 0 : errno;
    if (error == 0 && S_ISDIR(status.st_mode)) {
        error = EISDIR;
    }
    auto bytes = std::make_shared<std::vector<std::byte>>();
    // The size is a hint: files in /proc have none, and a file may grow while it is read.
    constexpr std::size_t kLeastRead = 4096;
    std::size_t length = 0;
    bytes->resize(error == 0 ? static_cast<std::size_t>(status.st_size) : 0);
    while (error == 0) {
        if (length == bytes->size() && length != 0 && length != static_cast<std::size_t>(status.st_size)) {
            bytes->resize(length * 2);
        }
        if (length == bytes->size()) {
            bytes->resize(length + kLeastRead);
        }
        const ssize_t count = ::read(file.get(), bytes->data() + length, bytes->size() - length);
        if (count < 0) {
            error = errno == EINTR ? 0 : errno;
        } else if (count == 0) {
            break;
        } else {
            length += static_cast<std::size_t>(count);
        }
    }
    if (error != 0) {
        return std::unexpected(cannot("read", path, error));
    }
    bytes->resize(length);
    return bytes;
}

namespace {

// The node for one entry of a host directory. Kind Socket has none.
Result<std::optional<Node>> node_from_host(const fs::path& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        return std::unexpected(cannot("read", path, errno));
    }
    Node node;
    node.permissions = status.st_mode & kPermissionBits;
    node.host = path;
    switch (status.st_mode & S_IFMT) {
        case S_IFDIR:
            node.kind = NodeKind::Directory;
            return node;
        case S_IFLNK: {
            std::error_code error;
            node.kind = NodeKind::Symlink;
            node.target = fs::read_symlink(path, error).string();
            if (error) {
                return std::unexpected(cannot("read", path, error.value()));
            }
            return node;
        }
        case S_IFIFO:
            node.kind = NodeKind::Fifo;
            return node;
        case S_IFCHR:
        case S_IFBLK:
            node.kind = S_ISCHR(status.st_mode) ? NodeKind::CharacterDevice : NodeKind::BlockDevice;
            node.device_major = major(status.st_rdev);
            node.device_minor = minor(status.st_rdev);
            return node;
        case S_IFREG: {
            auto contents = read_host_file(path);
            if (!contents) {
                return std::unexpected(std::move(contents.error()));
            }
            node.contents = std::move(*contents);
            return node;
        }
        default:
            return std::optional<Node>{};
    }
}

}  // namespace

Result<void> copy_host_directory(const fs::path& directory, Tree& tree) {
    std::error_code error;
    if (!fs::is_directory(directory, error)) {
        return failure(Error::Kind::Usage, fmt::format("{}: not a directory", directory.string()));
    }
    // By name, so that where two entries meet in one place the result does not depend on the host.
    std::vector<fs::path> paths;
    fs::recursive_directory_iterator iterator{directory, error};
    for (const fs::recursive_directory_iterator end; !error && iterator != end; iterator.increment(error)) {
        paths.push_back(iterator->path());
    }
    if (error) {
        return std::unexpected(cannot("list", directory, error.value()));
    }
    std::ranges::sort(paths);
    for (const fs::path& path : paths) {
        auto read = node_from_host(path);
        if (!read) {
            return std::unexpected(std::move(read.error()));
        }
        std::optional<Node>& node = *read;
        const std::string guest = "/" + path.lexically_relative(directory).string();
        if (node) {
            if (auto added = tree.add(guest, std::move(*node)); !added) {
                return added;
            }
        }
    }
    return {};
}

}  // namespace levitate::vmm
