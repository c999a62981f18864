#include "fs/devpts.hpp"

#include "fs/device.hpp"
#include "fs/mount.hpp"
#include "fs/namespace.hpp"
#include "fs/text_inode.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::uint32_t kDevptsMagic = 0x1cd1;  // DEVPTS_SUPER_MAGIC
constexpr std::uint32_t kDevptsBlockSize = 1024;
constexpr std::uint32_t kModeBits = 07777;
constexpr std::uint64_t kSystemMaximum = 4096;  // /proc/sys/kernel/pty/max
constexpr std::uint64_t kFirstSlaveInode = 3;

constinit std::uint64_t pair_count = 0;

class SlaveInode final : public Inode {
  public:
    SlaveInode(Ref<FileSystem> file_system, std::uint32_t mode, unsigned index, Ref<RefCounted> slave)
        : Inode(std::move(file_system), S_IFCHR | mode), slave_(std::move(slave)) {
        attributes.device = {.major = kSlaveMajor, .minor = index};
        attributes.number = kFirstSlaveInode + index;
    }
    const Ref<RefCounted>& slave() const { return slave_; }

  private:
    Ref<RefCounted> slave_;
};

class MasterInode final : public Inode {
  public:
    MasterInode(Ref<FileSystem> file_system, std::uint32_t mode)
        : Inode(std::move(file_system), S_IFCHR | mode) {
        attributes.device = devices::kPtmx;
    }
};

Result<std::uint32_t> parse(std::string_view text, unsigned base) {
    std::uint64_t value = 0;
    for (const char digit : text) {
        if (digit < '0' || digit >= static_cast<char>('0' + base) || value > ~std::uint32_t{0}) {
            return Errno(EINVAL);
        }
        value = value * base + static_cast<std::uint64_t>(digit - '0');
    }
    return text.empty() || value > ~std::uint32_t{0} ? Result<std::uint32_t>(Errno(EINVAL))
                                                     : static_cast<std::uint32_t>(value);
}

Result<void> apply_option(std::string_view option, DevptsFileSystem::Options& options) {
    constexpr unsigned kOctal = 8;
    constexpr unsigned kDecimal = 10;
    const std::size_t equals = option.find('=');
    const std::string_view key = option.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : option.substr(equals + 1);
    if (option == "newinstance") {
        // Every mount is one.
    } else if (key == "uid") {
        options.user = TRY(parse(value, kDecimal));
    } else if (key == "gid") {
        options.group = TRY(parse(value, kDecimal));
    } else if (key == "mode") {
        options.mode = TRY(parse(value, kOctal)) & kModeBits;
    } else if (key == "ptmxmode") {
        options.master_mode = TRY(parse(value, kOctal)) & kModeBits;
    } else if (key == "max") {
        const std::uint32_t maximum = TRY(parse(value, kDecimal));
        if (maximum > options.maximum) {
            return Errno(EINVAL);
        }
        options.maximum = maximum;
    } else {
        return Errno(EINVAL);
    }
    return {};
}

Result<DevptsFileSystem::Options> parse_options(std::string_view text) {
    DevptsFileSystem::Options options;
    while (!text.empty()) {
        const std::size_t end = text.find(',');
        if (end != 0) {
            TRY(apply_option(text.substr(0, end), options));
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return options;
}

}  // namespace

DevptsFileSystem::DevptsFileSystem(const Options& options)
    : FileSystem("devpts", kDevptsMagic, kDevptsBlockSize), options_(options) {}

void DevptsFileSystem::describe_options(TextBuffer& out) {
    constexpr std::size_t kModeDigits = 3;
    if (options_.user) {
        out.text(",uid=").decimal(*options_.user);
    }
    if (options_.group) {
        out.text(",gid=").decimal(*options_.group);
    }
    out.text(",mode=").octal(options_.mode, kModeDigits);
    out.text(",ptmxmode=").octal(options_.master_mode, kModeDigits);
    if (options_.maximum < Options{}.maximum) {
        out.text(",max=").decimal(options_.maximum);
    }
}

Result<unsigned> DevptsFileSystem::take_index() {
    unsigned index = 0;
    while (index < taken_.size() && taken_[index]) {
        index++;
    }
    if (index >= options_.maximum || pair_count >= kSystemMaximum) {
        return Errno(ENOSPC);
    }
    if (index == taken_.size()) {
        TRY(taken_.push_back(true));
    }
    taken_[index] = true;
    pair_count++;
    return index;
}

void DevptsFileSystem::release_index(unsigned index) {
    taken_[index] = false;
    pair_count--;
}

std::uint64_t pseudo_terminal_count() {
    return pair_count;
}

Result<Ref<Dentry>> make_devpts(std::string_view text) {
    const DevptsFileSystem::Options options = TRY(parse_options(text));
    const Ref<DevptsFileSystem> file_system = TRY(make_ref<DevptsFileSystem>(options));
    Ref<Inode> directory = TRY(make_ref<FixedDirectoryInode>(file_system, 0755U, EPERM));
    Ref<Dentry> root = TRY(Dentry::make_root(std::move(directory)));
    Ref<Inode> master = TRY(make_ref<MasterInode>(file_system, options.master_mode));
    TRY(add_entry(*root, "ptmx", std::move(master)));
    return root;
}

Result<Path> devpts_of(const Path& ptmx) {
    if (ptmx.inode().file_system().magic() == kDevptsMagic) {
        return Path(ptmx.mount, ptmx.mount->root());
    }
    Dentry* directory = ptmx.dentry->parent();
    Dentry* place = directory == nullptr ? nullptr : directory->find_child("pts");
    if (place == nullptr) {
        return Errno(ENOENT);
    }
    Mount* mount = mount_on(Path(ptmx.mount, Ref<Dentry>(place)));
    if (mount == nullptr || mount->file_system().magic() != kDevptsMagic) {
        return Errno(ENODEV);
    }
    return Path(Ref<Mount>(mount), mount->root());
}

Result<Ref<Dentry>> add_slave_node(Dentry& root, unsigned index, Ref<RefCounted> slave) {
    Ref<FileSystem> file_system(&root.inode().file_system());
    const DevptsFileSystem::Options& options = static_cast<DevptsFileSystem&>(*file_system).options();
    Ref<Inode> inode =
        TRY(make_ref<SlaveInode>(std::move(file_system), options.mode, index, std::move(slave)));
    const Credentials& creator = Task::current().credentials;
    inode->attributes.user = options.user.value_or(creator.file_system_user);
    inode->attributes.group = options.group.value_or(creator.file_system_group);
    String name;
    TRY(name.append_decimal(index));
    return add_entry(root, name.view(), std::move(inode));
}

RefPtr<RefCounted> slave_of(const Path& node) {
    Inode& inode = node.inode();
    if (inode.file_system().magic() != kDevptsMagic || inode.attributes.device.major != kSlaveMajor) {
        return nullptr;
    }
    return static_cast<SlaveInode&>(inode).slave();
}

}  // namespace kernel
