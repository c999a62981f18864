#include "vmm/cli/paths.hpp"

#include <array>
#include <cstdlib>
#include <string>
#include <system_error>

namespace levitate::vmm::cli {
namespace {

namespace fs = std::filesystem;

// The tool is installed as <prefix>/bin/levitate.
fs::path data_directory() {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    return self.parent_path().parent_path() / "share" / "levitate";
}

constexpr OwnFile kKernel{"LEVITATE_KERNEL", "guest-kernel.Image", "The kernel that runs without --kernel"};
constexpr OwnFile kInit{"LEVITATE_INIT", "init", "What starts the program under every kernel"};
constexpr OwnFile kGuests{"LEVITATE_GUESTS", "guests", "The folder of the guest programs"};
constexpr OwnFile kGoldens{"LEVITATE_GOLDENS", "golden", "The folder of the goldens"};
constexpr OwnFile kDebianKernel{"LEVITATE_DEBIAN_KERNEL", "debian-kernel",
                                "The script that fetches Debian's Linux and prints where it is"};
constexpr std::array kOwnFiles{kKernel, kInit, kGuests, kGoldens, kDebianKernel};

fs::path place_of(const OwnFile& file) {
    const char* value = std::getenv(file.variable);
    return value != nullptr && *value != '\0' ? fs::path{value} : data_directory() / file.installed_name;
}

bool is_file(const fs::path& path) {
    std::error_code error;
    return fs::is_regular_file(path, error);
}

Error not_executable(const fs::path& path, std::string_view why) {
    return {.kind = Error::Kind::NotExecutable, .message = path.string() + ": " + std::string{why}};
}

}  // namespace

std::span<const OwnFile> own_files() {
    return kOwnFiles;
}

fs::path guest_kernel_path() {
    return place_of(kKernel);
}
fs::path init_path() {
    return place_of(kInit);
}
fs::path guests_directory() {
    return place_of(kGuests);
}
fs::path goldens_directory() {
    return place_of(kGoldens);
}
fs::path debian_kernel_script() {
    return place_of(kDebianKernel);
}

fs::path cache_directory() {
    const auto variable = [](const char* name) -> std::string_view {
        const char* value = std::getenv(name);
        return value != nullptr ? value : "";
    };
    // A relative XDG_CACHE_HOME is to be ignored (XDG Base Directory Specification).
    const std::string_view cache = variable("XDG_CACHE_HOME");
    return (cache.starts_with('/') ? fs::path{cache} : fs::path{variable("HOME")} / ".cache") / "levitate";
}

fs::path snapshots_directory() {
    const fs::path cache = cache_directory();
    return cache.is_absolute() ? cache / "snapshots" : fs::path{};
}

fs::path find_on_path(std::string_view name) {
    const char* search_path = std::getenv("PATH");
    std::string_view rest = search_path != nullptr ? search_path : "";
    while (!rest.empty()) {
        const auto colon = rest.find(':');
        fs::path candidate = fs::path{rest.substr(0, colon)} / name;
        if (is_file(candidate)) {
            return candidate;
        }
        rest = colon == std::string_view::npos ? "" : rest.substr(colon + 1);
    }
    return {};
}

Result<fs::path> find_program(std::string_view name) {
    if (name.find('/') != std::string_view::npos) {
        fs::path path{name};
        std::error_code error;
        if (!fs::exists(path, error)) {
            return std::unexpected(
                Error{.kind = Error::Kind::NotFound, .message = path.string() + ": no such file"});
        }
        if (!fs::is_regular_file(path, error)) {
            return std::unexpected(not_executable(path, "not a regular file"));
        }
        return path;
    }
    if (fs::path guest = guests_directory() / name; is_file(guest)) {
        return guest;
    }
    if (fs::path found = find_on_path(name); !found.empty()) {
        return found;
    }
    return std::unexpected(
        Error{.kind = Error::Kind::NotFound,
              .message = std::string{name} + ": not one of the guests in " + guests_directory().string() +
                         " and not on PATH; a program in this directory is ./" + std::string{name}});
}

}  // namespace levitate::vmm::cli
