// What the rest of the kernel asks of the file systems at start and at execve.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "fs/fd.hpp"
#include "fs/file.hpp"
#include "lib/ref.hpp"
#include "lib/result.hpp"

namespace kernel {

class Task;

// Sets up the file systems and fills the root from the initramfs, which must stay where it is. EINVAL: the
// archive is damaged, which is logged; the files before the damage are there. ENOMEM. Called once.
Result<void> mount_root_from_initramfs(std::span<const std::byte> archive);

// A program's file for execve: regular, with execute permission, on a mount that allows it. `flags`:
// AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. ENOENT, EACCES, ELOOP, ENOTDIR, EINVAL (other flags).
Result<Ref<File>> open_for_execute(Task& task, int dirfd, std::string_view path, unsigned flags);

}  // namespace kernel
