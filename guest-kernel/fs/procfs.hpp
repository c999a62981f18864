// procfs (man 5 proc).
#pragma once

#include <string_view>

#include "fs/dentry.hpp"

namespace kernel {

inline constexpr std::uint32_t kProcMagic = 0x9fa0;  // PROC_SUPER_MAGIC

Result<Ref<Dentry>> procfs_root(std::string_view options);

}  // namespace kernel
