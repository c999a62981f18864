#include "fs/inode.hpp"

#include "fs/extended_attributes.hpp"
#include "fs/file.hpp"
#include "fs/file_lease.hpp"
#include "fs/file_lock.hpp"
#include "fs/file_system.hpp"
#include "fs/pipe.hpp"
#include "time/clock.hpp"

namespace kernel {

Inode::Inode(Ref<FileSystem> file_system, std::uint32_t mode) : file_system_(std::move(file_system)) {
    attributes.number = file_system_->next_inode_number();
    attributes.mode = mode;
    attributes.block_size = file_system_->block_size();
    attributes.link_count = is_directory() ? 2 : 1;
    attributes.accessed = attributes.modified = attributes.changed = attributes.born = current_time();
    file_system_->inode_made();
}

Inode::~Inode() {
    delete locks;
    delete leases;
    delete extended;
    file_system_->inode_gone();
}

Result<Ref<File>> Inode::open_regular(const Path&, std::uint32_t) {
    return Errno(ENXIO);
}

Result<void> Inode::truncate(std::uint64_t) {
    return Errno(EINVAL);
}

Result<LinkTarget> Inode::follow_link() {
    LinkTarget target;
    target.text = TRY(read_link());
    return target;
}

Result<String> Inode::read_link() {
    return Errno(EINVAL);
}

Result<Ref<Dentry>> Inode::lookup(Dentry&, std::string_view) {
    return Errno(ENOENT);
}

Result<void> Inode::list(Dentry&, std::uint64_t&, DirectoryEmitter&) {
    return {};
}

Result<Ref<Inode>> Inode::create(std::uint32_t, DeviceNumber) {
    return Errno(EPERM);
}

Result<Ref<Inode>> Inode::create_symlink(std::string_view) {
    return Errno(EPERM);
}

Result<void> Inode::may_change_entries() {
    return Errno(EPERM);
}

void Inode::entries_changed(int) {
    touch_modified();
}

void Inode::touch_accessed() {
    attributes.accessed = current_time();
}

void Inode::touch_modified() {
    attributes.modified = attributes.changed = current_time();
}

void Inode::touch_changed() {
    attributes.changed = current_time();
}

}  // namespace kernel
