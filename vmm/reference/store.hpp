// Keeps references from one check to the next, in a folder with a bound on its size.
//
// Each reference is a folder of its own, named by its key. It is written beside its place and renamed, so it
// is there whole or not at all, whichever other processes use the store. A digest of each recording shows
// damage; what is damaged is taken for absent and removed. Each use renews the time of the reference, and the
// least recently used go first.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/error.hpp"
#include "vmm/reference/key.hpp"

namespace levitate::vmm {

class ReferenceStore {
  public:
    ReferenceStore(std::filesystem::path folder, std::uint64_t most_bytes)
        : folder_(std::move(folder)), most_bytes_(most_bytes) {}

    // nullopt: it is not there, or is damaged.
    std::optional<std::vector<traces::Trace>> find(const ReferenceKey& key) const;

    // Replaces what is there under this key, and removes others until the bound is kept. Error: nothing could
    // be written; what was there may be gone.
    Result<void> keep(const ReferenceKey& key, const std::vector<traces::Trace>& recordings) const;

  private:
    void keep_bound() const;

    std::filesystem::path folder_;
    std::uint64_t most_bytes_;
};

// Writes the recordings and what the key is of into a folder that is there: recording-1.jsonl.zst, ..., and
// reference.json.
Result<void> write_recordings(const std::filesystem::path& folder, const ReferenceKey& key,
                              const std::vector<traces::Trace>& recordings);

// Whether write_recordings() has filled the folder.
bool is_kept_reference(const std::filesystem::path& folder);

// Puts a finished folder in its place, whatever is there. Both must lie in the same file system.
Result<void> move_into_place(const std::filesystem::path& finished, const std::filesystem::path& place);

// Makes a folder in `parent` whose name nobody else uses. What is left of it when a process was killed is
// removed a day later by whoever makes another.
Result<std::filesystem::path> make_scratch_folder(const std::filesystem::path& parent);

}  // namespace levitate::vmm
