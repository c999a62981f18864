// From a text to a place: path resolution (man 7 path_resolution).
#pragma once

#include <string_view>

#include "fs/dentry.hpp"
#include "fs/fd.hpp"
#include "fs/path.hpp"
#include "lib/result.hpp"
#include "lib/string.hpp"
#include "task/credentials.hpp"

namespace kernel {

class FsContext;
class Task;

enum class LastSymlink { Follow, NoFollow };
// Does an empty path mean the start itself (AT_EMPTY_PATH), or ENOENT?
enum class EmptyPath { NoEntry, Start };

// What a last component can be.
enum class LastKind { Name, Dot, DotDot, Root };

// What openat2 forbids on the way (man 2 openat2, RESOLVE_*).
struct ResolveRules {
    bool no_mounts = false;       // RESOLVE_NO_XDEV: EXDEV
    bool no_magic_links = false;  // ELOOP
    bool no_symlinks = false;     // ELOOP
    bool beneath = false;         // what leaves the start is EXDEV
    bool in_root = false;         // the start is the root

    bool is_scoped() const { return beneath || in_root; }
};

// A directory and the last component of a path to be looked up in it.
struct ParentPath {
    Path parent;
    String last;  // empty for LastKind::Root
    LastKind kind = LastKind::Root;
    bool must_be_directory = false;  // the path ended in a slash
};

// A resolution in progress. Errors: ENOENT, ENOTDIR, EACCES, ELOOP after 40 links, ENAMETOOLONG.
class PathWalk {
  public:
    // `start` is where relative paths begin (the working directory, or a directory descriptor).
    PathWalk(const FsContext& context, const Credentials& credentials, Path start,
             const ResolveRules& rules = {})
        : context_(context), credentials_(credentials), place_(std::move(start)), rules_(rules) {
        if (rules.is_scoped()) {
            scope_ = place_;
            has_met_root_ = true;
        }
    }

    // To the end of the path.
    Result<Path> resolve(std::string_view path, LastSymlink last, EmptyPath empty = EmptyPath::NoEntry);
    // To the directory of the last component, which is not looked up.
    Result<ParentPath> resolve_parent(std::string_view path);
    // When resolve_parent found a symbolic link as the last component: follows it, to the parent again.
    Result<ParentPath> follow_to_parent(const Path& link);
    // The entry of a name, mounts on it crossed, a link not followed. ENOENT: none.
    static Result<Path> look_up(const Path& directory, std::string_view name);
    // As look_up, and EXDEV where the rules keep the walk on its mount.
    Result<Path> enter(const Path& directory, std::string_view name) const;

  private:
    struct Component {
        std::string_view name;
        bool is_last;
        bool has_trailing_slash;
    };
    enum class Text { Path, Link };  // whose the text is: the caller's, or a symbolic link's
    Result<void> begin(std::string_view path, Text kind);
    Result<void> jump_to_root(Text kind);
    Result<void> jump(Path target);
    // What absolute paths begin at and ".." does not leave.
    const Path& root() const;
    Component next_component();
    bool has_more() const { return offset_ < rest_.size(); }
    Result<void> step(const Component& component, LastSymlink last);
    Result<void> check_follow(const Path& link) const;
    Result<void> follow(const Path& link);
    Result<void> go_up();
    Result<void> stay_on_mount(const Path& from, const Path& to) const;
    Result<void> check_directory() const;
    Result<ParentPath> walk_to_parent();

    const FsContext& context_;
    const Credentials& credentials_;
    Path place_;
    Path scope_;  // the start, where the rules confine the walk to it
    ResolveRules rules_;
    bool has_met_root_ = false;
    String rest_;  // the rest of the path begins at offset_
    std::size_t offset_ = 0;
    unsigned links_ = 0;
};

// The place that a system call's (dirfd, path) pair starts from: AT_FDCWD, or a descriptor of a directory
// (EBADF, ENOTDIR unless the path is empty). An absolute path needs none, unless the rules make a root of it.
Result<Path> start_of(Task& task, Fd dirfd, std::string_view path, const ResolveRules& rules = {});

Result<Path> resolve_path(Task& task, Fd dirfd, std::string_view path, LastSymlink last,
                          EmptyPath empty = EmptyPath::NoEntry);

// Permission bits that an access needs: 4 read, 2 write, 1 execute or search.
inline constexpr unsigned kMayRead = 4;
inline constexpr unsigned kMayWrite = 2;
inline constexpr unsigned kMayExecute = 1;
// EACCES unless the credentials allow it (Linux fs/namei.c, generic_permission).
Result<void> check_permission(const Inode& inode, unsigned wanted, const Credentials& credentials);

}  // namespace kernel
