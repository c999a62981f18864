#include "net/unix_rights.hpp"

#include <asm/socket.h>
#include <linux/capability.h>

#include <array>

#include "fs/file_table.hpp"
#include "task/table.hpp"
#include "task/task.hpp"

namespace kernel {

using namespace socket_constants;

namespace {

// Linux net/core/scm.c, scm_fp_copy.
Result<void> read_files(const ControlMessage& message, Vector<Ref<File>>& files) {
    const std::size_t count = message.payload.size() / sizeof(int);
    if (count > kMaximumRights - files.size()) {
        return Errno(EINVAL);
    }
    for (std::size_t i = 0; i < count; i++) {
        int fd = 0;
        __builtin_memcpy(&fd, message.payload.data() + i * sizeof(fd), sizeof(fd));
        TRY(files.push_back(TRY(Task::current().files->get(Fd{fd}))));
    }
    return {};
}

// Linux scm_check_creds: one's own numbers, or any with the capabilities.
bool may_show(const Task& task, const SocketIdentity& shown) {
    const Credentials& own = task.credentials;
    const bool process = shown.process == task.process_id() || own.has(CAP_SYS_ADMIN);
    const bool user = shown.user == own.user || shown.user == own.effective_user ||
                      shown.user == own.saved_user || own.has(CAP_SETUID);
    const bool group = shown.group == own.group || shown.group == own.effective_group ||
                       shown.group == own.saved_group || own.has(CAP_SETGID);
    return process && user && group;
}

Result<UnixCredentials> read_credentials(const ControlMessage& message) {
    SocketIdentity shown;
    if (message.payload.size() != sizeof(shown)) {
        return Errno(EINVAL);
    }
    __builtin_memcpy(&shown, message.payload.data(), sizeof(shown));
    const Task& task = Task::current();
    if (!may_show(task, shown)) {
        return Errno(EPERM);
    }
    if (shown.process != task.process_id() && find_task(shown.process).is_error()) {
        return Errno(ESRCH);
    }
    if (shown.user == ~0U || shown.group == ~0U) {
        return Errno(EINVAL);
    }
    return UnixCredentials{.identity = shown, .is_known = true};
}

}  // namespace

Result<UnixOutgoing> read_control(std::span<const std::byte> control) {
    UnixOutgoing outgoing;
    ControlReader reader(control);
    while (reader.has_next()) {
        const ControlMessage message = TRY(reader.next());
        if (message.level != SOL_SOCKET) {
            continue;
        }
        switch (message.type) {
            case kRights:
                TRY(read_files(message, outgoing.files));
                break;
            case kCredentials:
                outgoing.credentials = TRY(read_credentials(message));
                break;
            default:
                return Errno(EINVAL);
        }
    }
    return outgoing;
}

Result<void> copy_rights(const UnixRights& rights, Vector<Ref<File>>& files) {
    for (const Ref<File>& file : rights.files()) {
        TRY(files.push_back(file));
    }
    return {};
}

// Linux net/core/scm.c, scm_detach_fds.
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
