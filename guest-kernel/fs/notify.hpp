// What happens to files is told to whoever watches them (Linux fs/notify/fsnotify.c; man 7 inotify). Events
// are the IN_* bits of <linux/inotify.h>.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/path.hpp"
#include "lib/list.hpp"
#include "lib/ref.hpp"

namespace kernel {

class File;
class FileSystem;
class Inode;

// An event beside inotify's: an entry has another name in the same directory (Linux FS_RENAME).
inline constexpr std::uint32_t kRenamedWithin = 0x1000'0000;

struct NotifyEvent {
    std::uint32_t mask = 0;
    std::uint32_t cookie = 0;  // joins the two halves of a move
    std::string_view name;     // of a directory's entry; empty: the event is the watched file's own
    bool is_unlinked = false;  // it happened by a name that is gone
};

struct OfInode {};
struct AnyMark {};

// One watch on one inode. It holds the inode.
class NotifyMark : public ListNode<OfInode>, public ListNode<AnyMark> {
  public:
    explicit NotifyMark(Ref<Inode> inode);
    virtual ~NotifyMark();
    Inode& inode() const { return *inode_; }
    // May destroy this.
    virtual void notify(const NotifyEvent& event) = 0;
    // The inode is gone; destroys this.
    virtual void inode_gone() = 0;
    // Is it fcntl's F_NOTIFY (fs/directory_notice.hpp)?
    virtual bool is_of_directory_notices() const { return false; }
    std::uint32_t mask = 0;  // IN_*: which events are wanted

  private:
    Ref<Inode> inode_;
};

using NotifyMarks = List<NotifyMark, OfInode>;

// An event of the inode itself.
void notify_inode(Inode& inode, std::uint32_t mask);
// An event of an entry of a directory.
void notify_entry(Inode& directory, std::string_view name, std::uint32_t mask, std::uint32_t cookie = 0);
// An event of what a path leads to: for the watches of its directory, with its name, and its own.
void notify_path(const Path& path, std::uint32_t mask);
// The same for an open file, unless it is O_PATH.
void notify_file(const File& file, std::uint32_t mask);
// A number that joins the events of one move.
std::uint32_t next_move_cookie();
// The last name of the inode is gone, and nobody has it open: IN_DELETE_SELF, and the watches end.
void notify_inode_removed(Inode& inode);
// The last mount of the file system is gone: IN_UNMOUNT for what is watched in it, and the watches end.
void notify_unmounted(const FileSystem& file_system);

}  // namespace kernel
