#include "fs/anonymous.hpp"

#include "fs/file_system.hpp"
#include "fs/mount.hpp"
#include "fs/text_buffer.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kAnonymousMagic = 0x09041934;  // ANON_INODE_FS_MAGIC

// Made at start, never destroyed.
Dentry* anonymous_root = nullptr;

}  // namespace

Result<void> initialize_anonymous_files() {
    Ref<FileSystem> file_system = TRY(make_ref<FileSystem>("anon_inodefs", kAnonymousMagic));
    Ref<Inode> inode = TRY(make_ref<Inode>(std::move(file_system), 0600U));
    anonymous_root = TRY(Dentry::make_root(std::move(inode))).leak();
    return {};
}

Result<Path> anonymous_path(std::string_view kind) {
    return unmounted_path(kind, anonymous_root->inode_ref());
}

Result<Path> unmounted_path(std::string_view name, Ref<Inode> inode) {
    return Path(nullptr, TRY(Dentry::make(*anonymous_root, name, std::move(inode))));
}

void AnonymousFile::describe_name(TextBuffer& out) const {
    out.text("anon_inode:").text(path().dentry->name());
}

}  // namespace kernel
