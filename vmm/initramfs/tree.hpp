// A root file system in the making: what will stand in the initramfs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/error.hpp"

namespace levitate::vmm {

enum class NodeKind { Directory, File, Symlink, CharacterDevice, BlockDevice, Fifo };

using FileContents = std::shared_ptr<const std::vector<std::byte>>;

struct Node {
    NodeKind kind = NodeKind::File;
    std::uint32_t permissions = 0644;  // the low twelve bits of a mode
    FileContents contents;             // File; never null there
    std::filesystem::path host;        // where the contents came from; empty: not from a file
    std::string target;                // Symlink
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
};

Node make_directory(std::uint32_t permissions);
Node make_file(FileContents contents, std::uint32_t permissions, std::filesystem::path host);

// "/a/./b//../c" as "/a/c"; ".." at the root stays there. Precondition: `path` is absolute.
std::string normalize_guest_path(std::string_view path);

class Tree {
  public:
    // Only "/".
    Tree();

    // Adds a node, and the directories above it that are missing. A symlink that stands in the tree where a
    // directory is needed is followed, as the kernel would when it unpacks. Whatever is already there is
    // replaced, except that a directory keeps its children and gets the new permissions. Error: a directory
    // is replaced by something else or the reverse, a file stands where a directory is needed, or symlinks
    // form a loop.
    Result<void> add(std::string_view path, Node node);
    Result<void> add_directory(std::string_view path, std::uint32_t permissions);

    // Follows symlinks; nullptr: nothing there.
    const Node* find(std::string_view path) const;

    // By path; a directory comes before what it holds.
    const std::map<std::string, Node>& nodes() const { return nodes_; }

  private:
    enum class LastComponent { Follow, Keep };
    // `path` with the tree's own symlinks resolved; empty: they form a loop.
    std::string resolve(std::string_view path, LastComponent last) const;

    std::map<std::string, Node> nodes_;
};

// Reads a host file whole.
Result<FileContents> read_host_file(const std::filesystem::path& path);

// Copies what `directory` holds into the root of the tree: files, directories, symlinks, FIFOs and device
// nodes, with their permissions. Owners become root; hard links become files of their own; sockets are left
// out.
Result<void> copy_host_directory(const std::filesystem::path& directory, Tree& tree);

}  // namespace levitate::vmm
