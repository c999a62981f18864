#include "vmm/reference/store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "traces/format/json.hpp"
#include "traces/format/reader.hpp"
#include "traces/format/writer.hpp"
#include "vmm/initramfs/tree.hpp"
#include "vmm/run/recording.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;
using traces::Json;

constexpr std::string_view kManifest = "reference.json";
constexpr std::string_view kScratchPrefix = ".scratch-";
constexpr auto kScratchAge = std::chrono::hours{24};
constexpr int kMostTries = 10;

std::string recording_name(std::size_t number) {
    return fmt::format("recording-{}.jsonl.zst", number);
}

Error cannot(std::string_view what, const fs::path& path, int error) {
    return {.kind = Error::Kind::Harness,
            .message =
                fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(error))};
}

// The digests that the manifest has of the recordings; empty: it is not there, or not one.
std::vector<std::string> digests_of(const fs::path& manifest) {
    std::ifstream file{manifest, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const Json json = traces::parse_json(text);
    std::vector<std::string> digests;
    if (!json.is_object() || !json.contains("recordings") || !json["recordings"].is_array()) {
        return digests;
    }
    for (const Json& digest : json["recordings"]) {
        if (!digest.is_string()) {
            return {};
        }
        digests.push_back(digest.get<std::string>());
    }
    return digests;
}

std::optional<std::vector<traces::Trace>> read_recordings(const fs::path& folder) {
    const std::vector<std::string> digests = digests_of(folder / kManifest);
    std::vector<traces::Trace> recordings;
    for (std::size_t i = 0; i < digests.size(); ++i) {
        const fs::path file = folder / recording_name(i + 1);
        const auto bytes = read_host_file(file);
        if (!bytes || sha256(**bytes) != digests[i]) {
            return std::nullopt;
        }
        auto trace = traces::read_trace(file);
        if (!trace || !trace->incomplete.empty()) {
            return std::nullopt;
        }
        recordings.push_back(std::move(*trace));
    }
    return recordings.empty() ? std::nullopt : std::optional{std::move(recordings)};
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

std::optional<std::vector<traces::Trace>> ReferenceStore::find(const ReferenceKey& key) const {
    const fs::path folder = folder_ / key.digest;
    std::error_code error;
    if (!fs::exists(folder, error)) {
        return std::nullopt;
    }
    auto recordings = read_recordings(folder);
    if (!recordings) {
        remove_at_once(folder);
        return std::nullopt;
    }
    static_cast<void>(::utimensat(AT_FDCWD, (folder / kManifest).c_str(), nullptr, 0));
    return recordings;
}

Result<void> ReferenceStore::keep(const ReferenceKey& key,
                                  const std::vector<traces::Trace>& recordings) const {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) {
        return std::unexpected(cannot("make", folder_, error.value()));
    }
    const auto scratch = make_scratch_folder(folder_);
    if (!scratch) {
        return std::unexpected(scratch.error());
    }
    auto kept = write_recordings(*scratch, key, recordings);
    if (kept) {
        kept = move_into_place(*scratch, folder_ / key.digest);
    }
    fs::remove_all(*scratch, error);
    keep_bound();
    return kept;
}

void ReferenceStore::keep_bound() const {
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
            kept.push_back({.used = fs::last_write_time(entry->path() / kManifest, ignored),
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

Result<void> write_recordings(const fs::path& folder, const ReferenceKey& key,
                              const std::vector<traces::Trace>& recordings) {
    Json digests = Json::array();
    for (std::size_t i = 0; i < recordings.size(); ++i) {
        const fs::path file = folder / recording_name(i + 1);
        if (const auto written = traces::write_trace(recordings[i], file); !written) {
            return failure(Error::Kind::Harness, written.error().message);
        }
        const auto bytes = read_host_file(file);
        if (!bytes) {
            return std::unexpected(bytes.error());
        }
        digests.push_back(sha256(**bytes));
    }
    const Json manifest = {{"of", traces::parse_json(key.description)}, {"recordings", std::move(digests)}};
    std::ofstream file{folder / kManifest, std::ios::binary};
    file << traces::json_text(manifest, 4) << '\n';
    file.close();
    if (!file) {
        return std::unexpected(cannot("write", folder / kManifest, errno));
    }
    return {};
}

bool is_kept_reference(const fs::path& folder) {
    return !digests_of(folder / kManifest).empty();
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
