#include "vmm/initramfs/packer.hpp"

#include <fmt/format.h>

#include <array>
#include <span>
#include <string_view>

#include "vmm/initramfs/cpio.hpp"
#include "vmm/initramfs/elf_file.hpp"
#include "vmm/initramfs/library_search.hpp"
#include "vmm/initramfs/tree.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kExecutable = 0755;
constexpr std::uint32_t kReadable = 0644;
constexpr std::uint32_t kSticky = 01777;

struct StandardDirectory {
    std::string_view path;
    std::uint32_t permissions;
};
constexpr std::array kStandardDirectories{
    StandardDirectory{"/bin", kExecutable}, StandardDirectory{"/dev", kExecutable},
    StandardDirectory{"/etc", kExecutable}, StandardDirectory{"/lib", kExecutable},
    StandardDirectory{"/proc", 0555},       StandardDirectory{"/root", 0700},
    StandardDirectory{"/sys", 0555},        StandardDirectory{"/tmp", kSticky},
};

Result<void> add_skeleton(Tree& tree) {
    for (const StandardDirectory& directory : kStandardDirectories) {
        if (const Node* present = tree.find(directory.path); present != nullptr) {
            continue;  // a root brings its own, perhaps as a symlink
        }
        if (auto added = tree.add_directory(directory.path, directory.permissions); !added) {
            return added;
        }
    }
    // Linux opens it for process 1 before anything is mounted (init/main.c, console_on_rootfs).
    Node console;
    console.kind = NodeKind::CharacterDevice;
    console.permissions = 0600;
    console.device_major = 5;
    console.device_minor = 1;
    return tree.add("/dev/console", std::move(console));
}

Result<Node> host_file(const fs::path& path) {
    auto contents = read_host_file(path);
    if (!contents) {
        return std::unexpected(std::move(contents.error()));
    }
    std::error_code error;
    const auto status = fs::status(path, error);
    return make_file(std::move(*contents), static_cast<std::uint32_t>(status.permissions() & fs::perms::mask),
                     path);
}

Result<LoadedObject> add_executable(const fs::path& host, const std::string& guest, Tree& tree) {
    auto node = host_file(host);
    if (!node) {
        return std::unexpected(std::move(node.error()));
    }
    auto elf = read_elf(host.string(), *node->contents);
    if (!elf) {
        return std::unexpected(std::move(elf.error()));
    }
    node->permissions = kExecutable;
    if (auto added = tree.add(guest, std::move(*node)); !added) {
        return std::unexpected(std::move(added.error()));
    }
    return LoadedObject{.guest = guest, .host = host, .elf = std::move(*elf)};
}

Result<void> add_run_description(const PackRequest& request, Tree& tree) {
    const init::Case one{.program = request.guest_program,
                         .arguments = request.arguments,
                         .environment = request.environment,
                         .directory = request.directory,
                         .randomize_addresses = request.randomize_addresses,
                         .batch = request.batch,
                         .input = request.input,
                         .input_bytes = request.input_bytes,
                         .terminal = request.terminal};
    const std::string text = init::format_run_description({.key = request.key, .cases = {one}});
    const auto bytes = std::as_bytes(std::span{text});
    auto contents = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
    return tree.add(init::kRunDescriptionPath, make_file(std::move(contents), kReadable, {}));
}

Result<void> add_init(const fs::path& path, Tree& tree) {
    auto added = add_executable(path, "/init", tree);
    if (!added) {
        return std::unexpected(Error{.kind = Error::Kind::Harness,
                                     .message = fmt::format("Levitate's init: {}", added.error().message)});
    }
    if (!added->elf.interpreter.empty()) {
        return failure(
            Error::Kind::Harness,
            fmt::format("Levitate's init: {} is linked dynamically; build it again", path.string()));
    }
    return {};
}

Result<void> add_harness(const PackRequest& request, Tree& tree) {
    auto added = request.has_init ? Result<void>{} : add_init(request.init, tree);
    return added ? add_run_description(request, tree) : added;
}

// Copies and no links: a kernel that has just learned to unpack an archive may know only files.
Result<void> add_copies(const PackRequest& request, Tree& tree) {
    const Node program = *tree.find(request.guest_program);
    for (const std::string& path : request.program_copies) {
        if (auto added = tree.add(path, program); !added) {
            return added;
        }
    }
    return {};
}

Result<void> add_user_files(const PackRequest& request, Tree& tree) {
    for (const fs::path& root : request.roots) {
        if (auto added = copy_host_directory(root, tree); !added) {
            return added;
        }
    }
    for (const ExtraFile& file : request.files) {
        auto node = host_file(file.host);
        if (!node) {
            return std::unexpected(std::move(node.error()));
        }
        if (auto added = tree.add(file.guest, std::move(*node)); !added) {
            return added;
        }
    }
    return {};
}

PackedFile packed(const LoadedObject& object, const Tree& tree) {
    const Node* const node = tree.find(object.guest);
    return {.guest = object.guest,
            .host = object.host,
            .build_id = object.elf.build_id,
            .contents = node != nullptr ? node->contents : nullptr};
}

}  // namespace

Result<std::vector<std::byte>> pack_init(const fs::path& init) {
    Tree tree;
    if (auto added = add_skeleton(tree); !added) {
        return std::unexpected(std::move(added.error()));
    }
    if (auto added = add_init(init, tree); !added) {
        return std::unexpected(std::move(added.error()));
    }
    return write_cpio(tree);
}

Result<Initramfs> pack(const PackRequest& request) {
    Tree tree;
    Initramfs result;
    if (auto added = add_user_files(request, tree); !added) {
        return std::unexpected(std::move(added.error()));
    }
    for (const auto& [path, node] : tree.nodes()) {
        if (node.kind == NodeKind::File) {
            result.files.push_back(
                {.guest = path, .host = node.host, .build_id = {}, .contents = node.contents});
        }
    }
    if (auto added = add_skeleton(tree); !added) {
        return std::unexpected(std::move(added.error()));
    }
    auto program = add_executable(request.program, request.guest_program, tree);
    if (!program) {
        return std::unexpected(std::move(program.error()));
    }
    std::vector<fs::path> sysroots = request.sysroots;
    const auto defaults = default_sysroots();
    sysroots.insert(sysroots.end(), defaults.begin(), defaults.end());
    auto libraries = add_libraries(*program, sysroots, tree);
    if (!libraries) {
        return std::unexpected(std::move(libraries.error()));
    }
    if (auto added = request.init.empty() ? add_copies(request, tree) : add_harness(request, tree); !added) {
        return std::unexpected(std::move(added.error()));
    }
    result.program = packed(*program, tree);
    for (const LoadedObject& library : *libraries) {
        result.libraries.push_back(packed(library, tree));
    }
    auto archive = write_cpio(tree);
    if (!archive) {
        return std::unexpected(std::move(archive.error()));
    }
    result.archive = std::move(*archive);
    return result;
}

}  // namespace levitate::vmm
