#include "net/unix_rights.hpp"

#include <asm/socket.h>

#include <array>

#include "fs/file_table.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

Result<Vector<Ref<File>>> read_rights(std::span<const std::byte> control) {
    Vector<Ref<File>> files;
    ControlReader reader(control);
    while (reader.has_next()) {
        const ControlMessage message = TRY(reader.next());
        if (message.level != SOL_SOCKET || (message.type != kRights && message.type != kCredentials)) {
            return Errno(EINVAL);
        }
        const std::size_t count = message.type == kRights ? message.payload.size() / sizeof(int) : 0;
        if (count > kMaximumRights - files.size()) {
            return Errno(EINVAL);
        }
        for (std::size_t i = 0; i < count; i++) {
            int fd = 0;
            __builtin_memcpy(&fd, message.payload.data() + i * sizeof(fd), sizeof(fd));
            TRY(files.push_back(TRY(Task::current().files->get(Fd{fd}))));
        }
    }
    return files;
}

void give_rights(Vector<Ref<File>>& files, unsigned flags, ControlWriter& control) {
    std::array<int, kMaximumRights> descriptors{};
    const std::size_t fitting = std::min(control.room() / sizeof(int), files.size());
    std::size_t count = 0;
    const CloseOnExec mark = (flags & kCloseOnExec) != 0 ? CloseOnExec::Yes : CloseOnExec::No;
    while (count < fitting) {
        Result<int> fd = Task::current().files->install(files[count], mark);
        if (fd.is_error()) {
            break;
        }
        descriptors[count++] = fd.value();
    }
    if (count > 0) {
        control.write(SOL_SOCKET, kRights, descriptors.data(), count * sizeof(int));
    }
    if (count < files.size()) {
        control.mark_truncated();
    }
}

}  // namespace kernel
