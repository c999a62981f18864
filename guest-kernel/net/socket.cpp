#include "net/socket.hpp"

#include <linux/fcntl.h>

#include "fs/anonymous.hpp"
#include "fs/file_owner.hpp"
#include "fs/file_system.hpp"
#include "fs/mount.hpp"
#include "fs/text_buffer.hpp"
#include "net/inet_socket.hpp"
#include "net/netlink_socket.hpp"
#include "net/unix_socket.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {
constexpr std::uint32_t kSocketMagic = 0x534f434b;  // SOCKFS_MAGIC
}

SocketIdentity SocketIdentity::of_current() {
    const Task& task = Task::current();
    return {.process = task.process_id(),
            .user = task.credentials.effective_user,
            .group = task.credentials.effective_group};
}

Result<void> Socket::listen(int) {
    return Errno(EOPNOTSUPP);
}

Result<Ref<Socket>> Socket::accept(bool) {
    return Errno(EOPNOTSUPP);
}

Result<void> Socket::pair_with(Socket&) {
    return Errno(EOPNOTSUPP);
}

Result<long> Socket::ioctl(unsigned, UserAddress) {
    return Errno(ENOTTY);
}

Result<void> Socket::set_option(int, int, UserBuffer, int) {
    return Errno(EOPNOTSUPP);
}

Result<void> Socket::get_option(int, int, UserBuffer, UserInOut<int>) {
    return Errno(EOPNOTSUPP);
}

bool SocketFile::watch_async(AsyncNotice& notice) {
    return !socket_->watch_async(notice).is_error();
}

Result<void> Socket::watch_async(AsyncNotice& notice) {
    return notice.follow_polls();
}

Result<std::size_t> SocketFile::read(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    if (buffer.is_empty()) {
        return std::size_t{0};  // a receive of no bytes may wait; a read does not (Linux sock_read_iter)
    }
    ReceiveRequest request(mode.nonblocking);
    return socket_->receive(buffer, request);
}

Result<std::size_t> SocketFile::write(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    return socket_->send(buffer, SendRequest(mode.nonblocking));
}

Result<long> SocketFile::ioctl(Task&, unsigned command, unsigned long argument) {
    Result<long> answer = socket_->ioctl(command, UserAddress(argument));
    // Sockets of every family answer questions about interfaces (Linux net/socket.c, sock_do_ioctl).
    if (answer.is_error() && answer.error() == Errno(ENOTTY)) {
        return interface_ioctl(command, UserAddress(argument));
    }
    return answer;
}

void SocketFile::describe_name(TextBuffer& out) const {
    out.text("socket:[").decimal(inode().attributes.number).character(']');
}

Result<Ref<Socket>> create_socket(int family, unsigned type, int protocol) {
    using namespace socket_constants;
    if (static_cast<unsigned>(family) >= kFamilyEnd) {
        return Errno(EAFNOSUPPORT);
    }
    if (type >= kTypeEnd) {
        return Errno(EINVAL);
    }
    switch (family) {
        case kFamilyUnix:
            return UnixSocket::create(type, protocol);
        case kFamilyInet:
            return InetSocket::create(InetFamily::V4, type, protocol);
        case kFamilyInet6:
            return InetSocket::create(InetFamily::V6, type, protocol);
        case kFamilyNetlink:
            return NetlinkSocket::create(type, protocol);
        default:
            return Errno(EAFNOSUPPORT);
    }
}

Socket::Socket(int family, SocketType type, int protocol)
    : family_(family), type_(type), protocol_(protocol) {
    all_sockets().push_back(*this);
}

List<Socket, EverySocket>& all_sockets() {
    static List<Socket, EverySocket> sockets;
    return sockets;
}

Result<Ref<File>> make_socket_file(Ref<Socket> socket, unsigned flags) {
    static FileSystem* file_system = nullptr;  // made once, never destroyed
    if (file_system == nullptr) {
        file_system = TRY(make_ref<FileSystem>("sockfs", kSocketMagic)).leak();
    }
    Ref<Inode> inode = TRY(make_ref<Inode>(Ref<FileSystem>(file_system), S_IFSOCK | 0777U));
    inode->attributes.user = Task::current().credentials.file_system_user;
    inode->attributes.group = Task::current().credentials.file_system_group;
    // A socket's inode has no times until something sets them (Linux net/socket.c, sock_alloc).
    inode->attributes.accessed = inode->attributes.modified = inode->attributes.changed = {};
    Path path = TRY(unmounted_path("socket", std::move(inode)));
    const Ref<Socket> shared = socket;
    Ref<File> file = TRY(make_ref<SocketFile>(std::move(path), flags & O_NONBLOCK, std::move(socket)));
    shared->inode_number = file->inode().attributes.number;
    shared->attach_file(*file);
    return file;
}

Result<void> give_option_bytes(const void* value, std::size_t size, UserBuffer optval,
                               UserInOut<int> optlen) {
    const int room = TRY(optlen.read());
    if (room < 0) {
        return Errno(EINVAL);
    }
    size = std::min(size, static_cast<std::size_t>(room));
    TRY(copy_to_user(optval.address(), value, size));
    return optlen.write(static_cast<int>(size));
}

}  // namespace kernel
