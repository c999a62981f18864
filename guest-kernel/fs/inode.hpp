// The objects of a file system, independent of their names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fs/mode.hpp"
#include "fs/notify.hpp"
#include "fs/path.hpp"
#include "lib/ref.hpp"
#include "lib/result.hpp"
#include "lib/string.hpp"
#include "time/timespec.hpp"

namespace kernel {

class DirectoryEmitter;
class ExtendedAttributes;
class File;
class FileLeases;
class FileLocks;
class FileSystem;
class Pipe;
class Process;

// A device number: 12 bits of major, 20 bits of minor.
struct DeviceNumber {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;

    constexpr bool operator==(const DeviceNumber&) const = default;
    // The form that a program sees in st_rdev and gives to mknod (Linux include/linux/kdev_t.h,
    // new_encode_dev).
    constexpr std::uint32_t encode() const {
        return (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
    }
    static constexpr DeviceNumber decode(std::uint32_t device) {
        return {.major = (device >> 8) & 0xfff, .minor = (device & 0xff) | ((device >> 12) & 0xfff00)};
    }
};

enum class FileType : std::uint32_t {
    None = 0,  // anonymous inodes (eventfd, epoll) have no type bits
    Fifo = S_IFIFO,
    CharacterDevice = S_IFCHR,
    Directory = S_IFDIR,
    BlockDevice = S_IFBLK,
    Regular = S_IFREG,
    Symlink = S_IFLNK,
    Socket = S_IFSOCK,
};

// What stat shows, and chmod, chown and utimensat change.
struct InodeAttributes {
    std::uint64_t number = 0;
    std::uint32_t mode = 0;  // type and permission bits
    std::uint32_t link_count = 1;
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    DeviceNumber device;              // of a device node
    std::uint64_t size = 0;           // bytes
    std::uint32_t block_size = 4096;  // preferred unit of transfer, bytes
    std::uint64_t blocks = 0;         // allocated, in units of 512 bytes
    Timespec accessed;
    Timespec modified;
    Timespec changed;
    Timespec born;
    bool has_birth_time = false;
    bool has_inode_flags = false;  // chattr(1)-like flags exist, none is set
};

// Where following a symbolic link leads: a text to walk on, or (procfs's magic links) a place to jump to.
struct LinkTarget {
    String text;
    Path jump;  // used when it is not empty
};

// The defaults of the virtual functions answer as Linux's VFS does where a file system has no such operation.
class Inode : public RefCounted {
  public:
    // Numbered by the file system, all times now. `mode` has the type bits.
    Inode(Ref<FileSystem> file_system, std::uint32_t mode);
    ~Inode() override;

    FileSystem& file_system() const { return *file_system_; }
    FileType type() const { return static_cast<FileType>(attributes.mode & S_IFMT); }
    bool is_directory() const { return type() == FileType::Directory; }
    bool is_symlink() const { return type() == FileType::Symlink; }
    bool is_regular() const { return type() == FileType::Regular; }

    // As stat shows them now. File systems that compute some of them override this.
    virtual InodeAttributes current_attributes() { return attributes; }
    // May the current task do anything here, whatever the mode says?
    virtual bool is_open_to_current() const { return false; }
    // Or nothing, whatever the mode says?
    virtual bool is_closed_to_current() const { return false; }
    // Do its permission bits bind the superuser, too?
    virtual bool ignores_capabilities() const { return false; }
    // Asked before `attributes` is changed for a program.
    virtual Result<void> may_set_attributes() { return {}; }

    // A File of a regular file. The other types are opened by open_inode (file.hpp).
    virtual Result<Ref<File>> open_regular(const Path& path, std::uint32_t flags);
    // Changes the size of a regular file. Bytes that appear are zero.
    virtual Result<void> truncate(std::uint64_t size);

    // Symbolic links.
    virtual Result<LinkTarget> follow_link();
    // The text that readlink shows.
    virtual Result<String> read_link();

    // Directories. A name is one component of 1 to 255 bytes that is neither "." nor "..". `directory` is the
    // dentry of this inode.

    // Finds an entry that is not in the dentry tree (fs/dentry.hpp): ENOENT if there is none.
    virtual Result<Ref<Dentry>> lookup(Dentry& directory, std::string_view name);
    // Emits the entries that are not in the dentry tree. `cursor` is 0 at first and then whatever was left
    // there; ends without an error when the emitter is full.
    virtual Result<void> list(Dentry& directory, std::uint64_t& cursor, DirectoryEmitter& emitter);
    // Makes an inode for a new entry (`mode` with type bits, not yet linked).
    virtual Result<Ref<Inode>> create(std::uint32_t mode, DeviceNumber device);
    virtual Result<Ref<Inode>> create_symlink(std::string_view target);
    // May entries be linked, unlinked and renamed here?
    virtual Result<void> may_change_entries();
    // An entry came (+1) or went (-1), or was replaced (0).
    virtual void entries_changed(int difference);

    // The process of a directory /proc/<pid>; null: it is none.
    virtual Process* as_process() { return nullptr; }
    // Is it a directory /proc/<pid> whose task is gone?
    virtual bool is_of_gone_task() const { return false; }

    void touch_accessed();
    void touch_modified();  // contents: modification and change time
    void touch_changed();

    InodeAttributes attributes;
    bool is_immutable = false;               // nobody may write it: EPERM
    bool keeps_mode = false;                 // chmod is EPERM
    bool is_linkable = false;                // O_TMPFILE: link(2) may give it a name although it has none
    Ref<Pipe> pipe;                          // of a FIFO that is open
    FileLocks* locks = nullptr;              // owned; made with the first lock
    FileLeases* leases = nullptr;            // owned; made with the first lease
    ExtendedAttributes* extended = nullptr;  // owned; made with the first attribute
    // Open files that may write a regular file (> 0), or programs that run it (< 0): never both (Linux's
    // i_writecount).
    int write_access = 0;
    int readers = 0;    // open files of a regular file that may only read it (Linux's i_readcount)
    NotifyMarks marks;  // each holds the inode

  private:
    Ref<FileSystem> file_system_;
};

}  // namespace kernel
