#include "traces/abi/files.hpp"

#include <algorithm>
#include <iterator>

namespace levitate::traces::abi {
namespace {

struct VaryingFile {
    std::string_view pattern;
    FileVariation variation = FileVariation::None;
};

constexpr VaryingFile kVaryingFiles[] = {
#define VARIES_FILE(pattern, kind) {pattern, FileVariation::kind},
#define NUMBERED_ANEW(tree)
#include "traces/abi/files.inc"
#undef NUMBERED_ANEW
#undef VARIES_FILE
};

constexpr std::string_view kNumberedAnew[] = {
#define VARIES_FILE(pattern, kind)
#define NUMBERED_ANEW(tree) tree,
#include "traces/abi/files.inc"
#undef NUMBERED_ANEW
#undef VARIES_FILE
};

std::string_view take_component(std::string_view& path) {
    const std::string_view component = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), component.size() + 1));
    return component;
}

bool matches(std::string_view pattern, std::string_view path) {
    while (!pattern.empty() && !path.empty()) {
        const std::string_view wanted = take_component(pattern);
        const std::string_view component = take_component(path);
        if (wanted != component && (wanted != "*" || component.empty())) {
            return false;
        }
    }
    return pattern.empty() && path.empty();
}

}  // namespace

bool is_numbered_anew(std::string_view path) {
    return std::ranges::any_of(kNumberedAnew, [&](std::string_view tree) {
        return path.starts_with(tree) && path.size() > tree.size() && path[tree.size()] == '/';
    });
}

FileVariation file_variation(std::string_view path) {
    const auto* found = std::ranges::find_if(
        kVaryingFiles, [&](const VaryingFile& row) { return matches(row.pattern, path); });
    return found != std::end(kVaryingFiles) ? found->variation : FileVariation::None;
}

}  // namespace levitate::traces::abi
