// Locked memory, as far as calls that map memory have to do with it.
#pragma once

#include <cstdint>

#include "lib/result.hpp"
#include "mm/mapping.hpp"

namespace kernel {

class Task;

// How `size` bytes of new memory are locked: as asked for (MAP_LOCKED), or as mlockall said of what is to
// come. EPERM, EAGAIN: RLIMIT_MEMLOCK forbids it.
Result<Locking> locking_of_new_memory(Task& task, std::uint64_t size, Locking asked_for);

}  // namespace kernel
