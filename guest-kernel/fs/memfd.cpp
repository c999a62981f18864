#include "fs/memfd.hpp"

#include "fs/mount.hpp"
#include "fs/tmpfs.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {
Dentry* memfd_root = nullptr;  // made once, never destroyed
}  // namespace

Result<void> initialize_memfds() {
    memfd_root = TRY(make_memfd_tmpfs()).leak();
    return {};
}

namespace {

Result<Ref<File>> make_file(Ref<TmpfsRegularInode> inode, std::string_view shown) {
    const Credentials& credentials = Task::current().credentials;
    inode->attributes.link_count = 0;
    inode->attributes.user = credentials.file_system_user;
    inode->attributes.group = credentials.file_system_group;
    Ref<Dentry> entry = TRY(Dentry::make_deleted(*memfd_root, shown, std::move(inode)));
    // Not by open_inode: this first file does not count as a writer (Linux fs/file_table.c, alloc_file).
    const Path path(nullptr, std::move(entry));
    return path.inode().open_regular(path, O_RDWR | O_LARGEFILE);
}

Result<Ref<TmpfsRegularInode>> make_inode() {
    const Ref<TmpfsFileSystem> file_system(&static_cast<TmpfsFileSystem&>(memfd_root->inode().file_system()));
    return TmpfsRegularInode::make(file_system, S_IFREG | 0777);
}

}  // namespace

Result<Ref<File>> make_memfd(std::string_view name, bool sealable) {
    Ref<TmpfsRegularInode> inode = TRY(make_inode());
    if (sealable) {
        inode->seals = 0;
    }
    String shown = TRY(String::copy_of("memfd:"));
    TRY(shown.append(name));
    return make_file(std::move(inode), shown.view());
}

Result<Ref<File>> make_unlinked_file(std::string_view name, std::size_t size) {
    Ref<TmpfsRegularInode> inode = TRY(make_inode());
    TRY(inode->truncate(size));
    return make_file(std::move(inode), name);
}

}  // namespace kernel
