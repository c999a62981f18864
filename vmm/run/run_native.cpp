#include "vmm/run/run_native.hpp"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "traces/format/sinks.hpp"
#include "vmm/engine/native/recording.hpp"

namespace levitate::vmm {
namespace {

Result<void> check(const RunSpec& spec, const RunHooks& hooks) {
    if (!spec.files.empty() || !spec.roots.empty() || !spec.sysroots.empty()) {
        return failure(
            Error::Kind::Usage,
            "the native engine runs programs in this host's own root: --file, --root and --sysroot "
            "need a machine");
    }
    if (hooks.on_event) {
        return failure(Error::Kind::Usage, "the native engine has no machine that a debugger could stop");
    }
    return {};
}

void pass_on(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written <= 0) {
            return;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

}  // namespace

Result<Outcome> run_native(const RunSpec& spec, const RunHooks& hooks, const traces::Header& header) {
    if (const auto checked = check(spec, hooks); !checked) {
        return std::unexpected(checked.error());
    }
    const std::string path = spec.program.string();
    native::PassSpec pass{.program = {.path = path,
                                      .argv = spec.argv.empty() ? std::vector{path} : spec.argv,
                                      .envp = spec.envp,
                                      .directory = spec.cwd,
                                      .tree = {},
                                      .mount_point = {},
                                      .randomize_addresses = spec.randomize_addresses},
                          .input = spec.stdin_bytes,
                          .timeout = spec.timeout};
    traces::Header complete = header;
    complete.kernel = native::kernel_description();
    complete.cpu = native::cpu_description();
    const native::OutputListener listener = hooks.capture_output ? native::OutputListener{} : pass_on;
    const auto begin = std::chrono::steady_clock::now();
    // Even if nothing is recorded, ptrace is needed to tell the program's end from the ends of its children.
    traces::DiscardingSink no_sink;
    auto result = hooks.sink == nullptr
                      ? native::record_pass(pass, native::Pass::Calls, complete, no_sink, listener)
                      : native::record_program(pass, complete, *hooks.sink, listener);
    if (!result) {
        return std::unexpected(result.error());
    }
    Outcome outcome;
    outcome.exit_code = result->outcome.exit_code;
    outcome.signal = result->outcome.signal;
    if (hooks.capture_output) {
        outcome.stdout_bytes = std::move(result->outcome.stdout_bytes);
        outcome.stderr_bytes = std::move(result->outcome.stderr_bytes);
    }
    outcome.wall = std::chrono::steady_clock::now() - begin;
    outcome.incomplete = result->incomplete;
    return outcome;
}

}  // namespace levitate::vmm
