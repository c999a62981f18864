#include "vmm/initramfs/cpio.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace levitate::vmm {
namespace {

constexpr std::size_t kHeaderSize = 110;
constexpr std::size_t kAlignment = 4;
constexpr std::string_view kTrailer = "TRAILER!!!";

constexpr std::size_t padded(std::size_t size) {
    return (size + kAlignment - 1) / kAlignment * kAlignment;
}

// File types as in the mode of struct stat on Linux (man 7 inode).
std::uint32_t type_bits(NodeKind kind) {
    switch (kind) {
        case NodeKind::Directory:
            return 0040000;
        case NodeKind::File:
            return 0100000;
        case NodeKind::Symlink:
            return 0120000;
        case NodeKind::CharacterDevice:
            return 0020000;
        case NodeKind::BlockDevice:
            return 0060000;
        case NodeKind::Fifo:
            return 0010000;
    }
    return 0;
}

std::span<const std::byte> contents_of(const Node& node) {
    if (node.kind == NodeKind::Symlink) {
        return std::as_bytes(std::span{node.target});
    }
    return node.contents ? std::span{*node.contents} : std::span<const std::byte>{};
}

void append(std::vector<std::byte>& archive, std::span<const std::byte> bytes) {
    archive.insert(archive.end(), bytes.begin(), bytes.end());
    archive.resize(padded(archive.size()));
}

struct Entry {
    std::uint32_t inode = 0;
    std::uint32_t mode = 0;
    std::uint32_t links = 1;
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
};

void append_entry(std::vector<std::byte>& archive, const Entry& entry, std::string_view name,
                  std::span<const std::byte> contents) {
    // magic, ino, mode, uid, gid, nlink, mtime, filesize, major, minor, rmajor, rminor, namesize, check
    const std::string header =
        fmt::format("070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}",
                    entry.inode, entry.mode, 0, 0, entry.links, kGuestEpoch, contents.size(), 0, 0,
                    entry.device_major, entry.device_minor, name.size() + 1, 0);
    const auto header_bytes = std::as_bytes(std::span{header});
    archive.insert(archive.end(), header_bytes.begin(), header_bytes.end());
    const auto name_bytes = std::as_bytes(std::span{name});
    archive.insert(archive.end(), name_bytes.begin(), name_bytes.end());
    archive.push_back(std::byte{0});
    archive.resize(padded(archive.size()));
    append(archive, contents);
}

std::size_t archive_size(const Tree& tree) {
    std::size_t size = padded(kHeaderSize + kTrailer.size() + 1);
    for (const auto& [path, node] : tree.nodes()) {
        size += padded(kHeaderSize + path.size()) + padded(contents_of(node).size());
    }
    return size;
}

}  // namespace

Result<std::vector<std::byte>> write_cpio(const Tree& tree) {
    std::vector<std::byte> archive;
    archive.reserve(archive_size(tree));
    std::uint32_t inode = 0;
    for (const auto& [path, node] : tree.nodes()) {
        const auto contents = contents_of(node);
        if (contents.size() > std::numeric_limits<std::uint32_t>::max()) {
            return failure(
                Error::Kind::Usage,
                fmt::format("{}: too large for an initramfs, which holds files of up to 4 GiB", path));
        }
        append_entry(archive,
                     {.inode = ++inode,
                      .mode = type_bits(node.kind) | node.permissions,
                      .links = node.kind == NodeKind::Directory ? 2U : 1U,
                      .device_major = node.device_major,
                      .device_minor = node.device_minor},
                     path == "/" ? std::string_view{"."} : std::string_view{path}.substr(1), contents);
    }
    append_entry(archive, {}, kTrailer, {});
    return archive;
}

}  // namespace levitate::vmm
