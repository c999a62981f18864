#include "fs/procfs_parts.hpp"

#include "fs/dentry.hpp"
#include "fs/file_system.hpp"

namespace kernel {

namespace {

// As AppArmor answers for a task without a profile; the other modules have nothing to say.
Result<void> append_confinement(String& out) {
    return out.append("unconfined\n");
}

Result<void> append_nothing_known(String&) {
    return Errno(EINVAL);
}

Result<void> refuse(std::string_view) {
    return Errno(EINVAL);
}

constexpr TextEntry kSecurityTexts[] = {
    {"current", 0666, append_confinement, refuse},
    {"exec", 0666, append_nothing_known, refuse},
    {"fscreate", 0666, append_nothing_known, refuse},
    {"keycreate", 0666, append_nothing_known, refuse},
    {"prev", 0444, append_nothing_known},
    {"sockcreate", 0666, append_nothing_known, refuse},
};

}  // namespace

Result<Ref<Dentry>> TextDirectoryInode::lookup(Dentry& directory, std::string_view name) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const TextEntry& entry = entries_[i];
        if (entry.path == name) {
            Ref<FileSystem> owner(&file_system());
            Ref<Inode> inode = TRY(
                make_ref<FixedTextInode>(std::move(owner), entry.permissions, entry.generate, entry.store));
            inode->attributes.number = first_number_ + i;
            return Dentry::make(directory, name, std::move(inode));
        }
    }
    return Errno(ENOENT);
}

Result<void> TextDirectoryInode::list(Dentry&, std::uint64_t& cursor, DirectoryEmitter& emitter) {
    while (cursor < entries_.size() &&
           emitter.emit(entries_[cursor].path, first_number_ + cursor, FileType::Regular)) {
        ++cursor;
    }
    return {};
}

std::span<const TextEntry> security_texts() {
    return kSecurityTexts;
}

}  // namespace kernel
