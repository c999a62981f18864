#include "fs/sysfs.hpp"

#include "arch/include/machine.hpp"
#include "fs/file_system.hpp"
#include "fs/namespace.hpp"
#include "fs/text_inode.hpp"

namespace kernel {

namespace {

// The machine has one CPU, number 0, which is a core of a package of its own. Masks and lists of CPUs that it
// alone is in; and the numbers of what it is in.
template <std::int64_t value>
Result<void> number(String& out) {
    TRY(out.append_signed(value));
    return out.append("\n");
}
constexpr auto kOnlyCpu = number<0>;
constexpr auto kMaskOfOne = number<1>;
Result<void> nothing(String& out) {
    return out.append("\n");
}
Result<void> main_id(String& out) {
    TRY(out.append("0x"));
    TRY(out.append_hex(arch::main_id(), 16));
    return out.append("\n");
}

// Nothing is ever made of huge pages.
Result<void> no_huge_pages(String& out) {
    return out.append("always madvise [never]\n");
}
Result<void> no_defragmentation(String& out) {
    return out.append("always defer defer+madvise madvise [never]\n");
}
Result<void> no_huge_pages_in_tmpfs(String& out) {
    return out.append("always within_size advise [never] deny force\n");
}

Result<void> clock_sources(String& out) {
    return out.append("arch_sys_counter \n");
}
Result<void> clock_source(String& out) {
    return out.append("arch_sys_counter\n");
}

// Linux net/core/net-sysfs.c, of lo.
Result<void> loopback_address(String& out) {
    return out.append("00:00:00:00:00:00\n");
}
Result<void> loopback_state(String& out) {
    return out.append("unknown\n");
}

constexpr TextEntry kFiles[] = {
    {"devices/system/cpu/online", 0444, kOnlyCpu},
    {"devices/system/cpu/possible", 0444, kOnlyCpu},
    {"devices/system/cpu/present", 0444, kOnlyCpu},
    {"devices/system/cpu/offline", 0444, nothing},
    {"devices/system/cpu/isolated", 0444, nothing},
    {"devices/system/cpu/kernel_max", 0444, number<0>},
    {"devices/system/cpu/smt/active", 0444, number<0>},
    {"devices/system/cpu/cpu0/regs/identification/midr_el1", 0444, main_id},
    {"devices/system/cpu/cpu0/topology/cluster_id", 0444, number<-1>},
    {"devices/system/cpu/cpu0/topology/core_cpus", 0444, kMaskOfOne},
    {"devices/system/cpu/cpu0/topology/core_cpus_list", 0444, kOnlyCpu},
    {"devices/system/cpu/cpu0/topology/core_id", 0444, number<0>},
    {"devices/system/cpu/cpu0/topology/core_siblings", 0444, kMaskOfOne},
    {"devices/system/cpu/cpu0/topology/core_siblings_list", 0444, kOnlyCpu},
    {"devices/system/cpu/cpu0/topology/package_cpus", 0444, kMaskOfOne},
    {"devices/system/cpu/cpu0/topology/package_cpus_list", 0444, kOnlyCpu},
    {"devices/system/cpu/cpu0/topology/physical_package_id", 0444, number<0>},
    {"devices/system/cpu/cpu0/topology/thread_siblings", 0444, kMaskOfOne},
    {"devices/system/cpu/cpu0/topology/thread_siblings_list", 0444, kOnlyCpu},
    {"devices/system/clocksource/clocksource0/available_clocksource", 0444, clock_sources},
    {"devices/system/clocksource/clocksource0/current_clocksource", 0444, clock_source},
    {"devices/system/node/has_cpu", 0444, kOnlyCpu},
    {"devices/system/node/has_memory", 0444, kOnlyCpu},
    {"devices/system/node/online", 0444, kOnlyCpu},
    {"devices/system/node/possible", 0444, kOnlyCpu},
    {"devices/system/node/node0/cpulist", 0444, kOnlyCpu},
    {"devices/system/node/node0/cpumap", 0444, kMaskOfOne},
    {"devices/system/node/node0/distance", 0444, number<10>},
    {"class/net/lo/address", 0444, loopback_address},
    {"class/net/lo/ifindex", 0444, number<1>},
    {"class/net/lo/mtu", 0444, number<65536>},
    {"class/net/lo/operstate", 0444, loopback_state},
    {"class/net/lo/type", 0444, number<772>},  // ARPHRD_LOOPBACK
    {"kernel/mm/transparent_hugepage/enabled", 0444, no_huge_pages},
    {"kernel/mm/transparent_hugepage/defrag", 0444, no_defragmentation},
    {"kernel/mm/transparent_hugepage/shmem_enabled", 0444, no_huge_pages_in_tmpfs},
    {"kernel/mm/transparent_hugepage/use_zero_page", 0444, number<0>},
    {"kernel/fscaps", 0444, number<0>},
};

// Directories that have nothing in them.
constexpr std::string_view kEmptyDirectories[] = {"block", "dev", "fs", "module"};

class SysfsFileSystem final : public FileSystem {
  public:
    SysfsFileSystem() : FileSystem("sysfs", kSysfsMagic) {}
    AttributeSupport attribute_support() const override { return AttributeSupport::Names; }
};

// Made once, never destroyed.
Dentry* made_sysfs = nullptr;

}  // namespace

Result<Ref<Dentry>> sysfs_root(std::string_view) {
    if (made_sysfs != nullptr) {
        return Ref<Dentry>(made_sysfs);
    }
    Ref<FileSystem> file_system = TRY(make_ref<SysfsFileSystem>());
    Ref<Inode> inode = TRY(make_ref<FixedDirectoryInode>(std::move(file_system), 0555U, EPERM));
    Ref<Dentry> made = TRY(Dentry::make_root(std::move(inode)));
    TRY(add_text_files(*made, kFiles, EPERM));
    for (const std::string_view name : kEmptyDirectories) {
        Ref<FileSystem> owner(&made->inode().file_system());
        TRY(add_entry(*made, name, TRY(make_ref<FixedDirectoryInode>(std::move(owner), 0755U, EPERM))));
    }
    made_sysfs = made.leak();
    return Ref<Dentry>(made_sysfs);
}

}  // namespace kernel
