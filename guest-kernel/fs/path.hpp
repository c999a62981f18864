// A place in the tree of mounted file systems.
#pragma once

#include "lib/ref.hpp"

namespace kernel {

class Dentry;
class Inode;
class Mount;
class TextBuffer;

// A dentry as seen through a mount. Empty (both null) before something is assigned.
struct Path {
    Ref<Mount> mount;
    Ref<Dentry> dentry;

    Path();
    Path(Ref<Mount> its_mount, Ref<Dentry> its_dentry);
    Path(const Path&);
    Path(Path&&) noexcept;
    Path& operator=(const Path&);
    Path& operator=(Path&&) noexcept;
    ~Path();

    bool is_empty() const { return !dentry; }
    bool operator==(const Path& other) const { return mount == other.mount && dentry == other.dentry; }
    Inode& inode() const;
};

// How describe_path ended.
enum class PathReach {
    FromRoot,     // the text is absolute, as seen from the given root
    Unreachable,  // the place is not under the root; the text begins at its own topmost directory
};

// Appends the absolute name of `path` as seen from `root`, with " (deleted)" after it where the entry is
// gone, as Linux's d_path does.
PathReach describe_path(const Path& path, const Path& root, TextBuffer& out);

}  // namespace kernel
