// Sending and receiving on sockets (man 2 send, recv; man 3 cmsg).
#include <linux/uio.h>

#include "syscalls/handlers.hpp"
#include "syscalls/socket.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

Result<IoBuffer> buffers_of(const user_msghdr& header) {
    if (header.msg_iovlen > UIO_MAXIOV) {
        return Errno(EMSGSIZE);
    }
    return IoBuffer::user_vector(UserIn<iovec>(UserAddress(header.msg_iov)), header.msg_iovlen);
}

// The control messages of a send, copied once.
Result<Vector<std::byte>> control_of(const user_msghdr& header) {
    // Linux net/core/sock.c, sysctl_optmem_max: what a socket's control messages may take.
    constexpr std::uint64_t kMaximumControl = 20480;
    Vector<std::byte> control;
    if (header.msg_controllen > kMaximumControl) {
        return Errno(ENOBUFS);
    }
    if (header.msg_controllen > 0) {
        TRY(control.resize(header.msg_controllen));
        TRY(copy_from_user(control.data(), UserAddress(header.msg_control), control.size()));
    }
    return control;
}

}  // namespace

Result<long> sys_sendto(Task& task, Fd sockfd, UserBuffer buffer, std::size_t length, unsigned flags,
                        UserBuffer address, int addrlen) {
    IoBuffer bytes = TRY(IoBuffer::user(buffer, std::min(length, kMaximumTransfer)));
    OpenSocket to = TRY(socket_of(task, sockfd));
    SocketAddress target;
    SendRequest request(to.is_nonblocking(), flags);
    if (!address.is_null()) {
        target = TRY(SocketAddress::read(address, addrlen));
        request.target = target.is_empty() ? nullptr : &target;
        request.has_empty_name = target.is_empty();
    }
    return static_cast<long>(TRY(to.socket->send(bytes, request)));
}

Result<long> sys_recvfrom(Task& task, Fd sockfd, UserBuffer buffer, std::size_t length, unsigned flags,
                          UserBuffer address, UserInOut<int> addrlen) {
    IoBuffer bytes = TRY(IoBuffer::user(buffer, std::min(length, kMaximumTransfer)));
    OpenSocket at = TRY(socket_of(task, sockfd));
    ReceiveRequest request(at.is_nonblocking(), flags);
    const std::size_t size = TRY(at.socket->receive(bytes, request));
    if (!address.is_null()) {
        TRY(request.sender.write(address, addrlen));
    }
    return static_cast<long>(size);
}

Result<std::size_t> send_message(OpenSocket& from, const user_msghdr& header, unsigned flags) {
    SocketAddress target;
    SendRequest request(from.is_nonblocking(), flags);
    if (header.msg_name != 0 && header.msg_namelen != 0) {
        if (header.msg_namelen < 0) {
            return Errno(EINVAL);
        }
        // A longer name is cut, not refused (Linux net/socket.c, __copy_msghdr).
        constexpr int kMaximum = SocketAddress::kMaximumSize;
        const UserBuffer name{UserAddress(header.msg_name)};
        target = TRY(SocketAddress::read(name, std::min(header.msg_namelen, kMaximum)));
        request.target = &target;
    }
    IoBuffer bytes = TRY(buffers_of(header));
    const Vector<std::byte> control = TRY(control_of(header));
    request.control = control.span();
    return from.socket->send(bytes, request);
}

Result<std::size_t> receive_message(OpenSocket& at, UserInOut<user_msghdr> message, unsigned flags) {
    const user_msghdr header = TRY(message.read());
    if (header.msg_namelen < 0) {
        return Errno(EINVAL);
    }
    IoBuffer bytes = TRY(buffers_of(header));
    ControlWriter control(UserAddress(header.msg_control),
                          header.msg_control != 0 ? header.msg_controllen : 0);
    ReceiveRequest request(at.is_nonblocking(), flags);
    request.control = &control;
    const std::size_t size = TRY(at.socket->receive(bytes, request));
    if (header.msg_name != 0) {
        const UserInOut<int> length(message.address() + offsetof(user_msghdr, msg_namelen));
        TRY(request.sender.write(UserBuffer(UserAddress(header.msg_name)), length));
    }
    const unsigned result_flags =
        request.result_flags | (flags & kCloseOnExec) | (control.is_truncated() ? kControlTruncated : 0);
    const std::uint64_t used = control.used();
    TRY(copy_to_user(message.address() + offsetof(user_msghdr, msg_flags), &result_flags,
                     sizeof(result_flags)));
    TRY(copy_to_user(message.address() + offsetof(user_msghdr, msg_controllen), &used, sizeof(used)));
    return size;
}

Result<long> sys_sendmsg(Task& task, Fd sockfd, UserIn<user_msghdr> message, unsigned flags) {
    OpenSocket from = TRY(socket_of(task, sockfd));
    return static_cast<long>(TRY(send_message(from, TRY(message.read()), flags)));
}

Result<long> sys_recvmsg(Task& task, Fd sockfd, UserInOut<user_msghdr> message, unsigned flags) {
    OpenSocket at = TRY(socket_of(task, sockfd));
    return static_cast<long>(TRY(receive_message(at, message, flags)));
}

}  // namespace kernel
