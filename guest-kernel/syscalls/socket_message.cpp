// Sending and receiving on sockets (man 2 send, recv; man 3 cmsg).
#include <asm/socket.h>
#include <linux/uio.h>

#include <array>

#include "fs/file_table.hpp"
#include "syscalls/handlers.hpp"
#include "syscalls/socket.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

// Linux include/linux/socket.h, struct cmsghdr.
struct ControlHeader {
    std::uint64_t length;  // with the header
    std::int32_t level;
    std::int32_t type;
};

constexpr std::size_t aligned(std::size_t size) {
    return (size + 7) & ~std::size_t{7};
}

// The descriptors that a control buffer carries. EINVAL, EBADF.
Result<Vector<Ref<File>>> read_rights(Task& task, UserAddress control, std::size_t size) {
    Vector<Ref<File>> files;
    std::size_t offset = 0;
    while (size - offset >= sizeof(ControlHeader)) {
        auto header = TRY(UserIn<ControlHeader>(control + offset).read());
        if (header.length < sizeof(header) || header.length > size - offset) {
            return Errno(EINVAL);
        }
        if (header.level != SOL_SOCKET || (header.type != kRights && header.type != kCredentials)) {
            return Errno(EINVAL);
        }
        const std::size_t count = header.type == kRights ? (header.length - sizeof(header)) / sizeof(int) : 0;
        if (count > kMaximumRights - files.size()) {
            return Errno(EINVAL);
        }
        for (std::size_t i = 0; i < count; i++) {
            const int fd = TRY(UserIn<int>(control + offset + sizeof(header)).read_at(i));
            TRY(files.push_back(TRY(task.files->get(Fd{fd}))));
        }
        offset += std::min(aligned(header.length), size - offset);
    }
    return files;
}

// Writes control messages behind each other while they fit.
class ControlWriter {
  public:
    ControlWriter(UserAddress control, std::size_t size) : control_(control), size_(size) {}

    // How many payload bytes there is room for in a message that is to begin now.
    std::size_t room() const {
        return size_ - used_ < sizeof(ControlHeader) ? 0 : size_ - used_ - sizeof(ControlHeader);
    }
    // Precondition: size <= room().
    Result<void> write(int type, const void* payload, std::size_t size) {
        ControlHeader header{.length = sizeof(header) + size, .level = SOL_SOCKET, .type = type};
        TRY(copy_to_user(control_ + used_, &header, sizeof(header)));
        TRY(copy_to_user(control_ + used_ + sizeof(header), payload, size));
        used_ += std::min(aligned(sizeof(header) + size), size_ - used_);
        return {};
    }
    std::size_t used() const { return used_; }

  private:
    UserAddress control_;
    std::size_t size_;
    std::size_t used_ = 0;
};

// Installs received files and tells the program their descriptors. What does not fit is closed. True:
// something was.
Result<bool> give_rights(Task& task, Vector<Ref<File>>& files, unsigned flags, ControlWriter& control) {
    std::array<int, kMaximumRights> descriptors{};
    const std::size_t fitting = std::min(control.room() / sizeof(int), files.size());
    std::size_t count = 0;
    const CloseOnExec mark = (flags & kCloseOnExec) != 0 ? CloseOnExec::Yes : CloseOnExec::No;
    while (count < fitting) {
        Result<int> fd = task.files->install(files[count], mark);
        if (fd.is_error()) {
            break;
        }
        descriptors[count++] = fd.value();
    }
    if (count > 0) {
        TRY(control.write(kRights, descriptors.data(), count * sizeof(int)));
    }
    return count < files.size();
}

Result<IoBuffer> buffers_of(const user_msghdr& header) {
    if (header.msg_iovlen > UIO_MAXIOV) {
        return Errno(EMSGSIZE);
    }
    return IoBuffer::user_vector(UserIn<iovec>(UserAddress(header.msg_iov)), header.msg_iovlen);
}

}  // namespace

Result<long> sys_sendto(Task& task, Fd sockfd, UserBuffer buffer, std::size_t length, unsigned flags,
                        UserBuffer address, int addrlen) {
    SocketFile from = TRY(socket_of(task, sockfd));
    Ref<UnixSocket> target;
    if (!address.is_null() && addrlen > 0) {
        if (from.socket->type() != SocketType::Datagram) {
            return Errno(from.socket->peer() != nullptr ? EISCONN : EOPNOTSUPP);
        }
        target = TRY(find_socket(task, TRY(read_address(address, addrlen)).view()));
    }
    IoBuffer bytes = TRY(IoBuffer::user(buffer, std::min(length, kMaximumTransfer)));
    const bool nonblocking = is_nonblocking(*from.file);
    return static_cast<long>(TRY(from.socket->send(bytes, {}, target.get(), flags, nonblocking)));
}

Result<long> sys_recvfrom(Task& task, Fd sockfd, UserBuffer buffer, std::size_t length, unsigned flags,
                          UserBuffer address, UserInOut<int> addrlen) {
    SocketFile at = TRY(socket_of(task, sockfd));
    IoBuffer bytes = TRY(IoBuffer::user(buffer, std::min(length, kMaximumTransfer)));
    ReceiveDetails details;
    const std::size_t size = TRY(at.socket->receive(bytes, flags, is_nonblocking(*at.file), details));
    if (!address.is_null()) {
        if (at.socket->type() == SocketType::Datagram && !details.sender_address.is_empty()) {
            TRY(write_address(details.sender_address.view(), address, addrlen));
        } else {
            TRY(addrlen.write(0));
        }
    }
    return static_cast<long>(size);
}

Result<long> sys_sendmsg(Task& task, Fd sockfd, UserIn<user_msghdr> message, unsigned flags) {
    SocketFile from = TRY(socket_of(task, sockfd));
    const user_msghdr header = TRY(message.read());
    IoBuffer bytes = TRY(buffers_of(header));
    Ref<UnixSocket> target;
    if (header.msg_name != 0 && header.msg_namelen > 0 && from.socket->type() == SocketType::Datagram) {
        const String name = TRY(read_address(UserBuffer(UserAddress(header.msg_name)), header.msg_namelen));
        target = TRY(find_socket(task, name.view()));
    }
    if (header.msg_controllen > INT32_MAX) {
        return Errno(ENOBUFS);
    }
    const std::size_t control_size = header.msg_control != 0 ? header.msg_controllen : 0;
    Vector<Ref<File>> files = TRY(read_rights(task, UserAddress(header.msg_control), control_size));
    const bool nonblocking = is_nonblocking(*from.file);
    return static_cast<long>(
        TRY(from.socket->send(bytes, std::move(files), target.get(), flags, nonblocking)));
}

Result<long> sys_recvmsg(Task& task, Fd sockfd, UserInOut<user_msghdr> message, unsigned flags) {
    SocketFile at = TRY(socket_of(task, sockfd));
    const user_msghdr header = TRY(message.read());
    IoBuffer bytes = TRY(buffers_of(header));
    ReceiveDetails details;
    const std::size_t size = TRY(at.socket->receive(bytes, flags, is_nonblocking(*at.file), details));
    ControlWriter control(UserAddress(header.msg_control),
                          header.msg_control != 0 ? header.msg_controllen : 0);
    unsigned result_flags = details.was_truncated ? kTruncated : 0;
    if (at.socket->passes_credentials) {
        if (control.room() >= sizeof(SocketIdentity)) {
            TRY(control.write(kCredentials, &details.sender, sizeof(details.sender)));
        } else {
            result_flags |= kControlTruncated;
        }
    }
    if (TRY(give_rights(task, details.files, flags, control))) {
        result_flags |= kControlTruncated;
    }
    result_flags |= flags & kCloseOnExec;
    if (header.msg_name != 0) {
        const UserInOut<int> length(message.address() + offsetof(user_msghdr, msg_namelen));
        if (at.socket->type() == SocketType::Datagram && !details.sender_address.is_empty()) {
            const UserBuffer name{UserAddress(header.msg_name)};
            TRY(write_address(details.sender_address.view(), name, length));
        } else {
            TRY(length.write(0));
        }
    }
    std::uint64_t used = control.used();
    TRY(copy_to_user(message.address() + offsetof(user_msghdr, msg_controllen), &used, sizeof(used)));
    TRY(copy_to_user(message.address() + offsetof(user_msghdr, msg_flags), &result_flags,
                     sizeof(result_flags)));
    return static_cast<long>(size);
}

}  // namespace kernel
