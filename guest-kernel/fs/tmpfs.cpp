#include "fs/tmpfs.hpp"

#include <linux/fcntl.h>

#include <array>

#include "fs/dentry.hpp"
#include "fs/extended_attributes.hpp"
#include "fs/tmpfs_file.hpp"

namespace kernel {

namespace {

constinit std::uint64_t pages_of_all = 0;

constexpr std::uint64_t kEntrySize = 20;  // Linux mm/shmem.c, BOGO_DIRENT_SIZE

class TmpfsSymlinkInode final : public TmpfsInode {
  public:
    TmpfsSymlinkInode(Ref<TmpfsFileSystem> file_system, String target)
        : TmpfsInode(std::move(file_system), S_IFLNK | 0777, {}), target_(std::move(target)) {
        attributes.size = target_.size();
        // What is longer takes a page (Linux mm/shmem.c, SHORT_SYMLINK_LEN).
        constexpr std::size_t kShort = 128;
        attributes.blocks = target_.size() + 1 > kShort ? kPageSize / 512 : 0;
    }
    Result<String> read_link() override { return String::copy_of(target_.view()); }

  private:
    String target_;
};

// A decimal or octal (leading 0) number that ends the option, with k, m, g or a percentage of `whole`
// allowed.
Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t whole) {
    const std::uint64_t base = text.size() > 1 && text.front() == '0' ? 8 : 10;
    std::uint64_t value = 0;
    if (text.empty()) {
        return Errno(EINVAL);
    }
    while (!text.empty() && text.front() >= '0' && text.front() < static_cast<char>('0' + base)) {
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, static_cast<std::uint64_t>(text.front() - '0'), &value)) {
            return Errno(EINVAL);
        }
        text.remove_prefix(1);
    }
    if (text.empty()) {
        return value;
    }
    std::uint64_t unit = 1;
    switch (text.front()) {
        case 'k':
        case 'K':
            unit = std::uint64_t{1} << 10;
            break;
        case 'm':
        case 'M':
            unit = std::uint64_t{1} << 20;
            break;
        case 'g':
        case 'G':
            unit = std::uint64_t{1} << 30;
            break;
        case '%':
            return text.size() == 1 ? Result<std::uint64_t>(whole / 100 * value) : Errno(EINVAL);
        default:
            return Errno(EINVAL);
    }
    if (text.size() != 1 || __builtin_mul_overflow(value, unit, &value)) {
        return Errno(EINVAL);
    }
    return value;
}

Result<void> apply_option(std::string_view key, std::string_view value, TmpfsFileSystem::Options& options) {
    const std::uint64_t memory = memory_counts().total_pages * kPageSize;
    if (key == "size") {
        options.maximum_pages = page_ceiling(TRY(parse_number(value, memory))) >> kPageShift;
    } else if (key == "nr_blocks") {
        options.maximum_pages = TRY(parse_number(value, memory));
    } else if (key == "nr_inodes") {
        options.maximum_inodes = TRY(parse_number(value, memory));
    } else if (key == "mode") {
        String octal = TRY(String::copy_of("0"));
        TRY(octal.append(value));
        options.mode = static_cast<std::uint32_t>(TRY(parse_number(octal.view(), memory)) & 07777);
    } else if (key == "uid") {
        options.user = static_cast<std::uint32_t>(TRY(parse_number(value, memory)));
    } else if (key == "gid") {
        options.group = static_cast<std::uint32_t>(TRY(parse_number(value, memory)));
    } else if (key != "huge" || value != "never") {
        return Errno(EINVAL);
    }
    return {};
}

// Takes what comes before the separator, and the separator, off the front: everything where there is none.
std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return taken;
}

Result<void> parse_options(std::string_view text, TmpfsFileSystem::Options& options) {
    while (!text.empty()) {
        std::string_view option = take_until(text, ',');
        if (!option.empty()) {
            const std::string_view key = take_until(option, '=');
            TRY(apply_option(key, option, options));
        }
    }
    return {};
}

Result<Ref<Dentry>> make_instance(std::string_view name, std::uint32_t magic,
                                  const TmpfsFileSystem::Options& options) {
    Ref<TmpfsFileSystem> file_system = TRY(make_ref<TmpfsFileSystem>(name, magic, options));
    Ref<Inode> root =
        TRY(make_ref<TmpfsInode>(std::move(file_system), S_IFDIR | options.mode, DeviceNumber{}));
    root->attributes.user = options.user;
    root->attributes.group = options.group;
    return Dentry::make_root(std::move(root));
}

// Linux mm/shmem.c: by default half of memory, and as many inodes.
TmpfsFileSystem::Options default_options() {
    const std::uint64_t half = memory_counts().total_pages / 2;
    return {.maximum_pages = half, .maximum_inodes = half};
}

}  // namespace

std::uint64_t tmpfs_pages() {
    return pages_of_all;
}

bool TmpfsFileSystem::charge(std::uint64_t pages) {
    if (!has_room_for_pages(pages)) {
        return false;
    }
    charge_unchecked(pages);
    return true;
}

void TmpfsFileSystem::charge_unchecked(std::uint64_t pages) {
    used_pages_ += pages;
    pages_of_all += magic() == kTmpfsMagic ? pages : 0;
}

void TmpfsFileSystem::uncharge(std::uint64_t pages) {
    used_pages_ -= pages;
    pages_of_all -= magic() == kTmpfsMagic ? pages : 0;
}

struct statfs TmpfsFileSystem::statistics() {
    struct statfs result = FileSystem::statistics();
    result.f_fsid.val[0] = static_cast<int>(identifier_);
    result.f_fsid.val[1] = static_cast<int>(identifier_ >> 32);
    if (options_.maximum_pages != 0) {
        const std::uint64_t used = std::min(used_pages_, options_.maximum_pages);
        result.f_blocks = static_cast<__kernel_long_t>(options_.maximum_pages);
        result.f_bfree = result.f_bavail = static_cast<__kernel_long_t>(options_.maximum_pages - used);
    }
    if (options_.maximum_inodes != 0) {
        const std::uint64_t used = std::min(inode_count(), options_.maximum_inodes);
        result.f_files = static_cast<__kernel_long_t>(options_.maximum_inodes);
        result.f_ffree = static_cast<__kernel_long_t>(options_.maximum_inodes - used);
    }
    return result;
}

// Linux mm/shmem.c, shmem_show_options; fs/ramfs/inode.c, ramfs_show_options.
void TmpfsFileSystem::describe_options(TextBuffer& out) {
    if (magic() == kRamfsMagic) {
        if (options_.mode != 0755) {
            out.text(",mode=").octal(options_.mode);
        }
        return;
    }
    const TmpfsFileSystem::Options defaults = default_options();
    // Linux makes these two before it knows all of its memory: theirs are not the defaults.
    const bool is_early = name() == "rootfs" || name() == "devtmpfs";
    if (is_early || options_.maximum_pages != defaults.maximum_pages) {
        out.text(",size=").decimal(options_.maximum_pages << (kPageShift - 10)).character('k');
    }
    if (is_early || options_.maximum_inodes != defaults.maximum_inodes) {
        out.text(",nr_inodes=").decimal(options_.maximum_inodes);
    }
    if (options_.mode != 01777) {
        out.text(",mode=").octal(options_.mode, 3);
    }
    if (options_.user != 0) {
        out.text(",uid=").decimal(options_.user);
    }
    if (options_.group != 0) {
        out.text(",gid=").decimal(options_.group);
    }
    out.text(",inode64");
}

TmpfsInode::TmpfsInode(Ref<TmpfsFileSystem> file_system, std::uint32_t mode, DeviceNumber device)
    : Inode(std::move(file_system), mode) {
    attributes.device = device;
    attributes.has_birth_time = attributes.has_inode_flags = true;
    if (is_directory()) {
        attributes.size = 2 * kEntrySize;
    }
}

Result<Ref<Inode>> TmpfsInode::create(std::uint32_t mode, DeviceNumber device) {
    if (!tmpfs().has_room_for_inode()) {
        return Errno(ENOSPC);
    }
    Ref<TmpfsFileSystem> file_system(&tmpfs());
    if ((mode & S_IFMT) == S_IFREG) {
        return TRY(TmpfsRegularInode::make(file_system, mode));
    }
    return TRY(make_ref<TmpfsInode>(std::move(file_system), mode, device));
}

Result<Ref<Inode>> TmpfsInode::create_symlink(std::string_view target) {
    if (!tmpfs().has_room_for_inode()) {
        return Errno(ENOSPC);
    }
    String copy = TRY(String::copy_of(target));
    return TRY(make_ref<TmpfsSymlinkInode>(Ref<TmpfsFileSystem>(&tmpfs()), std::move(copy)));
}

void TmpfsInode::entries_changed(int difference) {
    attributes.size += kEntrySize * static_cast<std::uint64_t>(difference);
    touch_modified();
}

TmpfsRegularInode::TmpfsRegularInode(Ref<TmpfsFileSystem> file_system, std::uint32_t mode)
    : TmpfsInode(std::move(file_system), mode, {}), seals(F_SEAL_SEAL) {}

Result<Ref<TmpfsRegularInode>> TmpfsRegularInode::make(const Ref<TmpfsFileSystem>& file_system,
                                                       std::uint32_t mode) {
    auto* made = new (std::nothrow) TmpfsRegularInode(file_system, mode);
    if (made == nullptr) {
        return Errno(ENOMEM);
    }
    Ref<TmpfsRegularInode> inode = Ref<TmpfsRegularInode>::adopt(made);
    inode->cache_ = TRY(make_ref<PageCache>(*inode, *file_system));
    return inode;
}

TmpfsRegularInode::~TmpfsRegularInode() {
    if (cache_) {
        cache_->forget_inode();
    }
}

InodeAttributes TmpfsRegularInode::current_attributes() {
    InodeAttributes result = attributes;
    result.size = cache_->size();
    result.blocks = cache_->charged_pages() * (kPageSize / 512);
    return result;
}

Result<Ref<File>> TmpfsRegularInode::open_regular(const Path& path, std::uint32_t flags) {
    return TRY(make_ref<TmpfsFile>(path, flags, *this));
}

Result<void> TmpfsRegularInode::truncate(std::uint64_t size) {
    if ((size < cache_->size() && (seals & F_SEAL_SHRINK) != 0) ||
        (size > cache_->size() && (seals & F_SEAL_GROW) != 0)) {
        return Errno(EPERM);
    }
    drop_privileges(*this);
    cache_->truncate(size);
    touch_modified();
    return {};
}

Result<Ref<Dentry>> make_tmpfs(std::string_view options) {
    TmpfsFileSystem::Options parsed = default_options();
    TRY(parse_options(options, parsed));
    return make_instance("tmpfs", kTmpfsMagic, parsed);
}

Result<Ref<Dentry>> make_ramfs(std::string_view options) {
    TmpfsFileSystem::Options parsed;
    parsed.mode = 0755;
    TRY(parse_options(options, parsed));
    parsed.maximum_pages = parsed.maximum_inodes = 0;
    return make_instance("ramfs", kRamfsMagic, parsed);
}

Result<Ref<Dentry>> make_rootfs() {
    return make_instance("rootfs", kTmpfsMagic, default_options());
}

Result<Ref<Dentry>> make_devtmpfs() {
    TmpfsFileSystem::Options options = default_options();
    options.mode = 0755;
    return make_instance("devtmpfs", kTmpfsMagic, options);
}

Result<Ref<Dentry>> make_memfd_tmpfs() {
    return make_instance("tmpfs", kTmpfsMagic, {});
}

}  // namespace kernel
