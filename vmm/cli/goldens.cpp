#include "vmm/cli/goldens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include "traces/format/reader.hpp"
#include "vmm/cli/paths.hpp"
#include "vmm/reference/keep.hpp"

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

bool has_recordings(const fs::path& folder) {
    const auto files = entries(folder);
    return files && std::ranges::any_of(
                        *files, [](const fs::path& file) { return is_trace_name(file.filename().string()); });
}

// A trace that has another name than traces have begins as they do: with the object that is its header.
bool begins_as_trace(const fs::path& file) {
    std::ifstream stream{file, std::ios::binary};
    return stream.get() == '{';
}

// Where the case is; a name without a slash is that of a case in the goldens' folder if there is one.
fs::path path_of(const std::string& name) {
    std::error_code error;
    fs::path path = goldens_directory() / name;
    const bool is_path = name.find('/') != std::string::npos || is_trace_name(name);
    return is_path || !fs::exists(path, error) ? fs::path{name} : path;
}

// The folders of recordings in a folder.
Result<std::vector<std::string>> goldens_in(const fs::path& folder) {
    const auto inner = entries(folder);
    if (!inner) {
        return std::unexpected(inner.error());
    }
    std::vector<std::string> names;
    for (const fs::path& path : *inner) {
        if (fs::is_directory(path) && has_recordings(path)) {
            names.push_back(path.string());
        }
    }
    return names;
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

Meaning meaning_of(const std::string& name) {
    std::error_code error;
    const fs::path path = path_of(name);
    if (fs::is_directory(path, error)) {
        const auto inner = goldens_in(path);
        const bool is_golden = has_recordings(path) || !inner || inner->empty();
        return is_golden ? Meaning::Golden : Meaning::Folder;
    }
    if (is_trace_name(name) || (fs::exists(path, error) && begins_as_trace(path))) {
        return Meaning::Golden;
    }
    const auto program = find_program(name);
    return program || program.error().kind != Error::Kind::NotFound ? Meaning::Program : Meaning::Nothing;
}

Result<std::vector<std::string>> with_folders_opened(const std::vector<std::string>& names) {
    std::vector<std::string> opened;
    for (const std::string& name : names) {
        if (meaning_of(name) != Meaning::Folder) {
            opened.push_back(name);
            continue;
        }
        const auto inner = goldens_in(path_of(name));
        if (!inner) {
            return std::unexpected(inner.error());
        }
        opened.insert(opened.end(), inner->begin(), inner->end());
    }
    return opened;
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
    const fs::path path = path_of(name);
    if (!fs::exists(path, error)) {
        return failure(Error::Kind::Usage,
                       fmt::format("{}: neither a golden in {}, nor a file, nor a program", name,
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
    GoldenCase golden{.name = fs::is_directory(path) ? (path / "").parent_path().filename().string() : name,
                      .path = path,
                      .recordings = {}};
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
    if (fs::path root = golden.path / kGoldenRoot; fs::is_directory(root)) {
        spec.roots.push_back(std::move(root));
        return spec;
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

void say_if_incomplete(const std::string& name, const traces::Trace& trace) {
    if (!trace.incomplete.empty()) {
        fmt::print(stderr, "levitate: {}: incomplete: {}\n", name, trace.incomplete);
    }
}

}  // namespace levitate::vmm::cli
