#include "vmm/cli/debian_kernel.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "vmm/cli/paths.hpp"
#include "vmm/descriptor.hpp"

namespace levitate::vmm::cli {
namespace {

namespace fs = std::filesystem;

std::string read_to_end(int fd) {
    std::string text;
    std::array<char, 4096> buffer{};
    while (true) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return text;
        }
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

// The standard output of a program that is run without arguments. An errno where it cannot be run; nothing is
// said of how it ended.
std::expected<std::string, int> output_of(const fs::path& program) {
    auto pipe = make_pipe();
    if (!pipe) {
        return std::unexpected(errno);
    }
    posix_spawn_file_actions_t actions{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, pipe->writer.get(), STDOUT_FILENO);
    std::string name = program.string();
    const std::array<char*, 2> arguments{name.data(), nullptr};
    pid_t child = 0;
    const int failed = ::posix_spawn(&child, name.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        return std::unexpected(failed);
    }
    pipe->writer.close();
    std::string output = read_to_end(pipe->reader.get());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return output;
}

Result<fs::path> find_kernel() {
    constexpr const char* kRemedy = "; give an arm64 Image with --reference-kernel or --kernel";
    const fs::path script = debian_kernel_script();
    const auto output = output_of(script);
    if (!output) {
        return failure(Error::Kind::Harness, "Debian's Linux: " + script.string() + ": " +
                                                 std::generic_category().message(output.error()) + kRemedy);
    }
    fs::path kernel{output->substr(0, output->find('\n'))};
    std::error_code error;
    if (!fs::is_regular_file(kernel, error)) {
        return failure(Error::Kind::Harness,
                       std::string{"Debian's Linux cannot be fetched (see above)"} + kRemedy);
    }
    return kernel;
}

}  // namespace

Result<fs::path> debian_kernel() {
    static const Result<fs::path> kFound = find_kernel();
    return kFound;
}

}  // namespace levitate::vmm::cli
