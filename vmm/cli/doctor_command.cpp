// `levitate doctor`: says what this host has and lacks, with the remedy.
#include <fmt/format.h>
#include <sys/utsname.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/cli/commands.hpp"
#include "vmm/cli/options.hpp"
#include "vmm/cli/paths.hpp"

namespace levitate::vmm::cli {
namespace {

namespace fs = std::filesystem;

enum class Need { Required, Optional };

struct Finding {
    std::string what;
    Need need = Need::Optional;
    bool present = false;
    std::string detail;  // where it is, or the remedy
};

bool is_there(const fs::path& path) {
    std::error_code error;
    return fs::exists(path, error);
}

std::string host_machine() {
    utsname names{};
    return ::uname(&names) == 0 ? names.machine : "unknown";
}

std::size_t count_entries(const fs::path& directory) {
    std::error_code error;
    std::size_t count = 0;
    for (fs::directory_iterator entry{directory, error}, end; !error && entry != end;
         entry.increment(error)) {
        ++count;
    }
    return count;
}

std::vector<Finding> examine_engines() {
    const bool arm_host = host_machine() == "aarch64";
    return {
        {"engine emu", Need::Required, true, "the emulator is built in"},
        {"engine native", Need::Optional, arm_host,
         arm_host ? "ptrace on this host's Linux"
                  : "needs an AArch64 Linux host; scripts/record-goldens starts one in QEMU"},
    };
}

std::vector<Finding> examine_own_files() {
    const auto file = [](std::string what, const fs::path& path, std::string_view variable) {
        const bool present = is_there(path);
        return Finding{std::move(what), Need::Required, present,
                       present ? path.string()
                               : fmt::format("{} is missing: build with scripts/levitate, or set {}",
                                             path.string(), variable)};
    };
    const auto directory = [](std::string what, const fs::path& path, std::string_view remedy) {
        const std::size_t count = count_entries(path);
        return Finding{std::move(what), Need::Optional, count > 0,
                       count > 0 ? fmt::format("{} in {}", count, path.string())
                                 : fmt::format("none in {}: {}", path.string(), remedy)};
    };
    return {
        file("guest kernel", guest_kernel_path(), "LEVITATE_KERNEL"),
        file("init", init_path(), "LEVITATE_INIT"),
        file("debian-kernel", debian_kernel_script(), "LEVITATE_DEBIAN_KERNEL"),
        directory("guests", guests_directory(), "build with scripts/levitate, or set LEVITATE_GUESTS"),
        directory("goldens", goldens_directory(),
                  "record with scripts/record-goldens, or set LEVITATE_GOLDENS"),
    };
}

std::vector<Finding> examine_tools() {
    struct Tool {
        std::string_view command;
        std::string_view package;
        std::string_view purpose;
    };
    constexpr std::array kTools{
        Tool{"aarch64-linux-gnu-g++", "g++-aarch64-linux-gnu", "builds the guest kernel and init"},
        Tool{"qemu-system-aarch64", "qemu-system-arm", "the reference host for goldens"},
        Tool{"qemu-aarch64", "qemu-user", "the peer of benchmarks"},
        Tool{"gdb-multiarch", "gdb-multiarch", "attaches to --gdb"},
        Tool{"cmake", "cmake", "builds Levitate"},
        Tool{"ninja", "ninja-build", "builds Levitate"},
    };
    std::vector<Finding> findings;
    for (const Tool& tool : kTools) {
        const fs::path place = find_on_path(tool.command);
        findings.push_back({std::string{tool.command}, Need::Optional, !place.empty(),
                            place.empty() ? fmt::format("{}: apt-get install {}", tool.purpose, tool.package)
                                          : place.string()});
    }
    // Only Debian's rustc is looked at, because its standard library for AArch64 is a Debian package too.
    // Another rustc on PATH may lack that library.
    const fs::path library = "/usr/lib/rustlib/aarch64-unknown-linux-gnu";
    findings.push_back({"Rust std for AArch64", Need::Optional, is_there(library),
                        is_there(library) ? library.string()
                                          : "builds the guests: apt-get install rustc-web "
                                            "libstd-rust-web-dev:arm64 (dpkg --add-architecture arm64)"});
    const fs::path libc = "/lib/aarch64-linux-gnu/libc.so.6";
    findings.push_back({"AArch64 libc", Need::Optional, is_there(libc),
                        is_there(libc) ? libc.string()
                                       : "dynamic programs: apt-get install libc6:arm64 libgcc-s1:arm64, "
                                         "or give --sysroot"});
    return findings;
}

int examine() {
    bool complete = true;
    const auto print = [&complete](std::string_view title, const std::vector<Finding>& findings) {
        fmt::print("{}\n", title);
        for (const Finding& finding : findings) {
            const bool lacking = finding.need == Need::Required && !finding.present;
            const std::string_view mark = finding.present ? "ok" : lacking ? "MISSING" : "absent";
            fmt::print("  {:<8} {:<22} {}\n", mark, finding.what, finding.detail);
            complete = complete && !lacking;
        }
    };
    fmt::print("host: {}\n", host_machine());
    print("engines", examine_engines());
    print("files of Levitate", examine_own_files());
    print("tools and packages", examine_tools());
    return complete ? kSuccess : kHarnessFault;
}

}  // namespace

void add_doctor_command(CLI::App& app, int& status) {
    CLI::App* doctor = app.add_subcommand("doctor", "Say what this host has and lacks, with the remedy");
    doctor->footer(
        "Example:\n  levitate doctor\n\n"
        "Exit status: 0 if programs can be run, 125 if something that this needs is missing.");
    doctor->callback([&status] { status = examine(); });
}

}  // namespace levitate::vmm::cli
