// The initial contents of the root file system.
#pragma once

#include <cstddef>
#include <span>

#include "lib/result.hpp"

namespace kernel {

// Fills the root file system from cpio archives in "newc" form that stand one behind the other (Linux
// Documentation/driver-api/early-userspace/buffer-format.rst). EINVAL: the archive is damaged, which is
// logged; the files before the damage stay. ENOMEM. The archive must stay where it is: file contents are not
// copied.
Result<void> unpack_initramfs(std::span<const std::byte> archive);

}  // namespace kernel
