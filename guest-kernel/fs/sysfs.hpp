// sysfs: what programs look for about the CPUs.
#pragma once

#include <cstdint>

#include <string_view>

#include "fs/dentry.hpp"

namespace kernel {

inline constexpr std::uint32_t kSysfsMagic = 0x62656572;  // SYSFS_MAGIC

Result<Ref<Dentry>> sysfs_root(std::string_view options);

}  // namespace kernel
