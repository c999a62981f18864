// The owner of a file (man 2 fcntl, "Managing signals"), for fcntl and ioctl.
#pragma once

#include "fs/file.hpp"

namespace kernel {

// F_SETOWN: a process, or (negative) a group; 0: nobody. ESRCH, EINVAL.
Result<void> set_owner(Task& task, File& file, int who);
// F_GETOWN: the same; 0 as well when the owner has gone.
int owner_of(const File& file);
// The commands for owner and signal.
bool is_owner_command(int command);
Result<long> owner_fcntl(Task& task, File& file, int command, unsigned long argument);

}  // namespace kernel
