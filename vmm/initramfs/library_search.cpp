#include "vmm/initramfs/library_search.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <deque>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

// ld.so's own directories: Debian's multiarch ones first, as its glibc is built, then those of every libc.
constexpr std::array<std::string_view, 6> kLibraryDirectories{
    "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib", "/usr/lib", "/lib64", "/usr/lib64"};

constexpr std::uint32_t kLibraryPermissions = 0755;

// One directory to look in: where it is in the guest, and a directory of the host that holds the same files,
// beside those that the sysroots give.
struct SearchDirectory {
    std::string guest;
    std::optional<fs::path> host;
};

struct Object {
    LoadedObject loaded;
    const Object* loader = nullptr;
};

// Replaces $ORIGIN and ${ORIGIN} by `origin`.
std::string expand_origin(std::string text, const std::string& origin) {
    for (const std::string_view name : {"$ORIGIN", "${ORIGIN}"}) {
        for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + origin.size())) {
            text.replace(at, name.size(), origin);
        }
    }
    return text;
}

void append_run_paths(const std::vector<std::string>& paths, const LoadedObject& object,
                      std::vector<SearchDirectory>& directories) {
    const std::string guest_origin = fs::path{object.guest}.parent_path().string();
    for (const std::string& path : paths) {
        const std::string guest = expand_origin(path, guest_origin);
        if (!guest.starts_with('/')) {
            continue;  // relative to the working directory, which a program may change
        }
        SearchDirectory directory{.guest = normalize_guest_path(guest), .host = std::nullopt};
        if (guest != path && !object.host.empty()) {
            directory.host = expand_origin(path, object.host.parent_path().string());
        }
        directories.push_back(std::move(directory));
    }
}

// The directories that the object itself and its loaders name.
std::vector<SearchDirectory> run_paths_of(const Object& object) {
    std::vector<SearchDirectory> directories;
    if (object.loaded.elf.runpath.empty()) {
        for (const Object* one = &object; one != nullptr; one = one->loader) {
            if (one->loaded.elf.runpath.empty()) {
                append_run_paths(one->loaded.elf.rpath, one->loaded, directories);
            }
        }
    }
    append_run_paths(object.loaded.elf.runpath, object.loaded, directories);
    return directories;
}

// `path` under `sysroot`. An absolute symlink inside the sysroot means a place in the sysroot, not in the
// host.
fs::path under_sysroot(const fs::path& sysroot, const std::string& path) {
    fs::path place = sysroot / path.substr(1);
    std::error_code error;
    constexpr int kMaximumSymlinks = 40;
    for (int count = 0; count < kMaximumSymlinks && fs::is_symlink(place, error); ++count) {
        const fs::path target = fs::read_symlink(place, error);
        place = target.is_absolute() ? sysroot / target.relative_path() : place.parent_path() / target;
    }
    return place;
}

class Search {
  public:
    Search(std::span<const fs::path> sysroots, Tree& tree) : sysroots_(sysroots), tree_(tree) {}

    Result<std::vector<LoadedObject>> run(const LoadedObject& program) {
        objects_.push_back({.loaded = program, .loader = nullptr});
        if (!program.elf.interpreter.empty()) {
            if (auto added = add_interpreter(program); !added) {
                return std::unexpected(std::move(added.error()));
            }
        }
        // objects_ grows while it is walked: a deque keeps its elements where they are.
        for (std::size_t index = 0; index < objects_.size(); ++index) {
            for (const std::string& name : objects_[index].loaded.elf.needed) {
                if (auto added = add_needed(objects_[index], name); !added) {
                    return std::unexpected(std::move(added.error()));
                }
            }
        }
        if (!missing_.empty()) {
            return failure(
                Error::Kind::NotFound,
                fmt::format("{}; not in {}; install {} for arm64, give --sysroot, or put {} into the "
                            "guest with --file",
                            fmt::join(missing_, "; "), sysroot_list(),
                            missing_.size() == 1 ? "its package" : "their packages",
                            missing_.size() == 1 ? "it" : "them"));
        }
        std::vector<LoadedObject> result;
        for (std::size_t index = 1; index < objects_.size(); ++index) {
            result.push_back(std::move(objects_[index].loaded));
        }
        return result;
    }

  private:
    Result<void> add_interpreter(const LoadedObject& program) {
        const std::string path = normalize_guest_path(program.elf.interpreter);
        auto found = try_place(path, {}, &objects_.front());
        if (!found) {
            return std::unexpected(std::move(found.error()));
        }
        if (!*found) {
            return failure(Error::Kind::NotFound,
                           fmt::format("{}: its interpreter {} is not in {}; install libc6:arm64 (Debian: "
                                       "dpkg --add-architecture arm64), give --sysroot, or link statically",
                                       program.host.string(), path, sysroot_list()));
        }
        loaded_names_.insert(fs::path{path}.filename().string());
        return {};
    }

    Result<void> add_needed(const Object& object, const std::string& name) {
        if (!loaded_names_.insert(name).second) {
            return {};
        }
        auto found = name.find('/') != std::string::npos
                         ? try_place(normalize_guest_path("/" + name), {}, &object)
                         : search(object, name);
        if (!found) {
            return std::unexpected(std::move(found.error()));
        }
        if (*found) {
            return {};
        }
        missing_.push_back(fmt::format(
            "{}: needs the library {}",
            object.loaded.host.empty() ? object.loaded.guest : object.loaded.host.string(), name));
        return {};
    }

    // Looks for the library in every place that ld.so would search. False: it is in none of them.
    Result<bool> search(const Object& object, const std::string& name) {
        for (const SearchDirectory& directory : run_paths_of(object)) {
            const std::string path = normalize_guest_path(directory.guest + "/" + name);
            auto found = try_place(path, directory.host ? *directory.host / name : fs::path{}, &object);
            if (!found || *found) {
                return found;
            }
        }
        for (const std::string_view directory : kLibraryDirectories) {
            const std::string path = fmt::format("{}/{}", directory, name);
            if (const Node* node = tree_.find(path); node != nullptr && node->kind == NodeKind::File) {
                return take(path, *node, &object);
            }
        }
        // Searches one sysroot fully before the next one, so that libraries that belong together come from
        // the same place.
        for (const fs::path& sysroot : sysroots_) {
            for (const std::string_view directory : kLibraryDirectories) {
                const std::string path = fmt::format("{}/{}", directory, name);
                auto found = try_host_file(under_sysroot(sysroot, path), path, &object);
                if (!found || *found) {
                    return found;
                }
            }
        }
        return false;
    }

    // Looks for the file that will stand at `path`: in the tree, at `beside` unless that is empty, and in
    // the sysroots. False: it is in none of them.
    Result<bool> try_place(const std::string& path, const fs::path& beside, const Object* loader) {
        if (const Node* node = tree_.find(path); node != nullptr && node->kind == NodeKind::File) {
            return take(path, *node, loader);
        }
        std::vector<fs::path> places;
        if (!beside.empty()) {
            places.push_back(beside);
        }
        for (const fs::path& sysroot : sysroots_) {
            places.push_back(under_sysroot(sysroot, path));
        }
        for (const fs::path& place : places) {
            auto found = try_host_file(place, path, loader);
            if (!found || *found) {
                return found;
            }
        }
        return false;
    }

    Result<bool> try_host_file(const fs::path& place, const std::string& path, const Object* loader) {
        std::error_code error;
        if (!fs::is_regular_file(place, error)) {
            return false;
        }
        auto contents = read_host_file(place);
        if (!contents) {
            return std::unexpected(std::move(contents.error()));
        }
        // ld.so passes over a library for another machine; on a host of another kind there are many.
        if (!is_aarch64_elf(**contents)) {
            return false;
        }
        const Node node = make_file(std::move(*contents), kLibraryPermissions, place);
        if (auto added = tree_.add(path, node); !added) {
            return std::unexpected(std::move(added.error()));
        }
        return take(path, node, loader);
    }

    Result<bool> take(const std::string& path, const Node& node, const Object* loader) {
        auto elf = read_elf(node.host.empty() ? path : node.host.string(), *node.contents);
        if (!elf) {
            return std::unexpected(std::move(elf.error()));
        }
        objects_.push_back(
            {.loaded = {.guest = path, .host = node.host, .elf = std::move(*elf)}, .loader = loader});
        return true;
    }

    std::string sysroot_list() const {
        std::string list;
        for (const fs::path& sysroot : sysroots_) {
            list.append(list.empty() ? "" : ", ").append(sysroot.string());
        }
        return list;
    }

    std::span<const fs::path> sysroots_;
    Tree& tree_;
    std::deque<Object> objects_;
    std::set<std::string> loaded_names_;
    std::vector<std::string> missing_;  // who needs which library that is nowhere
};

}  // namespace

std::vector<fs::path> default_sysroots() {
    return {"/", "/usr/aarch64-linux-gnu"};
}

Result<std::vector<LoadedObject>> add_libraries(const LoadedObject& program,
                                                std::span<const fs::path> sysroots, Tree& tree) {
    return Search{sysroots, tree}.run(program);
}

}  // namespace levitate::vmm
