// References for programs that have no golden: found in the cache, or recorded.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/cli/goldens.hpp"
#include "vmm/error.hpp"
#include "vmm/reference/key.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm::cli {

// What a reference was made of, and what came of it.
struct MadeReference {
    RunSpec spec;  // of the recordings
    ReferenceKey key;
    GoldenCase golden;
};

struct ReferenceOptions {
    static constexpr std::uint64_t kDefaultCacheBytes = std::uint64_t{1} << 30;

    std::string kernel;
    bool refresh = false;
    std::uint64_t cache_bytes = kDefaultCacheBytes;

    void add_to(CLI::App& app);

    // The reference of what `spec` runs. Whatever it says of the kernel under test is of no consequence.
    // Precondition: its stdin_bytes are set.
    Result<MadeReference> obtain(const RunSpec& spec, const std::string& name) const;
};

// "Linux 6.1.0-57-arm64 on the emulator, 2 recordings, made in 3.1 s"; empty for a golden of the reference
// host.
std::string reference_text(const GoldenCase& golden);

}  // namespace levitate::vmm::cli
