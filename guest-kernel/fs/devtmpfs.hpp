// devtmpfs: a tmpfs with the kernel's device nodes in it, the same one wherever it is mounted.
#pragma once

#include <string_view>

#include "fs/dentry.hpp"

namespace kernel {

// Made and filled when it is first asked for. `options` are ignored, as for any later mount on Linux.
Result<Ref<Dentry>> devtmpfs_root(std::string_view options);

}  // namespace kernel
