// Locked memory, for calls that map memory.
#pragma once

#include <cstdint>

#include "lib/result.hpp"
#include "mm/mapping.hpp"

namespace kernel {

class Task;

// How `size` bytes of new memory are locked: as asked for (MAP_LOCKED), or as mlockall set it for future
// memory. EPERM, EAGAIN: RLIMIT_MEMLOCK forbids it.
Result<Locking> locking_of_new_memory(Task& task, std::uint64_t size, Locking asked_for);

}  // namespace kernel
