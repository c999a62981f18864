#include "tests/mutation/recordings.hpp"

#include <algorithm>

#include "traces/format/reader.hpp"

namespace levitate::traces::mutation {

bool GoldenCase::concurrent() const {
    return std::ranges::any_of(recordings, [](const Trace& trace) {
        return std::ranges::any_of(
            trace.events, [&](const Event& event) { return event.task != trace.events.front().task; });
    });
}

std::vector<std::string> case_names(const std::filesystem::path& goldens) {
    std::vector<std::string> names;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(goldens, failed)) {
        if (entry.is_directory()) {
            names.push_back(entry.path().filename().string());
        }
    }
    std::ranges::sort(names);
    return names;
}

std::expected<GoldenCase, Error> read_case(const std::filesystem::path& goldens, const std::string& name) {
    GoldenCase result{name, {}};
    const std::filesystem::path folder = goldens / name;
    for (unsigned number = 1;; ++number) {
        std::filesystem::path path = folder / ("recording-" + std::to_string(number) + ".jsonl");
        if (!std::filesystem::exists(path)) {
            path += ".zst";
        }
        if (!std::filesystem::exists(path)) {
            break;
        }
        auto trace = read_trace(path);
        if (!trace) {
            return std::unexpected(trace.error());
        }
        result.recordings.push_back(*std::move(trace));
    }
    if (result.recordings.empty() || result.recordings.front().events.empty()) {
        return std::unexpected(Error{folder.string() + ": no recording-1.jsonl with events in it"});
    }
    return result;
}

}  // namespace levitate::traces::mutation
