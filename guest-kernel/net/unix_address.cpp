// Names of AF_UNIX sockets: paths, abstract names, and those that a bind without a name chooses.
#include <linux/fcntl.h>
#include <linux/un.h>

#include <array>

#include "fs/namespace.hpp"
#include "fs/path_walk.hpp"
#include "net/unix_socket.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// The name in a program's sockaddr_un: a path, an abstract name with its leading NUL, or nothing. EINVAL.
Result<std::string_view> name_in(const SocketAddress& address) {
    if (!address.has_family() || address.size() > sizeof(sockaddr_un) ||
        address.family() != socket_constants::kFamilyUnix) {
        return Errno(EINVAL);
    }
    const auto bytes = address.bytes().subspan(sizeof(__kernel_sa_family_t));
    const std::string_view name(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return name.empty() || name.front() == '\0' ? name : name.substr(0, name.find('\0'));
}

// A path's terminating NUL counts (man 7 unix).
SocketAddress address_of(std::string_view name) {
    constexpr std::size_t kFamilySize = sizeof(__kernel_sa_family_t);
    std::array<char, sizeof(sockaddr_un) + 1> bytes{};
    const __kernel_sa_family_t family = socket_constants::kFamilyUnix;
    __builtin_memcpy(bytes.data(), &family, kFamilySize);
    __builtin_memcpy(bytes.data() + kFamilySize, name.data(), name.size());
    const bool is_path = !name.empty() && name.front() != '\0';
    return {bytes.data(), kFamilySize + name.size() + (is_path ? 1 : 0)};
}

}  // namespace

Result<Ref<UnixSocket>> UnixSocket::find(const SocketAddress& address) {
    const std::string_view name = TRY(name_in(address));
    if (name.empty()) {
        return Errno(EINVAL);
    }
    if (name.front() == '\0') {
        return find_abstract(name);
    }
    Task& task = Task::current();
    const Path path = TRY(resolve_path(task, Fd{AT_FDCWD}, name, LastSymlink::Follow));
    TRY(check_permission(path.inode(), kMayWrite, task.credentials));
    if (path.inode().type() != FileType::Socket) {
        return Errno(ECONNREFUSED);
    }
    return find_node(path.inode());
}

// Autobind: five hexadecimal digits that are free (man 7 unix).
Result<void> UnixSocket::choose_name() {
    constexpr std::uint64_t kNames = 0x100000;
    for (std::uint64_t number = 1; number < kNames; number++) {
        String digits = TRY(String::copy_of(std::string_view("\0", 1)));
        TRY(digits.append_hex(number, 5));
        const Result<void> named = give_name(digits.view(), nullptr);
        if (!named.is_error() || named.error() != Errno(EADDRINUSE)) {
            return named;
        }
    }
    return Errno(ENOSPC);
}

Result<void> UnixSocket::bind(const SocketAddress& address) {
    const std::string_view name = TRY(name_in(address));
    if (!name_.is_empty()) {
        return Errno(EINVAL);
    }
    if (name.empty()) {
        return choose_name();
    }
    if (name.front() == '\0') {
        return give_name(name, nullptr);
    }
    Task& task = Task::current();
    const Result<void> made = make_node(task, Fd{AT_FDCWD}, name, S_IFSOCK | 0777, {});
    if (made.is_error()) {
        return made.error() == Errno(EEXIST) ? Errno(EADDRINUSE) : made.error();
    }
    const Path path = TRY(resolve_path(task, Fd{AT_FDCWD}, name, LastSymlink::NoFollow));
    return give_name(name, path.dentry);
}

Result<SocketAddress> UnixSocket::local_name() {
    return address_of(name_.view());
}

Result<SocketAddress> UnixSocket::peer_name() {
    if (!peer_ && !was_connected_) {
        return Errno(ENOTCONN);
    }
    return address_of(peer_ ? peer_->name_.view() : std::string_view());
}

}  // namespace kernel
