// What uname says.
#pragma once

#include <linux/utsname.h>

#include "lib/memory.hpp"

namespace kernel {

// The host and domain names in it can be changed.
new_utsname& system_name();

}  // namespace kernel
