#include "vmm/cli/references.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "vmm/cli/debian_kernel.hpp"
#include "vmm/cli/options.hpp"
#include "vmm/cli/paths.hpp"
#include "vmm/cli/text_style.hpp"
#include "vmm/reference/record.hpp"
#include "vmm/reference/store.hpp"

namespace levitate::vmm::cli {
namespace {

// Shows on a terminal what is being waited for.
RecordingProgress progress_of(const std::string& name) {
    if (::isatty(STDERR_FILENO) != 1) {
        return [](std::size_t, std::size_t) {};
    }
    return [name](std::size_t number, std::size_t of) {
        fmt::print(stderr, "{}{}: recording on real Linux, {} of {}", kClearLine, name, number, of);
        std::fflush(stderr);
    };
}

Result<std::vector<traces::Trace>> record(const RunSpec& spec, const std::string& name) {
    auto recordings = record_reference(spec, progress_of(name));
    if (::isatty(STDERR_FILENO) == 1) {
        fmt::print(stderr, "{}", kClearLine);
    }
    return recordings;
}

// "Linux 6.1.0-57-arm64" of all that uname says.
std::string_view short_name(std::string_view kernel) {
    const auto first = kernel.find(' ');
    return kernel.substr(0, first == std::string_view::npos ? first : kernel.find(' ', first + 1));
}

}  // namespace

void ReferenceOptions::add_to(CLI::App& app) {
    app.add_option("--reference-kernel", kernel,
                   "Record references on this arm64 kernel Image instead of Debian's Linux")
        ->option_text("PATH");
    app.add_flag("--refresh", refresh, "Record references anew, whatever the cache has");
    app.add_option("--cache-size", cache_bytes,
                   "Remove the least recently used references where the cache is larger (default 1G)")
        ->transform(size_validator(0))
        ->option_text("SIZE");
}

Result<MadeReference> ReferenceOptions::obtain(const RunSpec& spec, const std::string& name) const {
    const auto image = kernel.empty() ? debian_kernel() : Result<std::filesystem::path>{kernel};
    if (!image) {
        return std::unexpected(image.error());
    }
    MadeReference made{.spec = reference_spec(spec, *image), .key = {}, .golden = {}};
    made.golden.name = name;
    if (kernel.empty()) {
        made.spec.snapshots = snapshots_directory();
    }
    const auto tool = tool_identity(LEVITATE_VERSION);
    if (!tool) {
        return std::unexpected(tool.error());
    }
    auto key = reference_key(made.spec, *tool);
    if (!key) {
        return std::unexpected(std::move(key.error()));
    }
    made.key = std::move(*key);
    const ReferenceStore store{cache_directory() / "references", cache_bytes};
    if (auto found = refresh ? std::nullopt : store.find(made.key)) {
        made.golden.recordings = std::move(*found);
        made.golden.origin = GoldenCase::Origin::Cache;
        return made;
    }
    const auto start = std::chrono::steady_clock::now();
    auto recordings = record(made.spec, name);
    if (!recordings) {
        return std::unexpected(std::move(recordings.error()));
    }
    made.golden.recordings = std::move(*recordings);
    made.golden.origin = GoldenCase::Origin::New;
    made.golden.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (const auto kept = store.keep(made.key, made.golden.recordings); !kept) {
        fmt::print(stderr, "levitate: the reference is not kept for the next time: {}\n",
                   kept.error().message);
    }
    return made;
}

std::string reference_text(const GoldenCase& golden) {
    if (!golden.is_emulators()) {
        return {};
    }
    const std::size_t count = golden.recordings.size();
    std::string text =
        fmt::format("{} on the emulator, {} recording{}", short_name(golden.recordings.front().header.kernel),
                    count, count == 1 ? "" : "s");
    switch (golden.origin) {
        case GoldenCase::Origin::Files:
            break;
        case GoldenCase::Origin::Cache:
            text += ", from the cache";
            break;
        case GoldenCase::Origin::New:
            text += fmt::format(", made in {:.1f} s", golden.seconds);
            break;
    }
    return text;
}

}  // namespace levitate::vmm::cli
