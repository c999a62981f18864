#include "vmm/reference/store.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "traces/format/json.hpp"
#include "traces/format/reader.hpp"
#include "traces/format/writer.hpp"
#include "vmm/cache/digest.hpp"
#include "vmm/initramfs/tree.hpp"

namespace levitate::vmm {
namespace {

namespace fs = std::filesystem;
using traces::Json;

constexpr std::string_view kManifest = "reference.json";

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

}  // namespace

ReferenceStore::ReferenceStore(fs::path folder, std::uint64_t most_bytes)
    : cache_(std::move(folder), most_bytes, std::string{kManifest}) {}

std::optional<std::vector<traces::Trace>> ReferenceStore::find(const ReferenceKey& key) const {
    const auto folder = cache_.find(key.digest);
    if (!folder) {
        return std::nullopt;
    }
    auto recordings = read_recordings(*folder);
    if (recordings) {
        cache_.renew(key.digest);
    } else {
        cache_.remove(key.digest);
    }
    return recordings;
}

Result<void> ReferenceStore::keep(const ReferenceKey& key,
                                  const std::vector<traces::Trace>& recordings) const {
    return cache_.keep(key.digest,
                       [&](const fs::path& folder) { return write_recordings(folder, key, recordings); });
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

}  // namespace levitate::vmm
