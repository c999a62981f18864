#include "fs/mount.hpp"

#include <linux/mount.h>

#include "fs/devpts.hpp"
#include "fs/devtmpfs.hpp"
#include "fs/notify.hpp"
#include "fs/procfs.hpp"
#include "fs/sysfs.hpp"
#include "fs/tmpfs.hpp"
#include "time/clock.hpp"

namespace kernel {

namespace {

// Linux numbers the internal mounts first; nothing depends on where visible ones begin.
int next_mount_id = 1;

struct MountTable {
    Vector<Ref<Mount>> mounts;
    Ref<Mount> root;
};

// Lives as long as the kernel: made by mount_root, never destroyed.
MountTable* table = nullptr;

constexpr FileSystemType kTypes[] = {
    {"sysfs", sysfs_root, false},       {"tmpfs", make_tmpfs, true}, {"proc", procfs_root, false},
    {"devtmpfs", devtmpfs_root, false}, {"ramfs", make_ramfs, true}, {"devpts", make_devpts, true},
};

// What a mount keeps of mount(2)'s flags; the rest are commands.
constexpr unsigned long kKeptFlags =
    MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;

unsigned long kept(unsigned long flags) {
    flags &= kKeptFlags;
    if ((flags & (MS_NOATIME | MS_STRICTATIME)) == 0) {
        flags |= MS_RELATIME;
    }
    return flags;
}

Result<void> attach(const Ref<Mount>& mount, const Path& where) {
    TRY(table->mounts.push_back(mount));
    mount->mount_point = where;
    where.dentry->mount_count++;
    return {};
}

void detach(Mount& mount) {
    mount.mount_point.dentry->mount_count--;
    mount.mount_point = Path();
    for (std::size_t i = 0; i < table->mounts.size(); i++) {
        if (table->mounts[i].get() == &mount) {
            table->mounts.erase(i);
            return;
        }
    }
}

// The mount whose root this place is: only such a place can be unmounted, moved or remounted.
Result<Mount*> mount_at_root(const Path& where) {
    if (where.dentry != where.mount->root() || where.mount == table->root) {
        return Errno(EINVAL);
    }
    return where.mount.get();
}

bool has_mounts_below(const Mount& mount) {
    for (const Ref<Mount>& other : table->mounts) {
        if (other->mount_point.mount.get() == &mount) {
            return true;
        }
    }
    return false;
}

}  // namespace

Mount::Mount(Ref<FileSystem> file_system, Ref<Dentry> root, String source, unsigned long mount_flags)
    : id(next_mount_id++),
      flags(mount_flags),
      file_system_(std::move(file_system)),
      root_(std::move(root)),
      source_(std::move(source)) {}

Mount::~Mount() {
    if (owns_tree) {
        notify_unmounted(*file_system_);
        root_->drop_tree();
    }
}

bool Mount::is_read_only() const {
    return (flags & MS_RDONLY) != 0;
}

std::span<const FileSystemType> file_system_types() {
    return kTypes;
}

Result<void> mount_root() {
    Own<MountTable> made = TRY(make_own<MountTable>());
    Ref<Dentry> root = TRY(make_rootfs());
    String source = TRY(String::copy_of("rootfs"));
    Ref<FileSystem> file_system(&root->inode().file_system());
    made->root = TRY(make_ref<Mount>(std::move(file_system), std::move(root), std::move(source), 0UL));
    TRY(made->mounts.push_back(made->root));
    table = made.leak();
    return {};
}

Path root_path() {
    return {table->root, table->root->root()};
}

Result<void> mount_file_system(std::string_view type, std::string_view source, const Path& where,
                               unsigned long flags, std::string_view options) {
    for (const FileSystemType& known : kTypes) {
        if (known.name != type) {
            continue;
        }
        if (!where.inode().is_directory()) {
            return Errno(ENOTDIR);
        }
        Ref<Dentry> root = TRY(known.get_root(options));
        String copy = TRY(String::copy_of(source));
        Ref<FileSystem> file_system(&root->inode().file_system());
        const Ref<Mount> mount =
            TRY(make_ref<Mount>(std::move(file_system), std::move(root), std::move(copy), kept(flags)));
        mount->owns_tree = known.is_private;
        return attach(mount, where);
    }
    return Errno(ENODEV);
}

Result<void> bind_mount(const Path& from, const Path& where, unsigned long flags) {
    if (from.inode().is_directory() != where.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    String source = TRY(String::copy_of(from.mount->source()));
    const Ref<Mount> mount = TRY(make_ref<Mount>(Ref<FileSystem>(&from.mount->file_system()), from.dentry,
                                                 std::move(source), from.mount->flags | (flags & MS_RDONLY)));
    mount->tree_owner = from.mount;
    return attach(mount, where);
}

Result<void> move_mount(const Path& from, const Path& where) {
    Mount* mount = TRY(mount_at_root(from));
    for (const Mount* place = where.mount.get(); place != nullptr; place = place->mount_point.mount.get()) {
        if (place == mount) {
            return Errno(ELOOP);
        }
    }
    if (mount->root()->inode().is_directory() != where.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    mount->mount_point.dentry->mount_count--;
    mount->mount_point = where;
    where.dentry->mount_count++;
    return {};
}

Result<void> remount(const Path& where, unsigned long flags) {
    if (where.dentry != where.mount->root()) {
        return Errno(EINVAL);
    }
    const bool becomes_read_only = (flags & MS_RDONLY) != 0 && !where.mount->is_read_only();
    // Linux fs/super.c, sb_prepare_remount_readonly.
    if (becomes_read_only && (flags & MS_BIND) == 0 && where.mount->file_system().writers != 0) {
        return Errno(EBUSY);
    }
    where.mount->flags = kept(flags);
    return {};
}

Result<void> unmount(const Path& where, Unmount how) {
    Mount* mount = TRY(mount_at_root(where));
    const Ref<Mount> keep(mount);
    // References besides the table's: `where` and `keep`. Any more are open files, working directories or
    // mounts below.
    constexpr std::uint32_t kOwnReferences = 3;
    if (how == Unmount::IfUnused && (mount->reference_count() > kOwnReferences || has_mounts_below(*mount))) {
        return Errno(EBUSY);
    }
    while (has_mounts_below(*mount)) {
        for (const Ref<Mount>& other : table->mounts) {
            if (other->mount_point.mount.get() == mount) {
                const Ref<Mount> below = other;
                TRY(unmount({below, below->root()}, how));
                break;
            }
        }
    }
    detach(*mount);
    return {};
}

Mount* mount_on(const Path& place) {
    if (place.dentry->mount_count == 0) {
        return nullptr;
    }
    for (std::size_t i = table->mounts.size(); i-- > 0;) {
        if (table->mounts[i]->mount_point == place) {
            return table->mounts[i].get();
        }
    }
    return nullptr;
}

std::span<const Ref<Mount>> all_mounts() {
    return table->mounts.span();
}

void note_access(const Path& path) {
    constexpr std::int64_t kSecondsPerDay = 86400;
    const unsigned long flags = path.mount ? path.mount->flags : 0;
    InodeAttributes& attributes = path.inode().attributes;
    if ((flags & (MS_NOATIME | MS_RDONLY)) != 0) {
        return;
    }
    const Timespec now = current_time();
    // relatime: only when the last access is no later than the last change, or is older than a day.
    if ((flags & MS_RELATIME) != 0 && attributes.accessed > attributes.modified &&
        attributes.accessed > attributes.changed &&
        now.seconds - attributes.accessed.seconds < kSecondsPerDay) {
        return;
    }
    attributes.accessed = now;
}

}  // namespace kernel
