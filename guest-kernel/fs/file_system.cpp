#include "fs/file_system.hpp"

#include "mm/page.hpp"

namespace kernel {

namespace {
std::uint32_t next_anonymous_device = 1;
constexpr __kernel_long_t kMaximumName = 255;
}  // namespace

FileSystem::FileSystem(std::string_view name, std::uint32_t magic, std::uint32_t block_size)
    : name_(name),
      magic_(magic),
      block_size_(block_size),
      device_{.major = 0, .minor = next_anonymous_device++} {}

struct statfs FileSystem::statistics() {
    struct statfs result = {};
    result.f_type = magic_;
    result.f_bsize = kPageSize;
    result.f_frsize = kPageSize;
    result.f_namelen = kMaximumName;
    return result;
}

}  // namespace kernel
