#include "fs/sysfs.hpp"

#include "fs/file_system.hpp"
#include "fs/text_inode.hpp"

namespace kernel {

namespace {

// The machine has one CPU, number 0.
Result<void> cpu_list(String& out) {
    return out.append("0\n");
}
Result<void> no_cpus(String& out) {
    return out.append("\n");
}
Result<void> highest_cpu(String& out) {
    return out.append("0\n");
}

constexpr TextEntry kFiles[] = {
    {"devices/system/cpu/online", 0444, cpu_list},        {"devices/system/cpu/possible", 0444, cpu_list},
    {"devices/system/cpu/present", 0444, cpu_list},       {"devices/system/cpu/offline", 0444, no_cpus},
    {"devices/system/cpu/kernel_max", 0444, highest_cpu},
};

class SysfsFileSystem final : public FileSystem {
  public:
    SysfsFileSystem() : FileSystem("sysfs", kSysfsMagic) {}
    AttributeSupport attribute_support() const override { return AttributeSupport::Names; }
};

// Made once, never destroyed.
Dentry* root = nullptr;

}  // namespace

Result<Ref<Dentry>> sysfs_root(std::string_view) {
    if (root != nullptr) {
        return Ref<Dentry>(root);
    }
    Ref<FileSystem> file_system = TRY(make_ref<SysfsFileSystem>());
    Ref<Inode> inode = TRY(make_ref<FixedDirectoryInode>(std::move(file_system), 0555U, EPERM));
    Ref<Dentry> made = TRY(Dentry::make_root(std::move(inode)));
    TRY(add_text_files(*made, kFiles, EPERM));
    root = made.leak();
    return Ref<Dentry>(root);
}

}  // namespace kernel
