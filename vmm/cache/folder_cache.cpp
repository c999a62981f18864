#include "vmm/cache/folder_cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <vector>

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScratchPrefix = ".scratch-";
constexpr auto kScratchAge = std::chrono::hours{24};
constexpr int kMostTries = 10;

Error cannot(std::string_view what, const fs::path& path, int error) {
    return {.kind = Error::Kind::Harness,
            .message =
                fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(error))};
}

// Another process may remove the folder meanwhile, so a file that is gone counts as nothing.
std::uint64_t size_of(const fs::path& folder) {
    std::uint64_t size = 0;
    std::error_code error;
    for (fs::directory_iterator entry{folder, error}, end; !error && entry != end; entry.increment(error)) {
        std::error_code gone;
        const auto bytes = entry->file_size(gone);
        size += gone ? 0 : bytes;
    }
    return size;
}

// Removes a folder so that nobody ever sees half of it.
void remove_at_once(const fs::path& folder) {
    std::error_code ignored;
    if (const auto aside = make_scratch_folder(folder.parent_path())) {
        fs::rename(folder, *aside / "removed", ignored);
        fs::remove_all(*aside, ignored);
    }
}

void remove_old_scratch(const fs::path& parent) {
    std::error_code error;
    for (fs::directory_iterator entry{parent, error}, end; !error && entry != end; entry.increment(error)) {
        std::error_code ignored;
        const bool is_scratch = entry->path().filename().string().starts_with(kScratchPrefix);
        const auto written = entry->last_write_time(ignored);
        if (is_scratch && !ignored && fs::file_time_type::clock::now() - written > kScratchAge) {
            fs::remove_all(entry->path(), ignored);
        }
    }
}

}  // namespace

std::optional<fs::path> FolderCache::find(const std::string& name) const {
    fs::path entry = folder_ / name;
    std::error_code error;
    return fs::exists(entry, error) ? std::optional{std::move(entry)} : std::nullopt;
}

void FolderCache::renew(const std::string& name) const {
    static_cast<void>(::utimensat(AT_FDCWD, (folder_ / name / stamp_).c_str(), nullptr, 0));
}

void FolderCache::remove(const std::string& name) const {
    remove_at_once(folder_ / name);
}

Result<void> FolderCache::keep(const std::string& name,
                               const std::function<Result<void>(const fs::path&)>& fill) const {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) {
        return std::unexpected(cannot("make", folder_, error.value()));
    }
    const auto scratch = make_scratch_folder(folder_);
    if (!scratch) {
        return std::unexpected(scratch.error());
    }
    auto kept = fill(*scratch);
    if (kept) {
        kept = move_into_place(*scratch, folder_ / name);
    }
    fs::remove_all(*scratch, error);
    keep_bound();
    return kept;
}

void FolderCache::keep_bound() const {
    struct Entry {
        fs::file_time_type used;
        fs::path folder;
        std::uint64_t size = 0;
    };
    std::vector<Entry> kept;
    std::uint64_t total = 0;
    std::error_code error;
    for (fs::directory_iterator entry{folder_, error}, end; !error && entry != end; entry.increment(error)) {
        std::error_code ignored;
        if (!entry->path().filename().string().starts_with(kScratchPrefix)) {
            kept.push_back({.used = fs::last_write_time(entry->path() / stamp_, ignored),
                            .folder = entry->path(),
                            .size = size_of(entry->path())});
            total += kept.back().size;
        }
    }
    std::ranges::sort(kept, {}, &Entry::used);
    for (const Entry& entry : kept) {
        if (total <= most_bytes_) {
            break;
        }
        remove_at_once(entry.folder);
        total -= entry.size;
    }
}

Result<void> move_into_place(const fs::path& finished, const fs::path& place) {
    // rename(2) does not replace a folder that holds something, so that goes away first. Another process may
    // put its own there in between.
    std::error_code error;
    for (int tries = 0; tries < kMostTries; ++tries) {
        fs::rename(finished, place, error);
        if (error != std::errc::directory_not_empty && error != std::errc::file_exists) {
            break;
        }
        remove_at_once(place);
    }
    if (error) {
        return std::unexpected(cannot("write", place, error.value()));
    }
    return {};
}

Result<fs::path> make_scratch_folder(const fs::path& parent) {
    remove_old_scratch(parent);
    std::string name = (parent / kScratchPrefix).string() + "XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        return std::unexpected(cannot("make", name, errno));
    }
    return fs::path{name};
}

}  // namespace levitate::vmm
