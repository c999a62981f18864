#include "fs/path_walk.hpp"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/limits.h>

#include "fs/extended_attributes.hpp"
#include "fs/file.hpp"
#include "fs/file_table.hpp"
#include "fs/fs_context.hpp"
#include "fs/mount.hpp"
#include "lib/settings.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr unsigned kMaximumLinks = 40;  // Linux include/linux/namei.h, MAXSYMLINKS

void cross_mounts(Path& place) {
    while (Mount* mount = mount_on(place)) {
        place = Path(Ref<Mount>(mount), mount->root());
    }
}

}  // namespace

Result<void> check_permission(const Inode& inode, unsigned wanted, const Credentials& credentials) {
    if ((wanted & kMayWrite) != 0 && inode.is_immutable) {
        return Errno(EPERM);
    }
    if (inode.is_closed_to_current()) {
        return Errno(EACCES);
    }
    const std::uint32_t mode = inode.attributes.mode;
    unsigned granted = mode & 7;
    if (credentials.file_system_user == inode.attributes.user) {
        granted = mode >> 6 & 7;
    } else if (credentials.is_in_group(inode.attributes.group)) {
        granted = mode >> 3 & 7;
    }
    const bool is_owner = credentials.file_system_user == inode.attributes.user;
    const AccessList* list = inode.extended != nullptr ? inode.extended->access.get() : nullptr;
    // A list whose mask is empty gives its groups and users nothing, and is not asked.
    const bool is_listed = list != nullptr && !is_owner && (mode & 0070) != 0;
    const bool is_granted =
        is_listed ? !list->check_permission(inode, wanted, credentials).is_error() : (wanted & ~granted) == 0;
    if (is_granted || inode.is_open_to_current()) {
        return {};
    }
    if (inode.ignores_capabilities()) {
        return Errno(EACCES);
    }
    const bool any_execute = (mode & 0111) != 0;
    const bool only_reads = inode.is_directory() ? (wanted & kMayWrite) == 0 : wanted == kMayRead;
    const bool may_execute = inode.is_directory() || (wanted & kMayExecute) == 0 || any_execute;
    if ((only_reads && credentials.has(CAP_DAC_READ_SEARCH)) ||
        (may_execute && credentials.has(CAP_DAC_OVERRIDE))) {
        return {};
    }
    return Errno(EACCES);
}

const Path& PathWalk::root() const {
    return scope_.is_empty() ? context_.root : scope_;
}

// Linux fs/namei.c, nd_jump_root: the path that a program gives may begin on any mount. A link may lead to
// the root's only if the walk has met the root before; Linux looks it up no sooner than it needs it.
Result<void> PathWalk::jump_to_root(Text kind) {
    const bool leaves_mount = !has_met_root_ || place_.mount != root().mount;
    if (rules_.beneath || (rules_.no_mounts && kind == Text::Link && leaves_mount)) {
        return Errno(EXDEV);
    }
    has_met_root_ = true;
    place_ = root();
    return {};
}

Result<void> PathWalk::begin(std::string_view path, Text kind) {
    rest_ = TRY(String::copy_of(path));
    offset_ = 0;
    if (path.front() == '/') {
        TRY(jump_to_root(kind));
        while (has_more() && rest_.view()[offset_] == '/') {
            offset_++;
        }
    }
    return {};
}

PathWalk::Component PathWalk::next_component() {
    const std::string_view text = rest_.view();
    std::size_t end = offset_;
    while (end < text.size() && text[end] != '/') {
        end++;
    }
    const std::string_view name = text.substr(offset_, end - offset_);
    std::size_t next = end;
    while (next < text.size() && text[next] == '/') {
        next++;
    }
    offset_ = next;
    return {.name = name, .is_last = next == text.size(), .has_trailing_slash = next > end};
}

Result<void> PathWalk::check_directory() const {
    if (!place_.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    return check_permission(place_.inode(), kMayExecute, credentials_);
}

Result<void> PathWalk::stay_on_mount(const Path& from, const Path& to) const {
    return rules_.no_mounts && from.mount != to.mount ? Result<void>(Errno(EXDEV)) : Result<void>();
}

// Linux fs/namei.c, follow_dotdot.
Result<void> PathWalk::go_up() {
    const Path from = place_;
    has_met_root_ = true;
    while (!(place_ == root())) {
        if (place_.mount && place_.dentry == place_.mount->root()) {
            if (place_.mount->mount_point.is_empty()) {
                return {};
            }
            Path point = place_.mount->mount_point;
            place_ = std::move(point);
            continue;
        }
        if (!place_.dentry->is_root()) {
            place_ = Path(place_.mount, Ref<Dentry>(place_.dentry->parent()));
        }
        break;
    }
    if (rules_.beneath && place_ == from) {
        return Errno(EXDEV);
    }
    cross_mounts(place_);
    return stay_on_mount(from, place_);
}

Result<Path> PathWalk::look_up(const Path& directory, std::string_view name) {
    if (name.size() > NAME_MAX) {
        return Errno(ENAMETOOLONG);
    }
    Dentry* child = directory.dentry->find_child(name);
    Path found(directory.mount, child != nullptr ? Ref<Dentry>(child)
                                                 : TRY(directory.inode().lookup(*directory.dentry, name)));
    cross_mounts(found);
    return found;
}

Result<Path> PathWalk::enter(const Path& directory, std::string_view name) const {
    Path found = TRY(look_up(directory, name));
    TRY(stay_on_mount(directory, found));
    return found;
}

// A magic link's jump (Linux fs/namei.c, nd_jump_link).
Result<void> PathWalk::jump(Path target) {
    if (rules_.no_magic_links) {
        return Errno(ELOOP);
    }
    TRY(stay_on_mount(place_, target));
    if (rules_.is_scoped()) {
        return Errno(EXDEV);
    }
    place_ = std::move(target);
    return {};
}

// Puts the target before the rest of the path.
Result<void> PathWalk::follow(const Path& link) {
    if (++links_ > kMaximumLinks || rules_.no_symlinks) {
        return Errno(ELOOP);
    }
    note_access(link);
    LinkTarget target = TRY(link.inode().follow_link());
    if (!target.jump.is_empty()) {
        return jump(std::move(target.jump));
    }
    if (target.text.is_empty()) {
        return Errno(ENOENT);
    }
    std::string_view left = rest_.view();
    left.remove_prefix(offset_);
    if (!left.empty()) {
        TRY(target.text.append("/"));
        TRY(target.text.append(left));
    }
    return begin(target.text.view(), Text::Link);
}

// At the end of a path, links in directories that everybody may write are followed only if they are the
// caller's or the directory's owner's (man 5 proc, protected_symlinks, which Debian turns on; Linux
// fs/namei.c, may_follow_link).
Result<void> PathWalk::check_follow(const Path& link) const {
    constexpr std::uint32_t kOpenToAll = S_ISVTX | 0002;
    const InodeAttributes& directory = place_.inode().attributes;
    const std::uint32_t owner = link.inode().attributes.user;
    const bool is_safe = settings().protects_symbolic_links == 0 || owner == credentials_.file_system_user ||
                         owner == directory.user || (directory.mode & kOpenToAll) != kOpenToAll;
    return is_safe ? Result<void>() : Result<void>(Errno(EACCES));
}

Result<void> PathWalk::step(const Component& component, LastSymlink last) {
    TRY(check_directory());
    if (component.name == ".") {
        return {};
    }
    if (component.name == "..") {
        return go_up();
    }
    Path found = TRY(enter(place_, component.name));
    const bool follows = !component.is_last || component.has_trailing_slash || last == LastSymlink::Follow;
    if (!found.inode().is_symlink() || !follows) {
        place_ = std::move(found);
        return {};
    }
    if (component.is_last) {
        TRY(check_follow(found));
    }
    if (component.is_last && component.has_trailing_slash) {
        offset_--;  // the slash belongs to what the link leads to
    }
    return follow(found);
}

Result<Path> PathWalk::resolve(std::string_view path, LastSymlink last, EmptyPath empty) {
    if (path.empty()) {
        if (empty == EmptyPath::NoEntry) {
            return Errno(ENOENT);
        }
        return place_;
    }
    TRY(begin(path, Text::Path));
    bool must_be_directory = false;
    while (has_more()) {
        const Component component = next_component();
        must_be_directory = component.has_trailing_slash;
        TRY(step(component, last));
    }
    if (must_be_directory && !place_.inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    return place_;
}

Result<ParentPath> PathWalk::resolve_parent(std::string_view path) {
    if (path.empty()) {
        return Errno(ENOENT);
    }
    TRY(begin(path, Text::Path));
    return walk_to_parent();
}

Result<ParentPath> PathWalk::follow_to_parent(const Path& link) {
    TRY(follow(link));
    return walk_to_parent();
}

Result<ParentPath> PathWalk::walk_to_parent() {
    ParentPath result;
    while (has_more()) {
        const Component component = next_component();
        if (!component.is_last) {
            TRY(step(component, LastSymlink::Follow));
            continue;
        }
        TRY(check_directory());
        result.last = TRY(String::copy_of(component.name));
        result.kind = LastKind::Name;
        if (component.name == ".") {
            result.kind = LastKind::Dot;
        } else if (component.name == "..") {
            result.kind = LastKind::DotDot;
        }
        result.must_be_directory = component.has_trailing_slash;
    }
    result.parent = place_;
    return result;
}

Result<Path> start_of(Task& task, Fd dirfd, std::string_view path, const ResolveRules& rules) {
    if (!path.empty() && path.front() == '/' && !rules.in_root) {
        return task.fs->root;
    }
    if (dirfd.number == AT_FDCWD) {
        return task.fs->working_directory;
    }
    const Ref<File> file = TRY(task.files->get(dirfd));
    if (!path.empty() && !file->inode().is_directory()) {
        return Errno(ENOTDIR);
    }
    return file->path();
}

Result<Path> resolve_path(Task& task, Fd dirfd, std::string_view path, LastSymlink last, EmptyPath empty) {
    if (path.empty() && empty == EmptyPath::NoEntry) {
        return Errno(ENOENT);
    }
    PathWalk walk(*task.fs, task.credentials, TRY(start_of(task, dirfd, path)));
    return walk.resolve(path, last, empty);
}

}  // namespace kernel
