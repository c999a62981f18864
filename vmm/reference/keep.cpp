#include "vmm/reference/keep.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "vmm/cache/folder_cache.hpp"
#include "vmm/initramfs/packer.hpp"
#include "vmm/initramfs/tree.hpp"
#include "vmm/reference/store.hpp"
#include "vmm/run/prepare.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFolderPermissions = 0755;

Error cannot_write(const fs::path& path, int error) {
    return {
        .kind = Error::Kind::Harness,
        .message = fmt::format("cannot write {}: {}", path.string(), std::generic_category().message(error))};
}

Result<void> write_file(const Node& node, const fs::path& path) {
    std::ofstream file{path, std::ios::binary};
    file.write(reinterpret_cast<const char*>(node.contents->data()),
               static_cast<std::streamsize>(node.contents->size()));
    file.close();
    if (!file) {
        return std::unexpected(cannot_write(path, errno));
    }
    return {};
}

mode_t type_of(NodeKind kind) {
    return kind == NodeKind::CharacterDevice ? S_IFCHR : kind == NodeKind::BlockDevice ? S_IFBLK : S_IFIFO;
}

Result<void> write_node(const Node& node, const fs::path& path) {
    std::error_code error;
    switch (node.kind) {
        case NodeKind::Directory:
            fs::create_directories(path, error);
            break;
        case NodeKind::File:
            if (auto written = write_file(node, path); !written) {
                return written;
            }
            break;
        case NodeKind::Symlink:
            fs::create_symlink(node.target, path, error);
            break;
        case NodeKind::CharacterDevice:
        case NodeKind::BlockDevice:
        case NodeKind::Fifo:
            if (::mknod(path.c_str(), type_of(node.kind) | S_IRUSR | S_IWUSR,
                        ::makedev(node.device_major, node.device_minor)) != 0) {
                error = {errno, std::generic_category()};
            }
            break;
    }
    if (error) {
        return std::unexpected(cannot_write(path, error.value()));
    }
    return {};
}

Result<void> write_tree(const Tree& tree, const fs::path& folder) {
    for (const auto& [path, node] : tree.nodes()) {
        if (auto written = write_node(node, folder / path.substr(1)); !written) {
            return written;
        }
    }
    // A directory that may not be written gets its permissions after what it holds, which comes later.
    for (auto entry = tree.nodes().rbegin(); entry != tree.nodes().rend(); ++entry) {
        const fs::path path = folder / entry->first.substr(1);
        if (entry->second.kind != NodeKind::Symlink &&
            ::chmod(path.c_str(), entry->second.permissions) != 0) {
            return std::unexpected(cannot_write(path, errno));
        }
    }
    return {};
}

// What stands in the guest's root beside the program: what was given, and the libraries.
Result<Tree> root_of(const RunSpec& spec, const Initramfs& initramfs) {
    Tree tree;
    for (const fs::path& root : spec.roots) {
        if (auto copied = copy_host_directory(root, tree); !copied) {
            return std::unexpected(copied.error());
        }
    }
    const auto add = [&tree](const std::string& guest, const fs::path& host,
                             const FileContents& contents) -> Result<void> {
        std::error_code error;
        const auto permissions =
            static_cast<std::uint32_t>(fs::status(host, error).permissions() & fs::perms::mask);
        return tree.add(guest, make_file(contents, permissions, host));
    };
    for (const FileMapping& file : spec.files) {
        const auto contents = read_host_file(file.host);
        if (!contents) {
            return std::unexpected(contents.error());
        }
        if (auto added = add(file.guest, file.host, *contents); !added) {
            return std::unexpected(added.error());
        }
    }
    for (const PackedFile& library : initramfs.libraries) {
        // A library that a root brings has its place there already, perhaps behind a symlink.
        if (tree.find(library.guest) != nullptr) {
            continue;
        }
        if (auto added = add(library.guest, library.host, library.contents); !added) {
            return std::unexpected(added.error());
        }
    }
    return tree;
}

Result<void> write_golden(const fs::path& folder, const RunSpec& given, const ReferenceKey& key,
                          const std::vector<traces::Trace>& recordings) {
    const auto spec = complete_spec(given);
    if (!spec) {
        return std::unexpected(spec.error());
    }
    const auto initramfs = pack(pack_request(*spec));
    if (!initramfs) {
        return std::unexpected(initramfs.error());
    }
    const auto root = root_of(*spec, *initramfs);
    if (!root) {
        return std::unexpected(root.error());
    }
    if (auto written = write_recordings(folder, key, recordings); !written) {
        return written;
    }
    if (root->nodes().size() > 1) {
        if (auto written = write_tree(*root, folder / kGoldenRoot); !written) {
            return written;
        }
    }
    const fs::path program = folder / fs::path{initramfs->program.guest}.filename();
    const Node node = make_file(initramfs->program.contents, kFolderPermissions, spec->program);
    auto written = write_file(node, program);
    if (written && (::chmod(program.c_str(), kFolderPermissions) != 0 ||
                    ::chmod(folder.c_str(), kFolderPermissions) != 0)) {
        return std::unexpected(cannot_write(folder, errno));
    }
    return written;
}

}  // namespace

Result<void> check_golden_folder(const fs::path& folder) {
    std::error_code error;
    const bool absent = !fs::exists(folder, error);
    if (absent || (fs::is_directory(folder, error) && fs::is_empty(folder, error)) ||
        is_kept_reference(folder)) {
        return {};
    }
    return failure(
        Error::Kind::Usage,
        fmt::format("{}: holds something else than a reference; name another folder", folder.string()));
}

Result<void> keep_as_golden(const fs::path& folder, const RunSpec& spec, const ReferenceKey& key,
                            const std::vector<traces::Trace>& recordings) {
    if (auto checked = check_golden_folder(folder); !checked) {
        return checked;
    }
    std::error_code error;
    const fs::path place = fs::absolute(folder / "", error).parent_path();
    fs::create_directories(place.parent_path(), error);
    const auto scratch = make_scratch_folder(place.parent_path());
    if (!scratch) {
        return std::unexpected(scratch.error());
    }
    auto kept = write_golden(*scratch, spec, key, recordings);
    if (kept) {
        kept = move_into_place(*scratch, place);
    }
    fs::remove_all(*scratch, error);
    return kept;
}

}  // namespace levitate::vmm
