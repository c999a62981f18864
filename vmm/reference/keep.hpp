// A golden of one's own: a reference in a folder that has all that it takes to run the program again.
#pragma once

#include <filesystem>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/error.hpp"
#include "vmm/reference/key.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm {

// In such a folder: what the guest's root holds beside the program, which stands next to it.
inline constexpr const char* kGoldenRoot = "guest-root";

// Writes the recordings, the program, and a root with its libraries and the files that were given. The folder
// is replaced if it holds such a golden already. Error: it holds something else, or cannot be written.
// Precondition: reference_spec() made `spec`.
Result<void> keep_as_golden(const std::filesystem::path& folder, const RunSpec& spec, const ReferenceKey& key,
                            const std::vector<traces::Trace>& recordings);

// Whether a golden may be written there. Asked before the recordings are made.
Result<void> check_golden_folder(const std::filesystem::path& folder);

}  // namespace levitate::vmm
