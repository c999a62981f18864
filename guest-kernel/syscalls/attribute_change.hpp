// What chmod, chown and utimensat ask before they change a file's attributes.
#pragma once

#include <linux/capability.h>

#include "fs/namespace.hpp"
#include "task/task.hpp"

namespace kernel {

inline bool owns(const Task& task, const Inode& inode) {
    return task.credentials.file_system_user == inode.attributes.user || task.credentials.has(CAP_FOWNER);
}

inline Result<void> check_attribute_change(const Path& path) {
    TRY(check_writable_mount(path));
    return path.inode().may_set_attributes();
}

}  // namespace kernel
