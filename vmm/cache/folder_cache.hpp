// Keeps what can be made again, in a folder with a bound on its size.
//
// Each entry is a folder of its own, named by the digest of all that it is a function of. It is written
// beside its place and renamed, so it is there whole or not at all, whichever other processes use the cache.
// Each use renews the time of the entry, and the least recently used go first.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "vmm/error.hpp"

namespace levitate::vmm {

class FolderCache {
  public:
    // `stamp` is a file that each entry has: its time is when the entry was used last.
    FolderCache(std::filesystem::path folder, std::uint64_t most_bytes, std::string stamp)
        : folder_(std::move(folder)), most_bytes_(most_bytes), stamp_(std::move(stamp)) {}

    const std::filesystem::path& folder() const { return folder_; }

    // The entry of that name; nullopt: it is not there. Another process may remove it at any time: what is
    // open stays.
    std::optional<std::filesystem::path> find(const std::string& name) const;
    // It is in use: it goes later than others.
    void renew(const std::string& name) const;
    // For an entry that is damaged.
    void remove(const std::string& name) const;
    // Puts what `fill` writes into the folder that it is given in the place of the entry, and removes others
    // until the bound is kept. Error: nothing could be written; what was there may be gone.
    Result<void> keep(const std::string& name,
                      const std::function<Result<void>(const std::filesystem::path&)>& fill) const;

  private:
    void keep_bound() const;

    std::filesystem::path folder_;
    std::uint64_t most_bytes_;
    std::string stamp_;
};

// Puts a finished folder in its place, whatever is there. Both must lie in the same file system.
Result<void> move_into_place(const std::filesystem::path& finished, const std::filesystem::path& place);

// Makes a folder in `parent` whose name nobody else uses. What is left of it when a process was killed is
// removed a day later by whoever makes another.
Result<std::filesystem::path> make_scratch_folder(const std::filesystem::path& parent);

}  // namespace levitate::vmm
