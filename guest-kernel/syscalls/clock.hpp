// Clocks by their numbers (man 2 clock_gettime).
#pragma once

#include <cstdint>

#include "lib/result.hpp"

namespace kernel {

class Task;

// What a clock shows, in nanoseconds. EINVAL: there is no such clock.
Result<std::int64_t> read_clock(Task& task, int clock);

}  // namespace kernel
