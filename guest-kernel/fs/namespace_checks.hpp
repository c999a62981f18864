// What the changes to the tree of names have in common.
#pragma once

#include "fs/path_walk.hpp"

namespace kernel {

// The directory and the last component of a path.
Result<ParentPath> parent_of(Task& task, Fd dirfd, std::string_view path);
// The entry of that component, the link itself if it is one. Precondition: LastKind::Name.
Result<Path> entry_of(const ParentPath& place);

// May the task make or remove entries of the directory? EROFS, EACCES.
Result<void> check_directory_change(Task& task, const Path& directory);
// And this one? EPERM in a sticky directory (Linux fs/namei.c, may_delete).
Result<void> check_removal(Task& task, const Path& directory, const Path& entry);
// Is something mounted on the entry?
bool is_mount_point(const Path& entry, const Path& directory);

// Unlinks an entry, and updates the link counts of both inodes.
void take_out(const Path& directory, Dentry& entry);

}  // namespace kernel
