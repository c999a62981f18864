// Resource usage as programs see it.
#pragma once

#include <linux/resource.h>

#include "task/process.hpp"
#include "time/ticks.hpp"

namespace kernel {

rusage to_rusage(const ResourceUsage& usage);

}  // namespace kernel
