#include "fs/devtmpfs.hpp"

#include "fs/device.hpp"
#include "fs/namespace.hpp"
#include "fs/tmpfs.hpp"

namespace kernel {

namespace {

struct Node {
    std::string_view name;
    DeviceNumber device;
    std::uint32_t mode;
};

// Modes as Linux's drivers ask for them (drivers/char/mem.c; tty_io.c).
constexpr Node kNodes[] = {
    {"null", devices::kNull, 0666},       {"zero", devices::kZero, 0666},
    {"full", devices::kFull, 0666},       {"random", devices::kRandom, 0666},
    {"urandom", devices::kUrandom, 0666}, {"tty", devices::kTty, 0666},
    {"console", devices::kConsole, 0600}, {"ptmx", devices::kPtmx, 0666},
    {"ttyAMA0", devices::kSerial, 0600},
};

// Made once, never destroyed.
Dentry* made_devtmpfs = nullptr;

}  // namespace

Result<Ref<Dentry>> devtmpfs_root(std::string_view) {
    if (made_devtmpfs != nullptr) {
        return Ref<Dentry>(made_devtmpfs);
    }
    Ref<Dentry> made = TRY(make_devtmpfs());
    for (const Node& node : kNodes) {
        Ref<Inode> inode = TRY(made->inode().create(S_IFCHR | node.mode, node.device));
        TRY(add_entry(*made, node.name, std::move(inode)));
    }
    made_devtmpfs = made.leak();
    return Ref<Dentry>(made_devtmpfs);
}

}  // namespace kernel
