// What the control messages of AF_UNIX sockets carry (man 7 unix): open files, and who sent them.
#pragma once

#include "net/socket.hpp"

namespace kernel {

// The files of the descriptors in control messages. EINVAL, EBADF.
Result<Vector<Ref<File>>> read_rights(std::span<const std::byte> control);
// Installs received files and tells the program their descriptors. What does not fit is closed.
void give_rights(Vector<Ref<File>>& files, unsigned flags, ControlWriter& control);

}  // namespace kernel
