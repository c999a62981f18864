// fcntl on the open file behind a descriptor.
#pragma once

#include "lib/result.hpp"

namespace kernel {

class File;
class Task;

// The commands that concern the file: F_GETFL, F_SETFL, locks, pipe size, owner, seals. EINVAL: not known.
Result<long> file_fcntl(Task& task, File& file, int command, unsigned long argument);

}  // namespace kernel
