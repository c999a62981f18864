// Sockets as open files.
#include <asm/ioctls.h>
#include <linux/fcntl.h>

#include "fs/file_system.hpp"
#include "fs/mount.hpp"
#include "fs/text_buffer.hpp"
#include "net/unix_socket.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {
constexpr std::uint32_t kSocketMagic = 0x534f434b;  // SOCKFS_MAGIC
}

Result<std::size_t> UnixSocketFile::read(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    ReceiveDetails details;
    return socket_->receive(buffer, 0, mode.nonblocking, details);
}

Result<std::size_t> UnixSocketFile::write(IoBuffer& buffer, std::int64_t&, TransferMode mode) {
    return socket_->send(buffer, {}, nullptr, 0, mode.nonblocking);
}

Result<long> UnixSocketFile::ioctl(Task&, unsigned command, unsigned long argument) {
    if (command != FIONREAD) {
        return Errno(ENOTTY);
    }
    if (socket_->is_listening()) {
        return Errno(EINVAL);
    }
    TRY(UserOut<int>(UserAddress(argument)).write(static_cast<int>(socket_->available())));
    return 0;
}

void UnixSocketFile::describe_name(TextBuffer& out) const {
    out.text("socket:[").decimal(inode().attributes.number).character(']');
}

Result<Ref<File>> make_socket_file(Ref<UnixSocket> socket, unsigned flags) {
    static FileSystem* file_system = nullptr;  // made once, never destroyed
    if (file_system == nullptr) {
        file_system = TRY(make_ref<FileSystem>("sockfs", kSocketMagic)).leak();
    }
    Ref<Inode> inode = TRY(make_ref<Inode>(Ref<FileSystem>(file_system), S_IFSOCK | 0777U));
    inode->attributes.user = Task::current().credentials.file_system_user;
    inode->attributes.group = Task::current().credentials.file_system_group;
    Path path = TRY(unmounted_path("socket", std::move(inode)));
    return TRY(make_ref<UnixSocketFile>(std::move(path), flags & O_NONBLOCK, std::move(socket)));
}

}  // namespace kernel
