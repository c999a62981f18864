#include "fs/initramfs.hpp"

#include <linux/fcntl.h>

#include <optional>
#include <string_view>

#include "fs/fs_context.hpp"
#include "fs/mount.hpp"
#include "fs/namespace.hpp"
#include "fs/tmpfs.hpp"
#include "log/print.hpp"

namespace kernel {

namespace {

constexpr std::size_t kHeaderSize = 110;
constexpr std::size_t kMaximumPath = 4096;
constexpr std::string_view kTrailer = "TRAILER!!!";

struct Member {
    std::uint32_t inode;
    std::uint32_t mode;
    std::uint32_t user;
    std::uint32_t group;
    std::uint32_t link_count;
    std::uint32_t modified;
    DeviceNumber archive_device;
    DeviceNumber device;
    std::string_view name;  // without leading slashes
    std::span<const std::byte> contents;
};

// Reads members from the front. Every length is checked against what is left before it is used.
class Reader {
  public:
    explicit Reader(std::span<const std::byte> archive) : archive_(archive) {}

    // Nothing: the end. EINVAL, and a line in the log, for anything that is no archive.
    Result<std::optional<Member>> next() {
        skip_zeroes();
        if (offset_ == archive_.size()) {
            return std::optional<Member>();
        }
        if (left() < kHeaderSize) {
            return fail("ends within a header");
        }
        const std::string_view header = text(kHeaderSize);
        const std::string_view magic = header.substr(0, 6);
        if (magic != "070701" && magic != "070702") {
            return fail("is not a cpio archive in newc form, uncompressed");
        }
        std::uint32_t fields[13];
        for (std::size_t i = 0; i < 13; i++) {
            std::optional<std::uint32_t> value = hexadecimal(header.substr(6 + 8 * i, 8));
            if (!value) {
                return fail("has a header with a bad number");
            }
            fields[i] = *value;
        }
        const std::size_t name_size = fields[11];
        const std::size_t contents_size = fields[6];
        const std::size_t name_end = padded(kHeaderSize + name_size);
        if (name_size == 0 || name_size > kMaximumPath) {
            return fail("has a member with an impossible name");
        }
        if (name_end > left() || contents_size > left() - name_end) {
            return fail("is truncated");
        }
        Member member{.inode = fields[0],
                      .mode = fields[1],
                      .user = fields[2],
                      .group = fields[3],
                      .link_count = fields[4],
                      .modified = fields[5],
                      .archive_device = {fields[7], fields[8]},
                      .device = {fields[9], fields[10]},
                      .name = trimmed(text(name_end).substr(kHeaderSize, name_size)),
                      .contents = archive_.subspan(offset_ + name_end, contents_size)};
        const std::size_t size = padded(name_end + contents_size);
        offset_ += size < left() ? size : left();
        return std::optional<Member>(member);
    }

  private:
    static constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }
    std::size_t left() const { return archive_.size() - offset_; }
    std::string_view text(std::size_t size) const {
        return {reinterpret_cast<const char*>(archive_.data()) + offset_, size};
    }
    void skip_zeroes() {
        while (offset_ < archive_.size() && archive_[offset_] == std::byte{0}) {
            offset_++;
        }
    }
    // The name up to its NUL.
    static std::string_view trimmed(std::string_view name) { return name.substr(0, name.find('\0')); }
    static std::optional<std::uint32_t> hexadecimal(std::string_view digits) {
        std::uint32_t value = 0;
        for (const char digit : digits) {
            std::uint32_t nibble = 0;
            if (digit >= '0' && digit <= '9') {
                nibble = static_cast<std::uint32_t>(digit - '0');
            } else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f') {
                nibble = static_cast<std::uint32_t>((digit | 0x20) - 'a') + 10;
            } else {
                return std::nullopt;
            }
            value = value << 4 | nibble;
        }
        return value;
    }
    Errno fail(const char* what) const {
        print("initramfs: the archive ", what, ", at byte ", offset_, "\n");
        return Errno(EINVAL);
    }

    std::span<const std::byte> archive_;
    std::size_t offset_ = 0;
};

// The first name of a file that is to have several.
struct FirstLink {
    std::uint32_t inode;
    DeviceNumber archive_device;
    Ref<Inode> target;
};

// A directory's times are set once nothing more will be put into it.
struct DirectoryTime {
    Ref<Inode> directory;
    Timespec modified;
};

class Unpacker {
  public:
    explicit Unpacker(Ref<FsContext> context) : context_(std::move(context)) {}

    Result<void> unpack(std::span<const std::byte> archive) {
        Reader reader(archive);
        while (std::optional<Member> member = TRY(reader.next())) {
            if (member->name == kTrailer) {
                links_.clear();
                continue;
            }
            Result<void> added = add(*member);
            if (added.is_error() && added.error() == Errno(ENOMEM)) {
                return added;
            }
            if (added.is_error()) {
                print("initramfs: cannot make ", member->name, ": error ", added.error().value, "\n");
            }
        }
        return {};
    }

    void set_directory_times() {
        for (DirectoryTime& entry : directory_times_) {
            entry.directory->attributes.accessed = entry.directory->attributes.modified = entry.modified;
        }
    }

  private:
    Result<void> add(const Member& member) {
        PathWalk walk(*context_, credentials_, context_->root);
        const ParentPath place = TRY(walk.resolve_parent(member.name));
        if (place.kind != LastKind::Name) {
            if ((member.mode & S_IFMT) == S_IFDIR) {
                return set_attributes(place.parent.inode(), member);
            }
            return Errno(EEXIST);
        }
        if (place.last.size() > 255) {
            return Errno(ENAMETOOLONG);
        }
        if (Dentry* present = place.parent.dentry->find_child(place.last.view())) {
            if (present->inode().is_directory()) {
                // An existing directory stays; nothing replaces it.
                return (member.mode & S_IFMT) == S_IFDIR ? set_attributes(present->inode(), member)
                                                         : Errno(EISDIR);
            }
            remove(place.parent.inode(), *present);
        }
        return make(member, place);
    }

    static void remove(Inode& directory, Dentry& entry) {
        const Ref<Inode> inode = entry.inode_ref();
        entry.unlink();
        inode->attributes.link_count--;
        directory.entries_changed(-1);
    }

    Result<void> make(const Member& member, const ParentPath& place) {
        Inode& directory = place.parent.inode();
        const bool is_directory = (member.mode & S_IFMT) == S_IFDIR;
        const bool may_have_links = member.link_count >= 2 && !is_directory;
        if (FirstLink* first = may_have_links ? find_link(member) : nullptr) {
            first->target->attributes.link_count++;
            TRY(add_entry(*place.parent.dentry, place.last.view(), first->target));
            return fill(*first->target, member);
        }
        Ref<Inode> inode;
        switch (member.mode & S_IFMT) {
            case S_IFLNK: {
                auto* target = reinterpret_cast<const char*>(member.contents.data());
                inode = TRY(directory.create_symlink({target, member.contents.size()}));
                break;
            }
            case S_IFREG:
            case S_IFDIR:
            case S_IFCHR:
            case S_IFBLK:
            case S_IFIFO:
            case S_IFSOCK:
                inode = TRY(directory.create(member.mode, member.device));
                break;
            default:
                return Errno(EINVAL);
        }
        TRY(add_entry(*place.parent.dentry, place.last.view(), inode));
        if (may_have_links) {
            TRY(links_.push_back({member.inode, member.archive_device, inode}));
        }
        TRY(fill(*inode, member));
        return set_attributes(*inode, member);
    }

    // The contents of a file with several names may come with any of them.
    static Result<void> fill(Inode& inode, const Member& member) {
        if (inode.is_regular() && !member.contents.empty()) {
            PageCache& cache = static_cast<TmpfsRegularInode&>(inode).cache();
            if (cache.size() != 0) {
                cache.truncate(0);
            }
            cache.set_backing(member.contents);
        }
        return {};
    }

    Result<void> set_attributes(Inode& inode, const Member& member) {
        inode.attributes.user = member.user;
        inode.attributes.group = member.group;
        const Timespec modified{.seconds = member.modified};
        if (!inode.is_symlink()) {
            inode.attributes.mode = (inode.attributes.mode & S_IFMT) | (member.mode & 07777);
        }
        if (inode.is_directory()) {
            return directory_times_.push_back({Ref<Inode>(&inode), modified});
        }
        inode.attributes.accessed = inode.attributes.modified = modified;
        return {};
    }

    FirstLink* find_link(const Member& member) {
        for (FirstLink& link : links_) {
            if (link.inode == member.inode && link.archive_device == member.archive_device &&
                (link.target->attributes.mode & S_IFMT) == (member.mode & S_IFMT)) {
                return &link;
            }
        }
        return nullptr;
    }

    Ref<FsContext> context_;
    Credentials credentials_;
    Vector<FirstLink> links_;
    Vector<DirectoryTime> directory_times_;
};

}  // namespace

Result<void> unpack_initramfs(std::span<const std::byte> archive) {
    Unpacker unpacker(TRY(FsContext::create()));
    Result<void> unpacked = unpacker.unpack(archive);
    unpacker.set_directory_times();
    return unpacked;
}

}  // namespace kernel
