#include "fs/file_system.hpp"

#include <linux/limits.h>

#include <array>

#include "mm/page.hpp"

namespace kernel {

namespace {
// Which anonymous devices are in use; the lowest that is free comes next (Linux fs/super.c, get_anon_bdev).
constinit std::array<bool, 1024> is_device_used = {true};

std::uint32_t take_anonymous_device() {
    std::uint32_t free = 1;
    while (free < is_device_used.size() && is_device_used[free]) {
        ++free;
    }
    if (free < is_device_used.size()) {  // else they share one number from here on
        is_device_used[free] = true;
    }
    return free;
}
}  // namespace

FileSystem::FileSystem(std::string_view name, std::uint32_t magic, std::uint32_t block_size)
    : name_(name),
      magic_(magic),
      block_size_(block_size),
      device_{.major = 0, .minor = take_anonymous_device()} {}

FileSystem::~FileSystem() {
    if (device_.minor < is_device_used.size()) {
        is_device_used[device_.minor] = false;
    }
}

struct statfs FileSystem::statistics() {
    struct statfs result = {};
    result.f_type = magic_;
    result.f_bsize = kPageSize;
    result.f_frsize = kPageSize;
    result.f_namelen = NAME_MAX;
    return result;
}

}  // namespace kernel
