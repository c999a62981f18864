// The recorder for a real AArch64 Linux that has no more than a root directory: the reference host of the
// goldens.
//
//   levitate-native [--timeout MILLISECONDS] [--tree DIRECTORY] DESCRIPTION OUTPUT
//
// DESCRIPTION is a run description as init reads it (vmm/initramfs/init/run_description.hpp). The trace of
// its case N, counted from 0, becomes OUTPUT/N.jsonl. With --tree each run gets a fresh copy of the directory
// as its root, else all share ours. What the recorder cannot know, the hashes of the files, is left empty in
// the header.
//
// Exit status: 0 if every case was recorded to its end, 2 for wrong arguments, else 125; a case that was not
// recorded does not keep the others from it.
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/format/lines.hpp"
#include "vmm/engine/native/recording.hpp"
#include "vmm/initramfs/init/run_description.hpp"

namespace levitate::vmm::native {
namespace {

constexpr int kExitUsage = 2;
constexpr int kExitHarness = 125;

// The JSON Lines form without compression, for which the reference host has no library.
class LinesFile final : public traces::EventSink {
  public:
    explicit LinesFile(const std::string& path) : file_(path, std::ios::binary) {}

    void begin(const traces::Header& header) override { file_ << traces::header_line(header) << '\n'; }
    void event(const traces::Event& event) override {
        file_ << traces::event_line(event) << '\n';
        ++events_;
    }
    void end(const std::string& incomplete) override {
        file_ << traces::footer_line({.events = events_, .incomplete = incomplete}) << '\n';
        file_.close();
    }
    bool is_good() const { return !file_.fail(); }

  private:
    std::ofstream file_;
    std::uint64_t events_ = 0;
};

struct Arguments {
    std::string tree;
    std::chrono::milliseconds timeout{0};
    std::string description;
    std::string output;
};

std::optional<Arguments> parse_arguments(std::span<char*> given) {
    Arguments arguments;
    std::vector<std::string> operands;
    for (std::size_t index = 1; index < given.size(); ++index) {
        const std::string_view argument = given[index];
        const bool has_value = index + 1 < given.size();
        if (argument == "--tree" && has_value) {
            arguments.tree = given[++index];
        } else if (argument == "--timeout" && has_value) {
            const std::string_view text = given[++index];
            int milliseconds = 0;
            const auto parsed = std::from_chars(text.begin(), text.end(), milliseconds);
            if (parsed.ptr != text.end() || milliseconds <= 0) {
                return std::nullopt;
            }
            arguments.timeout = std::chrono::milliseconds(milliseconds);
        } else if (argument.starts_with("-")) {
            return std::nullopt;
        } else {
            operands.emplace_back(argument);
        }
    }
    if (operands.size() != 2) {
        return std::nullopt;
    }
    arguments.description = operands[0];
    arguments.output = operands[1];
    return arguments;
}

std::vector<std::byte> as_bytes(const std::string& text) {
    std::vector<std::byte> bytes(text.size());
    std::ranges::transform(text, bytes.begin(),
                           [](char character) { return static_cast<std::byte>(character); });
    return bytes;
}

traces::Header make_header(const init::Case& one) {
    traces::Header header;
    header.program.path = one.program;
    header.argv = one.arguments;
    header.envp = one.environment;
    header.cwd = one.directory;
    header.stdin_bytes = as_bytes(one.input_bytes);
    header.randomize_addresses = one.randomize_addresses;
    header.engine = "native";
    header.kernel = kernel_description();
    header.cpu = cpu_description();
    return header;
}

// False: said on standard error.
bool record_case(const init::Case& one, const Arguments& arguments, const std::string& mount_point,
                 const std::string& path) {
    PassSpec spec{.program = {.path = one.program,
                              .argv = one.arguments,
                              .envp = one.environment,
                              .directory = one.directory,
                              .tree = arguments.tree,
                              .mount_point = mount_point,
                              .randomize_addresses = one.randomize_addresses},
                  .input = std::nullopt,
                  .timeout = arguments.timeout};
    if (one.input == init::Input::Bytes) {
        spec.input = as_bytes(one.input_bytes);
    }
    LinesFile file(path);
    const auto result = record_program(spec, make_header(one), file, {});
    std::string fault;
    if (!result) {
        fault = result.error().message;
    } else if (!result->incomplete.empty()) {
        fault = result->incomplete;
    } else if (!file.is_good()) {
        fault = "cannot be written";
    }
    if (!fault.empty()) {
        std::fprintf(stderr, "levitate-native: %s: %s\n", path.c_str(), fault.c_str());
    }
    return fault.empty();
}

int record_cases(const Arguments& arguments) {
    std::ifstream file(arguments.description, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto description = init::parse_run_description(text);
    if (!description) {
        std::fprintf(stderr, "levitate-native: %s is missing or malformed\n", arguments.description.c_str());
        return kExitHarness;
    }
    std::string mount_point = "/tmp/levitate-native.XXXXXX";
    if (!arguments.tree.empty() && ::mkdtemp(mount_point.data()) == nullptr) {
        std::perror("levitate-native: /tmp");
        return kExitHarness;
    }
    constexpr mode_t kDirectoryMode = 0755;
    ::mkdir(arguments.output.c_str(), kDirectoryMode);
    int status = EXIT_SUCCESS;
    for (std::size_t number = 0; number < description->cases.size(); ++number) {
        const std::string path = arguments.output + "/" + std::to_string(number) + ".jsonl";
        if (!record_case(description->cases[number], arguments, mount_point, path)) {
            status = kExitHarness;
        }
    }
    if (!arguments.tree.empty()) {
        ::rmdir(mount_point.c_str());
    }
    return status;
}

}  // namespace
}  // namespace levitate::vmm::native

int main(int argc, char** argv) {
    const auto arguments =
        levitate::vmm::native::parse_arguments(std::span(argv, static_cast<std::size_t>(argc)));
    if (!arguments) {
        std::fputs("usage: levitate-native [--timeout MILLISECONDS] [--tree DIRECTORY] DESCRIPTION OUTPUT\n",
                   stderr);
        return levitate::vmm::native::kExitUsage;
    }
    return levitate::vmm::native::record_cases(*arguments);
}
