#include "fs/path.hpp"

#include "fs/dentry.hpp"
#include "fs/mount.hpp"
#include "fs/text_buffer.hpp"

namespace kernel {

Path::Path() = default;
Path::Path(Ref<Mount> its_mount, Ref<Dentry> its_dentry)
    : mount(std::move(its_mount)), dentry(std::move(its_dentry)) {}
Path::Path(const Path&) = default;
Path::Path(Path&&) noexcept = default;
Path& Path::operator=(const Path&) = default;
Path& Path::operator=(Path&&) noexcept = default;
Path::~Path() = default;

Inode& Path::inode() const {
    return dentry->inode();
}

namespace {

// One step up, through mount points. False at the top of everything.
bool step_up(const Mount*& mount, const Dentry*& dentry) {
    while (mount != nullptr && dentry == mount->root().get()) {
        if (mount->mount_point.is_empty()) {
            return false;
        }
        dentry = mount->mount_point.dentry.get();
        mount = mount->mount_point.mount.get();
    }
    if (dentry->is_root()) {
        return false;
    }
    dentry = dentry->parent();
    return true;
}

// The name that step_up is about to leave: that of the mount point where a mount's root is.
std::string_view name_here(const Mount* mount, const Dentry* dentry) {
    while (mount != nullptr && dentry == mount->root().get() && !mount->mount_point.is_empty()) {
        dentry = mount->mount_point.dentry.get();
        mount = mount->mount_point.mount.get();
    }
    return dentry->name();
}

struct Ancestry {
    std::size_t depth = 0;
    PathReach reach = PathReach::FromRoot;
};

Ancestry count_components(const Path& path, const Path& root) {
    Ancestry result;
    const Mount* mount = path.mount.get();
    const Dentry* dentry = path.dentry.get();
    while (mount != root.mount.get() || dentry != root.dentry.get()) {
        if (!step_up(mount, dentry)) {
            result.reach = PathReach::Unreachable;
            break;
        }
        result.depth++;
    }
    return result;
}

}  // namespace

PathReach describe_path(const Path& path, const Path& root, TextBuffer& out) {
    const Ancestry ancestry = count_components(path, root);
    // Names come from the leaf up and are written from the root down. Walking up once for each of the few
    // components needs no memory for them.
    for (std::size_t wanted = ancestry.depth; wanted > 0; wanted--) {
        const Mount* mount = path.mount.get();
        const Dentry* dentry = path.dentry.get();
        for (std::size_t i = 1; i < wanted; i++) {
            step_up(mount, dentry);
        }
        out.character('/').text(name_here(mount, dentry));
    }
    if (ancestry.depth == 0) {
        out.character('/');
    }
    if (path.dentry->is_deleted()) {
        out.text(" (deleted)");
    }
    return ancestry.reach;
}

}  // namespace kernel
