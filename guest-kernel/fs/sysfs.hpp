// sysfs: what programs look for about the CPUs.
#pragma once

#include <string_view>

#include "fs/dentry.hpp"

namespace kernel {

Result<Ref<Dentry>> sysfs_root(std::string_view options);

}  // namespace kernel
