// A tree as a cpio archive in the form that Linux unpacks as initramfs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vmm/error.hpp"
#include "vmm/initramfs/tree.hpp"

namespace levitate::vmm {

// Modification time of every file: 2025-01-01 00:00:00 UTC, which is also when the guest's clock starts.
inline constexpr std::uint32_t kGuestEpoch = 1'735'689'600;

// The archive in "newc" form, uncompressed (Linux
// Documentation/driver-api/early-userspace/buffer-format.rst). The same tree gives the same bytes. Error: a
// file of 4 GiB or more, which the form cannot hold.
Result<std::vector<std::byte>> write_cpio(const Tree& tree);

}  // namespace levitate::vmm
