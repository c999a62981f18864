// Names of AF_UNIX sockets: paths, abstract names, and those that a bind without a name chooses.
#include <linux/fcntl.h>
#include <linux/un.h>

#include <array>

#include "fs/fs_context.hpp"
#include "fs/namespace.hpp"
#include "fs/path_walk.hpp"
#include "lib/random.hpp"
#include "log/print.hpp"
#include "net/unix_socket.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// The sockets with a name. Made with the first, never destroyed.
List<UnixSocket>& named_sockets() {
    static List<UnixSocket>* all = nullptr;
    if (all == nullptr) {
        all = new (std::nothrow) List<UnixSocket>;
        KERNEL_ASSERT(all != nullptr);
    }
    return *all;
}

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

Result<void> UnixSocket::check_name(const SocketAddress& address) {
    return TRY(name_in(address)).empty() ? Result<void>(Errno(EINVAL)) : Result<void>();
}

Result<Ref<UnixSocket>> UnixSocket::find(const SocketAddress& address) const {
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
    Ref<UnixSocket> found = TRY(find_node(path.inode()));
    if (found->type() != type()) {
        return Errno(EPROTOTYPE);
    }
    return found;
}

// Each type of socket has abstract names of its own (Linux unix_abstract_hash).
Result<Ref<UnixSocket>> UnixSocket::find_abstract(std::string_view name) const {
    for (UnixSocket& socket : named_sockets()) {
        if (socket.node_.is_empty() && socket.type() == type() && socket.name_ == name) {
            return Ref<UnixSocket>(&socket);
        }
    }
    return Errno(ECONNREFUSED);
}

Result<Ref<UnixSocket>> UnixSocket::find_node(const Inode& node) {
    for (UnixSocket& socket : named_sockets()) {
        if (!socket.node_.is_empty() && &socket.node_.inode() == &node) {
            return Ref<UnixSocket>(&socket);
        }
    }
    return Errno(ECONNREFUSED);
}

Result<void> UnixSocket::give_name(std::string_view name, Path node) {
    if (node.is_empty() && !find_abstract(name).is_error()) {
        return Errno(EADDRINUSE);
    }
    name_ = TRY(String::copy_of(name));
    node_ = std::move(node);
    named_sockets().push_back(*this);
    return {};
}

// Autobind: five hexadecimal digits that are free (man 7 unix). Linux begins at a random number, and so do
// we.
Result<void> UnixSocket::choose_name() {
    constexpr std::uint32_t kNames = 0x100000;
    if (!name_.is_empty()) {
        return {};
    }
    std::uint32_t number = 0;
    fill_random({reinterpret_cast<std::byte*>(&number), sizeof(number)});
    for (std::uint32_t tried = 0; tried < kNames; tried++) {
        number = (number + 1) % kNames;
        String digits = TRY(String::copy_of(std::string_view("\0", 1)));
        TRY(digits.append_hex(number, 5));
        const Result<void> named = give_name(digits.view(), Path());
        if (!named.is_error() || named.error() != Errno(EADDRINUSE)) {
            return named;
        }
    }
    return Errno(ENOSPC);
}

Result<void> UnixSocket::name_for_credentials() {
    return options.passes_credentials ? choose_name() : Result<void>();
}

// The node is made before it is known whether the socket can have the name, and taken away again (Linux
// unix_bind_bsd).
Result<void> UnixSocket::bind_path(std::string_view name) {
    Task& task = Task::current();
    const std::uint32_t mode = S_IFSOCK | (inode_->attributes.mode & 07777 & ~task.fs->umask);
    const Result<void> made = make_node(task, Fd{AT_FDCWD}, name, mode, {});
    if (made.is_error()) {
        return made.error() == Errno(EEXIST) ? Errno(EADDRINUSE) : made.error();
    }
    if (!name_.is_empty()) {
        TRY(remove_file(task, Fd{AT_FDCWD}, name));
        return Errno(EINVAL);
    }
    return give_name(name, TRY(resolve_path(task, Fd{AT_FDCWD}, name, LastSymlink::NoFollow)));
}

Result<void> UnixSocket::bind(const SocketAddress& address) {
    const std::string_view name = TRY(name_in(address));
    if (name.empty()) {
        return choose_name();
    }
    if (name.front() != '\0') {
        return bind_path(name);
    }
    return name_.is_empty() ? give_name(name, Path()) : Result<void>(Errno(EINVAL));
}

Result<SocketAddress> UnixSocket::local_name() {
    return address_of(name_.view());
}

SocketAddress UnixSocket::name_for_receiver() const {
    return name_.is_empty() ? SocketAddress() : address_of(name_.view());
}

Result<SocketAddress> UnixSocket::peer_name() {
    if (!peer_) {
        return Errno(ENOTCONN);
    }
    return address_of(peer_->name_.view());
}

}  // namespace kernel
