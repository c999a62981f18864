// /proc/sys.
#pragma once

#include "fs/dentry.hpp"

namespace kernel {

// Makes it below the root of procfs.
Result<void> add_settings(Dentry& root);

}  // namespace kernel
