#include "vmm/run/prepare.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

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

Result<void> check_spec(const RunSpec& spec) {
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
    if (checked && spec.schedule_seed != 0 && spec.engine == EngineKind::Native) {
        return failure(Error::Kind::Usage,
                       "the native engine cannot move the host's time: --schedule-seed needs --engine emu");
    }
    if (checked && spec.instruction_limit != 0 && spec.engine == EngineKind::Native) {
        return failure(Error::Kind::Usage,
                       "the native engine counts no instructions: --max-instructions needs --engine emu");
    }
    return checked;
}

}  // namespace

Result<RunSpec> complete_spec(RunSpec spec) {
    if (spec.guest_program.empty()) {
        spec.guest_program = "/bin/" + spec.program.filename().string();
    }
    if (auto checked = check_spec(spec); !checked) {
        return std::unexpected(std::move(checked.error()));
    }
    spec.guest_program = normalize_guest_path(spec.guest_program);
    if (spec.argv.empty()) {
        spec.argv.push_back(spec.guest_program);
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
    request.init = spec.init;
    request.program = spec.program;
    request.guest_program = spec.guest_program;
    request.arguments = spec.argv;
    request.environment = spec.envp;
    request.directory = spec.cwd;
    request.randomize_addresses = spec.randomize_addresses;
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
// machine at once instead of halting it, so that the panic is noticed.
std::string boot_arguments(const RunSpec& spec) {
    std::string arguments = "console=ttyAMA0 panic=-1 nokaslr quiet";
    if (!spec.kernel_command_line.empty()) {
        arguments.append(" ").append(spec.kernel_command_line);
    }
    return arguments;
}

// Linux has the same errno values on arm64 as on the hosts that this runs on
// (include/uapi/asm-generic/errno.h).
Error explain_exec_failure(const RunSpec& spec, const ExecFailure& failed) {
    const bool not_found = failed.error == ENOENT;
    const std::string subject = failed.step == "chdir" ? spec.cwd : spec.guest_program;
    return {.kind = not_found ? Error::Kind::NotFound : Error::Kind::NotExecutable,
            .message = fmt::format("{}: the guest's kernel refused it: {}: {}", subject, failed.step,
                                   std::generic_category().message(failed.error))};
}

}  // namespace levitate::vmm
