// Sockets: making, naming and connecting them. Only AF_UNIX is there.
#include "syscalls/socket.hpp"

#include <linux/fcntl.h>
#include <linux/un.h>

#include <array>

#include "fs/file_table.hpp"
#include "fs/namespace.hpp"
#include "fs/path_walk.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

// What socket and socketpair accept (man 2 socket). SOCK_CLOEXEC and SOCK_NONBLOCK are O_CLOEXEC and
// O_NONBLOCK.
Result<SocketType> checked_type(int domain, unsigned type, int protocol) {
    const unsigned kind = type & kTypeMask;
    if ((type & ~(kTypeMask | static_cast<unsigned>(O_CLOEXEC | O_NONBLOCK))) != 0) {
        return Errno(EINVAL);
    }
    if (domain != kFamilyUnix) {
        return Errno(EAFNOSUPPORT);
    }
    if (protocol != 0 && protocol != kFamilyUnix) {
        return Errno(EPROTONOSUPPORT);
    }
    switch (kind) {
        case kStream:
            return SocketType::Stream;
        case kDatagram:
        case 3:  // SOCK_RAW is taken for a datagram socket (Linux unix_create)
            return SocketType::Datagram;
        case kSeqPacket:
            return SocketType::SeqPacket;
        default:
            return Errno(ESOCKTNOSUPPORT);
    }
}

}  // namespace

Result<SocketFile> socket_of(Task& task, Fd fd) {
    Ref<File> file = TRY(task.files->get_for_io(fd));
    UnixSocket* socket = file->as_socket();
    if (socket == nullptr) {
        return Errno(ENOTSOCK);
    }
    return SocketFile{.file = std::move(file), .socket = socket};
}

Result<String> read_address(UserBuffer address, int length) {
    std::array<char, sizeof(sockaddr_un)> bytes{};
    if (length < static_cast<int>(sizeof(__kernel_sa_family_t)) || length > static_cast<int>(bytes.size())) {
        return Errno(EINVAL);
    }
    auto size = static_cast<std::size_t>(length);
    TRY(copy_from_user(bytes.data(), address.address(), size));
    __kernel_sa_family_t family = 0;
    __builtin_memcpy(&family, bytes.data(), sizeof(family));
    if (family != kFamilyUnix) {
        return Errno(EINVAL);
    }
    std::string_view name(bytes.data() + sizeof(family), size - sizeof(family));
    if (!name.empty() && name.front() != '\0') {
        name = name.substr(0, name.find('\0'));
    }
    return String::copy_of(name);
}

// As Linux's move_addr_to_user: reports the full length, though only what fits is written.
Result<void> write_address(std::string_view name, UserBuffer address, UserInOut<int> length) {
    if (address.is_null()) {
        return {};
    }
    const int room = TRY(length.read());
    if (room < 0) {
        return Errno(EINVAL);
    }
    std::array<char, sizeof(sockaddr_un) + 1> bytes{};
    __kernel_sa_family_t family = kFamilyUnix;
    __builtin_memcpy(bytes.data(), &family, sizeof(family));
    __builtin_memcpy(bytes.data() + sizeof(family), name.data(), name.size());
    const bool is_path = !name.empty() && name.front() != '\0';
    const std::size_t size = sizeof(family) + name.size() + (is_path ? 1 : 0);
    TRY(copy_to_user(address.address(), bytes.data(), std::min(size, static_cast<std::size_t>(room))));
    return length.write(static_cast<int>(size));
}

Result<Ref<UnixSocket>> find_socket(Task& task, std::string_view name) {
    if (name.empty()) {
        return Errno(EINVAL);
    }
    if (name.front() == '\0') {
        return UnixSocket::find(name);
    }
    const Path path = TRY(resolve_path(task, Fd{AT_FDCWD}, name, LastSymlink::Follow));
    TRY(check_permission(path.inode(), kMayWrite, task.credentials));
    if (path.inode().type() != FileType::Socket) {
        return Errno(ECONNREFUSED);
    }
    return UnixSocket::find(path.inode());
}

Result<long> sys_socket(Task& task, int domain, unsigned type, int protocol) {
    const SocketType kind = TRY(checked_type(domain, type, protocol));
    Ref<File> file = TRY(make_socket_file(TRY(make_ref<UnixSocket>(kind)), type));
    return TRY(task.files->install(std::move(file), close_on_exec_of(type)));
}

Result<long> sys_socketpair(Task& task, int domain, unsigned type, int protocol, UserOut<int> sv) {
    const SocketType kind = TRY(checked_type(domain, type, protocol));
    TRY(task.files->check_room(2));
    Ref<UnixSocket> first = TRY(make_ref<UnixSocket>(kind));
    Ref<UnixSocket> second = TRY(make_ref<UnixSocket>(kind));
    UnixSocket::pair(*first, *second);
    Ref<File> first_file = TRY(make_socket_file(std::move(first), type));
    Ref<File> second_file = TRY(make_socket_file(std::move(second), type));
    int descriptors[2] = {TRY(task.files->install(std::move(first_file), close_on_exec_of(type))), -1};
    Result<int> last = task.files->install(std::move(second_file), close_on_exec_of(type));
    Result<void> written = last.is_error() ? Result<void>(last.error()) : Result<void>();
    if (!last.is_error()) {
        descriptors[1] = last.value();
        written = sv.write_all(descriptors);
    }
    if (written.is_error()) {
        TRY(task.files->close(Fd{descriptors[0]}));
        if (!last.is_error()) {
            TRY(task.files->close(Fd{descriptors[1]}));
        }
        return written.error();
    }
    return 0;
}

Result<long> sys_bind(Task& task, Fd sockfd, UserBuffer address, int addrlen) {
    SocketFile target = TRY(socket_of(task, sockfd));
    const String name = TRY(read_address(address, addrlen));
    if (!target.socket->address().empty()) {
        return Errno(EINVAL);
    }
    if (name.is_empty()) {
        // Autobind: five hexadecimal digits that are free (man 7 unix).
        constexpr std::uint64_t kNames = 0x100000;
        for (std::uint64_t number = 1; number < kNames; number++) {
            String digits = TRY(String::copy_of(std::string_view("\0", 1)));
            TRY(digits.append_hex(number, 5));
            const Result<void> named = target.socket->bind(digits.view(), nullptr);
            if (!named.is_error() || named.error() != Errno(EADDRINUSE)) {
                TRY(named);
                return 0;
            }
        }
        return Errno(ENOSPC);
    }
    if (name.view().front() == '\0') {
        TRY(target.socket->bind(name.view(), nullptr));
        return 0;
    }
    const Result<void> made = make_node(task, Fd{AT_FDCWD}, name.view(), S_IFSOCK | 0777, {});
    if (made.is_error()) {
        return made.error() == Errno(EEXIST) ? Errno(EADDRINUSE) : made.error();
    }
    const Path path = TRY(resolve_path(task, Fd{AT_FDCWD}, name.view(), LastSymlink::NoFollow));
    TRY(target.socket->bind(name.view(), path.dentry));
    return 0;
}

Result<long> sys_listen(Task& task, Fd sockfd, int backlog) {
    SocketFile target = TRY(socket_of(task, sockfd));
    TRY(target.socket->listen(static_cast<unsigned>(backlog)));
    return 0;
}

Result<long> sys_connect(Task& task, Fd sockfd, UserBuffer address, int addrlen) {
    SocketFile client = TRY(socket_of(task, sockfd));
    const String name = TRY(read_address(address, addrlen));
    const Ref<UnixSocket> server = TRY(find_socket(task, name.view()));
    TRY(client.socket->connect(*server, is_nonblocking(*client.file)));
    return 0;
}

Result<long> sys_accept4(Task& task, Fd sockfd, UserBuffer address, UserInOut<int> addrlen, unsigned flags) {
    if ((flags & ~static_cast<unsigned>(O_CLOEXEC | O_NONBLOCK)) != 0) {
        return Errno(EINVAL);
    }
    SocketFile listener = TRY(socket_of(task, sockfd));
    TRY(task.files->check_room(1));
    const Ref<UnixSocket> connection = TRY(listener.socket->accept(is_nonblocking(*listener.file)));
    UnixSocket* peer = connection->peer();
    Ref<File> file = TRY(make_socket_file(connection, flags));
    TRY(write_address(peer != nullptr ? peer->address() : std::string_view(), address, addrlen));
    return TRY(task.files->install(std::move(file), close_on_exec_of(flags)));
}

Result<long> sys_accept(Task& task, Fd sockfd, UserBuffer address, UserInOut<int> addrlen) {
    return sys_accept4(task, sockfd, address, addrlen, 0);
}

Result<long> sys_getsockname(Task& task, Fd sockfd, UserBuffer address, UserInOut<int> addrlen) {
    const SocketFile target = TRY(socket_of(task, sockfd));
    TRY(write_address(target.socket->address(), address, addrlen));
    return 0;
}

Result<long> sys_getpeername(Task& task, Fd sockfd, UserBuffer address, UserInOut<int> addrlen) {
    const SocketFile target = TRY(socket_of(task, sockfd));
    if (target.socket->peer() == nullptr) {
        return Errno(ENOTCONN);
    }
    TRY(write_address(target.socket->peer()->address(), address, addrlen));
    return 0;
}

Result<long> sys_shutdown(Task& task, Fd sockfd, int how) {
    SocketFile target = TRY(socket_of(task, sockfd));
    TRY(target.socket->shutdown(how));
    return 0;
}

}  // namespace kernel
