#include "vmm/cli/goldens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "traces/format/reader.hpp"
#include "vmm/cli/paths.hpp"

namespace levitate::vmm::cli {
namespace {

namespace fs = std::filesystem;

bool is_trace_name(const std::string& name) {
    return name.ends_with(".jsonl") || name.ends_with(".jsonl.zst");
}

// Sorted, so that recordings keep their order whatever the file system's is.
Result<std::vector<fs::path>> entries(const fs::path& directory) {
    std::vector<fs::path> paths;
    std::error_code error;
    for (fs::directory_iterator entry{directory, error}, end; !error && entry != end;
         entry.increment(error)) {
        paths.push_back(entry->path());
    }
    if (error) {
        return failure(Error::Kind::Harness, directory.string() + ": " + error.message());
    }
    std::ranges::sort(paths);
    return paths;
}

Result<fs::path> find_host_file(const GoldenCase& golden, const std::string& guest_path) {
    const std::string name = fs::path{guest_path}.filename().string();
    const fs::path directory = fs::is_directory(golden.path) ? golden.path : golden.path.parent_path();
    std::error_code error;
    if (fs::path beside = directory / name; fs::is_regular_file(beside, error)) {
        return beside;
    }
    return find_program(name);
}

}  // namespace

Result<std::vector<std::string>> all_golden_names() {
    const auto paths = entries(goldens_directory());
    if (!paths) {
        return std::unexpected(paths.error());
    }
    std::vector<std::string> names;
    for (const fs::path& path : *paths) {
        if (fs::is_directory(path)) {
            names.push_back(path.filename().string());
        }
    }
    if (names.empty()) {
        return failure(
            Error::Kind::Harness,
            goldens_directory().string() + ": no goldens here; record them with scripts/record-goldens");
    }
    return names;
}

Result<traces::Trace> load_trace(const fs::path& path) {
    auto trace = traces::read_trace(path);
    if (!trace) {
        return failure(Error::Kind::Harness, trace.error().message);
    }
    return std::move(*trace);
}

Result<GoldenCase> load_golden(const std::string& name) {
    std::error_code error;
    fs::path path = goldens_directory() / name;
    if (name.find('/') != std::string::npos || is_trace_name(name) || !fs::exists(path, error)) {
        path = name;
    }
    if (!fs::exists(path, error)) {
        return failure(Error::Kind::Usage, fmt::format("{}: neither a golden in {} nor a file", name,
                                                       goldens_directory().string()));
    }
    std::vector<fs::path> files{path};
    if (fs::is_directory(path)) {
        auto listed = entries(path);
        if (!listed) {
            return std::unexpected(std::move(listed.error()));
        }
        std::erase_if(*listed, [](const fs::path& file) { return !is_trace_name(file.filename().string()); });
        files = std::move(*listed);
    }
    GoldenCase golden{
        .name = fs::is_directory(path) ? path.filename().string() : name, .path = path, .recordings = {}};
    for (const fs::path& file : files) {
        auto trace = load_trace(file);
        if (!trace) {
            return std::unexpected(std::move(trace.error()));
        }
        if (!trace->incomplete.empty()) {
            return failure(Error::Kind::Harness,
                           fmt::format("{}: incomplete ({}), so it proves nothing; record it again",
                                       file.string(), trace->incomplete));
        }
        golden.recordings.push_back(std::move(*trace));
    }
    if (golden.recordings.empty()) {
        return failure(Error::Kind::Usage,
                       path.string() + ": no recording (*.jsonl, *.jsonl.zst) in this folder");
    }
    return golden;
}

Result<RunSpec> spec_of(const GoldenCase& golden, const fs::path& program) {
    const traces::Header& header = golden.recordings.front().header;
    RunSpec spec;
    auto found = program.empty() ? find_host_file(golden, header.program.path) : Result<fs::path>{program};
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    spec.program = std::move(*found);
    spec.guest_program = header.program.path;
    spec.argv = header.argv;
    spec.envp = header.envp;
    spec.cwd = header.cwd;
    spec.stdin_bytes = header.stdin_bytes;
    spec.randomize_addresses = header.randomize_addresses;
    spec.seed = header.seed;
    spec.schedule_seed = header.schedule_seed;
    if (!header.direct_init.empty()) {
        spec.init_mode = InitMode::Direct;
        spec.init_paths = {header.direct_init};
    }
    for (const traces::FileIdentity& file : header.files) {
        auto host = find_host_file(golden, file.path);
        if (!host) {
            return std::unexpected(std::move(host.error()));
        }
        spec.files.push_back({.host = std::move(*host), .guest = file.path});
    }
    return spec;
}

}  // namespace levitate::vmm::cli
