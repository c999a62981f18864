// The lists of mounts (Linux fs/proc_namespace.c).
#include <linux/mount.h>

#include "fs/fs_context.hpp"
#include "fs/mount.hpp"
#include "fs/procfs_task.hpp"
#include "fs/text_buffer.hpp"

namespace kernel {

namespace {

constexpr std::string_view kSpecialInPath = " \t\n\\";
constexpr std::string_view kSpecialInName = " \t\n\\#";

struct FlagName {
    unsigned long flag;
    std::string_view name;
};
constexpr FlagName kFlagNames[] = {
    {MS_NOSUID, ",nosuid"},   {MS_NODEV, ",nodev"},           {MS_NOEXEC, ",noexec"},
    {MS_NOATIME, ",noatime"}, {MS_NODIRATIME, ",nodiratime"}, {MS_RELATIME, ",relatime"},
};

void append_flags(const Mount& mount, TextBuffer& out) {
    for (const FlagName& known : kFlagNames) {
        if ((mount.flags & known.flag) != 0) {
            out.text(known.name);
        }
    }
}

// Where the mount stands, as seen from a root. False: not below it.
bool append_mount_point(const Ref<Mount>& mount, const Path& root, TextBuffer& out) {
    TextBuffer place;
    if (describe_path(Path(mount, mount->root()), root, place) == PathReach::Unreachable) {
        return false;
    }
    out.escaped(place.view(), kSpecialInPath);
    return true;
}

}  // namespace

Result<void> append_mounts(Task& task, String& out) {
    if (!task.fs) {
        return Errno(EINVAL);
    }
    for (const Ref<Mount>& mount : all_mounts()) {
        TextBuffer line;
        line.escaped(mount->source(), kSpecialInName).character(' ');
        if (!append_mount_point(mount, task.fs->root, line)) {
            continue;
        }
        line.character(' ').text(mount->file_system().name());
        line.text(mount->is_read_only() ? " ro" : " rw");
        append_flags(*mount, line);
        mount->file_system().describe_options(line);
        line.text(" 0 0\n");
        TRY(line.append_to(out));
    }
    return {};
}

// man 5 proc, /proc/pid/mountinfo. Mounts are private: there are no optional fields.
Result<void> append_mountinfo(Task& task, String& out) {
    if (!task.fs) {
        return Errno(EINVAL);
    }
    for (const Ref<Mount>& mount : all_mounts()) {
        TextBuffer line;
        const int parent = mount->mount_point.is_empty() ? mount->id : mount->mount_point.mount->id;
        line.signed_decimal(mount->id).character(' ').signed_decimal(parent).character(' ');
        const DeviceNumber device = mount->file_system().device();
        line.decimal(device.major).character(':').decimal(device.minor).character(' ');
        TextBuffer root;
        describe_path(Path(nullptr, mount->root()), Path(), root);
        line.escaped(root.view(), kSpecialInPath).character(' ');
        if (!append_mount_point(mount, task.fs->root, line)) {
            continue;
        }
        line.text(mount->is_read_only() ? " ro" : " rw");
        append_flags(*mount, line);
        line.text(" - ").text(mount->file_system().name()).character(' ');
        line.escaped(mount->source(), kSpecialInName).text(mount->is_read_only() ? " ro" : " rw");
        mount->file_system().describe_options(line);
        line.character('\n');
        TRY(line.append_to(out));
    }
    return {};
}

Result<void> append_mountstats(Task& task, String& out) {
    if (!task.fs) {
        return Errno(EINVAL);
    }
    for (const Ref<Mount>& mount : all_mounts()) {
        TextBuffer line;
        line.text("device ").escaped(mount->source(), kSpecialInPath).text(" mounted on ");
        if (!append_mount_point(mount, task.fs->root, line)) {
            continue;
        }
        line.text(" with fstype ").text(mount->file_system().name()).character('\n');
        TRY(line.append_to(out));
    }
    return {};
}

}  // namespace kernel
