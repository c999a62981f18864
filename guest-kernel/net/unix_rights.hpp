// What the control messages of AF_UNIX sockets carry (man 7 unix): open files, and who sent them.
#pragma once

#include "net/unix_socket.hpp"

namespace kernel {

// What a program sends along. EINVAL, EBADF; EPERM, ESRCH: credentials that it may not show.
Result<UnixOutgoing> read_control(std::span<const std::byte> control);
// The same files, which stay on their way. ENOMEM.
Result<void> copy_rights(const UnixRights& rights, Vector<Ref<File>>& files);
// Installs received files and tells the program their descriptors. What does not fit is closed.
void give_rights(Vector<Ref<File>>& files, unsigned flags, ControlWriter& control);

}  // namespace kernel
