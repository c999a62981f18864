// Changes to the tree of names: what mkdir, link, unlink, rename and open(O_CREAT) do once their paths are
// resolved.
#pragma once

#include <string_view>

#include "fs/path_walk.hpp"

namespace kernel {

class Task;

// Opens a path as openat2 does, with flags that have been checked already. `mode` is for O_CREAT.
Result<Ref<File>> open_path(Task& task, Fd dirfd, std::string_view path, unsigned flags, unsigned mode,
                            const ResolveRules& rules = {});

// Makes an entry. `mode` has the type bits; the umask is applied here.
Result<void> make_node(Task& task, Fd dirfd, std::string_view path, unsigned mode, DeviceNumber device);
Result<void> make_symlink(Task& task, std::string_view target, Fd dirfd, std::string_view path);
Result<void> make_link(Task& task, const Path& target, Fd dirfd, std::string_view path);

Result<void> remove_file(Task& task, Fd dirfd, std::string_view path);
Result<void> remove_directory(Task& task, Fd dirfd, std::string_view path);
// `flags` are RENAME_* of renameat2.
Result<void> rename_path(Task& task, Fd old_dirfd, std::string_view old_path, Fd new_dirfd,
                         std::string_view new_path, unsigned flags);

// EROFS where the mount is read-only.
Result<void> check_writable_mount(const Path& path);

// Links a new inode as an entry that does not exist. For file systems that fill themselves.
Result<Ref<Dentry>> add_entry(Dentry& directory, std::string_view name, Ref<Inode> inode);

}  // namespace kernel
