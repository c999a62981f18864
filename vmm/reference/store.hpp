// Keeps references from one check to the next. A digest of each recording shows damage; what is damaged is
// taken for absent and removed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/cache/folder_cache.hpp"
#include "vmm/error.hpp"
#include "vmm/reference/key.hpp"

namespace levitate::vmm {

class ReferenceStore {
  public:
    ReferenceStore(std::filesystem::path folder, std::uint64_t most_bytes);

    // nullopt: it is not there, or is damaged.
    std::optional<std::vector<traces::Trace>> find(const ReferenceKey& key) const;

    // Replaces what is there under this key, and removes others until the bound is kept. Error: nothing could
    // be written; what was there may be gone.
    Result<void> keep(const ReferenceKey& key, const std::vector<traces::Trace>& recordings) const;

  private:
    FolderCache cache_;
};

// Writes the recordings and what the key is of into a folder that is there: recording-1.jsonl.zst, ..., and
// reference.json.
Result<void> write_recordings(const std::filesystem::path& folder, const ReferenceKey& key,
                              const std::vector<traces::Trace>& recordings);

// Whether write_recordings() has filled the folder.
bool is_kept_reference(const std::filesystem::path& folder);

}  // namespace levitate::vmm
