// Mounts: which file system's tree stands where.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fs/dentry.hpp"
#include "fs/file_system.hpp"
#include "fs/path.hpp"
#include "lib/ref.hpp"
#include "lib/string.hpp"
#include "mm/user_memory.hpp"

namespace kernel {

class Mount : public RefCounted {
  public:
    Mount(Ref<FileSystem> file_system, Ref<Dentry> root, String source, unsigned long flags);
    ~Mount() override;

    FileSystem& file_system() const { return *file_system_; }
    const Ref<Dentry>& root() const { return root_; }
    std::string_view source() const { return source_.view(); }
    bool is_read_only() const;

    const int id;            // mountinfo's first field
    unsigned long flags;     // MS_* of mount(2)
    Path mount_point;        // empty: the root of everything, or detached
    bool owns_tree = false;  // the tree is torn down with this mount: an instance that nothing else can reach
    Ref<Mount> tree_owner;   // of a bind mount: the mount whose tree it shows

  private:
    Ref<FileSystem> file_system_;
    Ref<Dentry> root_;
    String source_;
};

// A kind of file system that can be mounted.
struct FileSystemType {
    std::string_view name;
    // The root of a new instance, or of the only one. `options` is mount(2)'s data argument.
    Result<Ref<Dentry>> (*get_root)(std::string_view options);
    bool is_private;  // each mount has an instance of its own
};

// All kinds, in the order of /proc/filesystems.
std::span<const FileSystemType> file_system_types();

// Makes the root of everything from a tmpfs ("rootfs"), empty. Once, at start.
Result<void> mount_root();
// The root of everything, "/" of every task until it calls chroot.
Path root_path();

// Mounts a file system of the type on a directory. ENODEV: no such type; ENOTDIR; ENOMEM.
Result<void> mount_file_system(std::string_view type, std::string_view source, const Path& where,
                               unsigned long flags, std::string_view options);
// MS_BIND: shows `from` at `where` as well.
Result<void> bind_mount(const Path& from, const Path& where, unsigned long flags);
// MS_MOVE.
Result<void> move_mount(const Path& from, const Path& where);
// MS_REMOUNT: changes the flags of the mount whose root `where` is. EINVAL otherwise.
Result<void> remount(const Path& where, unsigned long flags);
enum class Unmount { IfUnused, Detach };
// EINVAL: not a mount's root; EBUSY: in use.
Result<void> unmount(const Path& where, Unmount how);

// The mount that stands on a place, topmost, or null.
Mount* mount_on(const Path& place);
// All of them, in order of mounting.
std::span<const Ref<Mount>> all_mounts();

// Sets the access time of what a path leads to, as far as its mount wants it (Linux fs/inode.c, touch_atime).
void note_access(const Path& path);

}  // namespace kernel
