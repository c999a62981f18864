#include "fs/notify.hpp"

#include <linux/inotify.h>

#include "fs/dentry.hpp"
#include "fs/file.hpp"
#include "fs/inode.hpp"

namespace kernel {

namespace {

constinit std::uint32_t last_cookie = 0;

// A mark may go, and others with it, while it is told: each is looked for anew by its place in the list.
void notify_marks(Inode& inode, const NotifyEvent& event) {
    const Ref<Inode> keep(&inode);
    NotifyMark* mark = inode.marks.first();
    while (mark != nullptr) {
        NotifyMark* next = inode.marks.next(*mark);
        if ((mark->mask & event.mask & (IN_ALL_EVENTS | IN_UNMOUNT | kRenamedWithin)) != 0) {
            mark->notify(event);
        }
        mark = next;
    }
}

List<NotifyMark, AnyMark>& all_marks() {
    static List<NotifyMark, AnyMark> marks;
    return marks;
}

void end_marks(Inode& inode) {
    while (NotifyMark* mark = inode.marks.first()) {
        mark->inode_gone();
    }
}

}  // namespace

NotifyMark::NotifyMark(Ref<Inode> inode) : inode_(std::move(inode)) {
    inode_->marks.push_back(*this);
    all_marks().push_back(*this);
}

NotifyMark::~NotifyMark() = default;

void notify_inode(Inode& inode, std::uint32_t mask) {
    if (!inode.marks.is_empty()) {
        notify_marks(inode, {.mask = mask, .cookie = 0, .name = {}});
    }
}

void notify_entry(Inode& directory, std::string_view name, std::uint32_t mask, std::uint32_t cookie) {
    if (!directory.marks.is_empty()) {
        notify_marks(directory, {.mask = mask, .cookie = cookie, .name = name});
    }
}

void notify_path(const Path& path, std::uint32_t mask) {
    const Dentry& entry = *path.dentry;
    mask |= path.inode().is_directory() ? IN_ISDIR : 0U;
    Dentry* parent = entry.parent();
    if (parent != nullptr && !parent->inode().marks.is_empty()) {
        notify_marks(parent->inode(),
                     {.mask = mask, .cookie = 0, .name = entry.name(), .is_unlinked = entry.is_deleted()});
    }
    if (!path.inode().marks.is_empty()) {
        notify_marks(path.inode(),
                     {.mask = mask, .cookie = 0, .name = {}, .is_unlinked = entry.is_deleted()});
    }
}

void notify_file(const File& file, std::uint32_t mask) {
    if (!file.is_path_only()) {
        notify_path(file.path(), mask);
    }
}

std::uint32_t next_move_cookie() {
    return ++last_cookie;
}

void notify_inode_removed(Inode& inode) {
    if (inode.marks.is_empty()) {
        return;
    }
    const Ref<Inode> keep(&inode);
    notify_inode(inode, IN_DELETE_SELF);
    end_marks(inode);
}

void notify_unmounted(const FileSystem& file_system) {
    NotifyMark* mark = all_marks().first();
    while (mark != nullptr) {
        if (&mark->inode().file_system() == &file_system) {
            const Ref<Inode> inode(&mark->inode());
            notify_inode(*inode, IN_UNMOUNT);
            end_marks(*inode);
            mark = all_marks().first();  // others may have gone with it
        } else {
            mark = all_marks().next(*mark);
        }
    }
}

}  // namespace kernel
