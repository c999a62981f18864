// devpts: a directory of the slaves of pseudo-terminals, each of which is there while its master is open
// (Linux fs/devpts/inode.c; Documentation/filesystems/devpts.rst).
#pragma once

#include <optional>
#include <string_view>

#include "fs/file_system.hpp"
#include "fs/path.hpp"
#include "lib/vector.hpp"

namespace kernel {

class Dentry;

inline constexpr std::uint32_t kSlaveMajor = 136;  // UNIX98_PTY_SLAVE_MAJOR

class DevptsFileSystem final : public FileSystem {
  public:
    struct Options {
        std::optional<std::uint32_t> user;  // of new slaves; else that of who opens the master
        std::optional<std::uint32_t> group;
        std::uint32_t mode = 0600;
        std::uint32_t master_mode = 0;  // of its node ptmx
        unsigned maximum = 1U << 20;    // of slaves (NR_UNIX98_PTY_MAX)
    };
    explicit DevptsFileSystem(const Options& options);

    const Options& options() const { return options_; }
    void describe_options(TextBuffer& out) override;

    // The lowest number that no pair has. ENOSPC.
    Result<unsigned> take_index();
    void release_index(unsigned index);

  private:
    Options options_;
    Vector<bool> taken_;
};

// For mount(2): a new instance. EINVAL for an option that is not known.
Result<Ref<Dentry>> make_devpts(std::string_view options);

// The root of the devpts that a ptmx node belongs to: the one that it is in, or the one mounted on "pts"
// beside it (Linux devpts_acquire). ENOENT, ENODEV.
Result<Path> devpts_of(const Path& ptmx);
// Makes the node of a slave: an object of the terminals, which is given back by slave_of.
Result<Ref<Dentry>> add_slave_node(Dentry& root, unsigned index, Ref<RefCounted> slave);
// The slave that a node stands for, null: none.
RefPtr<RefCounted> slave_of(const Path& node);
// How many pairs there are, of all instances.
std::uint64_t pseudo_terminal_count();

}  // namespace kernel
