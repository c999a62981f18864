// Sockets: making, naming and connecting them.
#include "syscalls/socket.hpp"

#include <linux/fcntl.h>

#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

// SOCK_CLOEXEC and SOCK_NONBLOCK are O_CLOEXEC and O_NONBLOCK.
constexpr unsigned kSocketFlags = O_CLOEXEC | O_NONBLOCK;

// What socket and socketpair accept (man 2 socket).
Result<Ref<Socket>> create(int domain, unsigned type, int protocol) {
    if ((type & ~(kTypeMask | kSocketFlags)) != 0) {
        return Errno(EINVAL);
    }
    return create_socket(domain, type & kTypeMask, protocol);
}

}  // namespace

Result<OpenSocket> socket_of(Task& task, Fd fd) {
    Ref<File> file = TRY(task.files->get_for_io(fd));
    Socket* socket = file->as_socket();
    if (socket == nullptr) {
        return Errno(ENOTSOCK);
    }
    return OpenSocket{.file = std::move(file), .socket = socket};
}

Result<long> sys_socket(Task& task, int domain, unsigned type, int protocol) {
    Ref<Socket> socket = TRY(create(domain, type, protocol));
    Ref<File> file = TRY(make_socket_file(std::move(socket), type));
    return TRY(task.files->install(std::move(file), close_on_exec_of(type)));
}

Result<long> sys_socketpair(Task& task, int domain, unsigned type, int protocol, UserOut<int> sv) {
    if ((type & ~(kTypeMask | kSocketFlags)) != 0) {
        return Errno(EINVAL);
    }
    TRY(task.files->check_room(2));
    // The numbers are told before there are sockets (Linux __sys_socketpair).
    const std::size_t lowest = task.files->lowest_free(0);
    const int descriptors[2] = {static_cast<int>(lowest),
                                static_cast<int>(task.files->lowest_free(lowest + 1))};
    TRY(sv.write_all(descriptors));
    Ref<Socket> first = TRY(create(domain, type, protocol));
    Ref<Socket> second = TRY(create(domain, type, protocol));
    TRY(first->pair_with(*second));
    Ref<File> first_file = TRY(make_socket_file(std::move(first), type));
    Ref<File> second_file = TRY(make_socket_file(std::move(second), type));
    TRY(task.files->install(std::move(first_file), close_on_exec_of(type)));
    const Result<int> last = task.files->install(std::move(second_file), close_on_exec_of(type));
    if (last.is_error()) {
        TRY(task.files->close(Fd{descriptors[0]}));
        return last.error();
    }
    return 0;
}

Result<long> sys_bind(Task& task, Fd sockfd, UserBuffer address, int addrlen) {
    OpenSocket target = TRY(socket_of(task, sockfd));
    TRY(target.socket->bind(TRY(SocketAddress::read(address, addrlen))));
    return 0;
}

Result<long> sys_listen(Task& task, Fd sockfd, int backlog) {
    OpenSocket target = TRY(socket_of(task, sockfd));
    TRY(target.socket->listen(backlog));
    return 0;
}

Result<long> sys_connect(Task& task, Fd sockfd, UserBuffer address, int addrlen) {
    TRY(task.files->get_for_io(sockfd));
    const SocketAddress name =
        TRY(SocketAddress::read(address, addrlen));  // before ENOTSOCK (Linux __sys_connect)
    OpenSocket client = TRY(socket_of(task, sockfd));
    TRY(client.socket->connect(name, client.is_nonblocking()));
    return 0;
}

Result<long> sys_accept4(Task& task, Fd sockfd, UserBuffer address, UserInOut<int> addrlen, unsigned flags) {
    if ((flags & ~kSocketFlags) != 0) {
        return Errno(EINVAL);
    }
    OpenSocket listener = TRY(socket_of(task, sockfd));
    TRY(task.files->check_room(1));
    Ref<Socket> connection = TRY(listener.socket->accept(listener.is_nonblocking()));
    const Ref<Socket> accepted = connection;
    Ref<File> file = TRY(make_socket_file(std::move(connection), flags));
    if (!address.is_null()) {
        const Result<SocketAddress> name = accepted->accepted_name();
        if (name.is_error()) {
            return Errno(ECONNABORTED);
        }
        TRY(name.value().write(address, addrlen));
    }
    return TRY(task.files->install(std::move(file), close_on_exec_of(flags)));
}

Result<long> sys_accept(Task& task, Fd sockfd, UserBuffer address, UserInOut<int> addrlen) {
    return sys_accept4(task, sockfd, address, addrlen, 0);
}

Result<long> sys_getsockname(Task& task, Fd sockfd, UserBuffer address, UserInOut<int> addrlen) {
    const OpenSocket target = TRY(socket_of(task, sockfd));
    TRY(TRY(target.socket->local_name()).write(address, addrlen));
    return 0;
}

Result<long> sys_getpeername(Task& task, Fd sockfd, UserBuffer address, UserInOut<int> addrlen) {
    const OpenSocket target = TRY(socket_of(task, sockfd));
    TRY(TRY(target.socket->peer_name()).write(address, addrlen));
    return 0;
}

Result<long> sys_shutdown(Task& task, Fd sockfd, int how) {
    OpenSocket target = TRY(socket_of(task, sockfd));
    TRY(target.socket->shutdown(how));
    return 0;
}

}  // namespace kernel
