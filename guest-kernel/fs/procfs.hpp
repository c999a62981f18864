// procfs (man 5 proc).
#pragma once

#include <string_view>

#include "fs/dentry.hpp"

namespace kernel {

Result<Ref<Dentry>> procfs_root(std::string_view options);

}  // namespace kernel
