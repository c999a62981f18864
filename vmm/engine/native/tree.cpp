#include "vmm/engine/native/tree.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "vmm/initramfs/init/system.hpp"

namespace levitate::vmm::native {
namespace {

namespace fs = std::filesystem;

// fs::copy does not copy times of modification and applies the umask to modes. Programs see both.
std::error_code copy_attributes(const fs::path& from, const fs::path& to) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(from, error)) {
        if (!entry.is_symlink(error)) {
            const fs::path copy = to / entry.path().lexically_relative(from);
            fs::permissions(copy, entry.status().permissions(), error);
            fs::last_write_time(copy, entry.last_write_time(), error);
        }
        if (error) {
            break;
        }
    }
    return error;
}

}  // namespace

TreeFailure enter_fresh_tree(const std::string& tree, const std::string& mount_point) {
    const auto failed = [](const char* step) { return TreeFailure{.step = step, .error = errno}; };
    if (::unshare(CLONE_NEWNS) != 0) {
        return failed("unshare");
    }
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "mode=0755") != 0) {
        return failed("mount");
    }
    std::error_code error;
    fs::copy(tree, mount_point, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
    if (!error) {
        error = copy_attributes(tree, mount_point);
    }
    if (error) {
        return {.step = "copy", .error = error.value()};
    }
    if (::chroot(mount_point.c_str()) != 0 || ::chdir("/") != 0) {
        return failed("chroot");
    }
    init::prepare_system();
    return {};
}

}  // namespace levitate::vmm::native
