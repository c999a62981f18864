#include "vmm/run/prepare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "vmm/initramfs/cpio.hpp"
#include "vmm/initramfs/tree.hpp"

namespace levitate::vmm {
namespace {

Result<void> check_absolute(std::string_view what, const std::string& path) {
    if (path.starts_with('/') && path.find('\0') == std::string::npos) {
        return {};
    }
    return failure(Error::Kind::Usage, fmt::format("{}: {} is not an absolute path", what, path));
}

Result<void> check_string(std::string_view what, const std::string& text) {
    if (text.find('\0') == std::string::npos) {
        return {};
    }
    return failure(Error::Kind::Usage, fmt::format("{}: holds a NUL byte, which ends it in execve", what));
}

// Where kernels look for process 1 (Linux init/main.c, kernel_init).
const std::vector<std::string> kUsualInitPaths{"/init", "/sbin/init", "/bin/init"};

Result<void> check_direct(const RunSpec& spec) {
    if (spec.engine == EngineKind::Native) {
        return failure(Error::Kind::Usage,
                       "the native engine has no process 1 to replace: --init direct needs --engine emu");
    }
    auto checked = Result<void>{};
    for (const std::string& path : spec.init_paths) {
        if (checked) {
            checked = check_absolute("path of process 1 in the guest", path);
        }
    }
    if (checked && spec.cwd != "/") {
        return failure(Error::Kind::Usage, "process 1 starts in /: --cwd needs --init harness");
    }
    const auto has_quote = [](const std::string& text) { return text.find('"') != std::string::npos; };
    if (checked && (std::ranges::any_of(spec.argv, has_quote) || std::ranges::any_of(spec.envp, has_quote))) {
        return failure(
            Error::Kind::Usage,
            "process 1 gets its arguments and its environment from the kernel's command line, which "
            "can hold no \": it needs --init harness");
    }
    return checked;
}

Result<void> check_kernel_alone(const RunSpec& spec) {
    if (spec.engine == EngineKind::Native) {
        return failure(
            Error::Kind::Usage,
            "the native engine has no kernel but this host's: name a PROGRAM, or use --engine emu");
    }
    return {};
}

Result<void> check_spec(const RunSpec& spec) {
    if (!spec.initramfs.empty() && spec.init_mode != InitMode::Direct) {
        return failure(
            Error::Kind::Usage,
            "--initrd takes the place of the archive that holds PROGRAM and what starts it; put files "
            "beside PROGRAM with --file or --root, say with --init direct that PROGRAM is process 1 in it, "
            "or boot "
            "the kernel alone: levitate run --kernel FILE --initrd FILE");
    }
    auto checked = check_absolute("path of the program in the guest", spec.guest_program);
    if (checked) {
        checked = check_absolute("working directory in the guest", spec.cwd);
    }
    for (const FileMapping& file : spec.files) {
        if (checked) {
            checked = check_absolute("path of a file in the guest", file.guest);
        }
    }
    for (const std::string& argument : spec.argv) {
        if (checked) {
            checked = check_string("argument of the program", argument);
        }
    }
    for (const std::string& variable : spec.envp) {
        if (checked) {
            checked = check_string("variable of the program's environment", variable);
        }
    }
    if (checked && spec.init_mode == InitMode::Direct) {
        checked = check_direct(spec);
    }
    if (checked && spec.schedule_seed != 0 && spec.engine == EngineKind::Native) {
        return failure(Error::Kind::Usage,
                       "the native engine cannot move the host's time: --schedule-seed needs --engine emu");
    }
    if (checked && spec.instruction_limit != 0 && spec.engine == EngineKind::Native) {
        return failure(Error::Kind::Usage,
                       "the native engine counts no instructions: --max-instructions needs --engine emu");
    }
    const Hardware& hardware = spec.hardware;
    if (checked && spec.engine == EngineKind::Native &&
        (!hardware.disks.empty() || hardware.virtio_console || hardware.virtio_entropy)) {
        return failure(Error::Kind::Usage,
                       "the native engine has no machine: --disk and --virtio need --engine emu");
    }
    return checked;
}

// One word of a command line, in quotes if white space would end it (Linux lib/cmdline.c, next_arg).
std::string quoted(const std::string& text) {
    const bool is_plain = !text.empty() && text.find_first_of(" \t\n\v\f\r") == std::string::npos;
    return is_plain ? text : '"' + text + '"';
}

}  // namespace

std::string usual_guest_path(const std::filesystem::path& program) {
    return "/bin/" + program.filename().string();
}

Result<RunSpec> complete_spec(RunSpec spec) {
    if (spec.init_mode == InitMode::Auto || is_kernel_alone(spec)) {
        spec.init_mode = InitMode::Harness;
    }
    if (is_kernel_alone(spec)) {
        if (auto checked = check_kernel_alone(spec); !checked) {
            return std::unexpected(std::move(checked.error()));
        }
        return spec;
    }
    if (spec.init_mode == InitMode::Direct && spec.init_paths.empty()) {
        spec.init_paths = kUsualInitPaths;
    }
    if (spec.guest_program.empty()) {
        spec.guest_program = usual_guest_path(spec.program);
    }
    if (auto checked = check_spec(spec); !checked) {
        return std::unexpected(std::move(checked.error()));
    }
    spec.guest_program = normalize_guest_path(spec.guest_program);
    if (spec.argv.empty()) {
        spec.argv.push_back(spec.guest_program);
    }
    if (spec.init_mode == InitMode::Direct) {
        spec.argv.front() = spec.init_paths.front();
    }
    return spec;
}

Result<void> check_machine_engine(EngineKind engine) {
    switch (engine) {
        case EngineKind::Auto:
        case EngineKind::Emu:
            return {};
        case EngineKind::Native:
            return failure(Error::Kind::Usage,
                           "the native engine has no machine that could be debugged; use --engine emu");
    }
    return {};
}

PackRequest pack_request(const RunSpec& spec) {
    PackRequest request;
    if (spec.init_mode == InitMode::Direct) {
        request.program_copies = spec.init_paths;
    } else {
        request.init = spec.init;
    }
    request.program = spec.program;
    request.guest_program = spec.guest_program;
    request.arguments = spec.argv;
    request.environment = spec.envp;
    request.directory = spec.cwd;
    request.randomize_addresses = spec.randomize_addresses;
    request.batch = spec.batch;
    request.input = spec.stdin_bytes ? init::Input::Bytes : init::Input::Live;
    if (spec.stdin_bytes) {
        const auto* const characters = reinterpret_cast<const char*>(spec.stdin_bytes->data());
        request.input_bytes.assign(characters, spec.stdin_bytes->size());
    }
    for (const FileMapping& file : spec.files) {
        request.files.push_back({.host = file.host, .guest = file.guest});
    }
    request.roots = spec.roots;
    request.sysroots = spec.sysroots;
    return request;
}

// These are Linux's own parameters (Documentation/admin-guide/kernel-parameters.txt). A panic resets the
// machine at once instead of halting it, so that the panic is noticed. Parameters that Linux does not know go
// to process 1: NAME=VALUE into its environment, and what follows -- to its arguments.
std::string boot_arguments(const RunSpec& spec) {
    std::string arguments = spec.replaced_command_line.value_or("console=ttyAMA0 panic=-1 quiet");
    if (!arguments.empty() && !spec.kernel_command_line.empty()) {
        arguments.push_back(' ');
    }
    arguments.append(spec.kernel_command_line);
    if (spec.init_mode != InitMode::Direct) {
        return arguments;
    }
    if (!spec.randomize_addresses) {
        arguments.append(" norandmaps");
    }
    if (spec.init_paths.front() != kUsualInitPaths.front()) {
        arguments.append(" rdinit=").append(spec.init_paths.front());
    }
    for (const std::string& variable : spec.envp) {
        const auto equals = variable.find('=');
        arguments.append(" ")
            .append(variable, 0, equals)
            .append("=")
            .append(quoted(variable.substr(equals + 1)));
    }
    if (spec.argv.size() > 1) {
        arguments.append(" --");
        for (auto argument = spec.argv.begin() + 1; argument != spec.argv.end(); ++argument) {
            arguments.append(" ").append(quoted(*argument));
        }
    }
    return arguments;
}

MachineRequest machine_request(const RunSpec& spec, std::span<const std::byte> initramfs, std::uint64_t seed,
                               Pl011::Output console) {
    return {.memory_bytes = spec.memory_bytes,
            .kernel = spec.kernel,
            .initramfs = initramfs,
            .boot_arguments = boot_arguments(spec),
            .seed = seed,
            .hardware = spec.hardware,
            .board = {.clock_start = kGuestEpoch, .seed = seed, .console = std::move(console)}};
}

}  // namespace levitate::vmm
