#include "vmm/cli/debug_session.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "traces/format/sinks.hpp"
#include "vmm/diagnosis/kernel_symbols.hpp"

namespace levitate::vmm::cli {
namespace {

// An ELF with the kernel's symbols; empty: none is known.
std::filesystem::path kernel_elf(const RunSpec& spec) {
    for (const std::filesystem::path& file : {spec.kernel_symbols, spec.kernel}) {
        if (!KernelSymbols::of_kernel(file).empty()) {
            return file;
        }
    }
    return {};
}

}  // namespace

Result<gdb::Listener> listen_for_gdb(const std::string& endpoint) {
    const auto place = gdb::parse_endpoint(endpoint);
    if (!place) {
        return failure(Error::Kind::Usage, "--gdb " + place.error());
    }
    auto listener = gdb::Listener::open(*place);
    if (!listener) {
        return failure(Error::Kind::Harness, "--gdb: " + listener.error());
    }
    return std::move(*listener);
}

Result<gdb::SessionEnd> serve_gdb(SessionTarget& target, gdb::Listener listener,
                                  const std::filesystem::path& symbols) {
    const std::string file = symbols.empty() ? "-ex 'set architecture aarch64'" : symbols.string();
    fmt::print(stderr, "levitate: waiting for gdb: gdb-multiarch {} -ex 'target remote :{}'\n", file,
               listener.port());
    auto client = listener.accept();
    if (!client) {
        return failure(Error::Kind::Harness, std::move(client.error()));
    }
    gdb::Server server{gdb::Connection{std::move(*client)}, target};
    return server.serve();
}

Result<Outcome> debug(const RunSpec& spec, RunHooks hooks, const std::string& endpoint, GdbStop stop) {
    auto listener = listen_for_gdb(endpoint);
    if (!listener) {
        return std::unexpected(std::move(listener.error()));
    }
    // The debugger needs the tracer's knowledge of tasks, not its events.
    traces::DiscardingSink discard;
    if (hooks.sink == nullptr) {
        hooks.sink = &discard;
    }
    auto session = Session::create(spec, hooks);
    if (!session) {
        return std::unexpected(std::move(session.error()));
    }
    SessionTarget target{**session};
    const auto never = [] { return false; };
    const bool at_kernel = stop == GdbStop::Kernel;
    if (at_kernel || target.run_to_program(never)) {
        const auto end = serve_gdb(target, std::move(*listener), at_kernel ? kernel_elf(spec) : spec.program);
        if (!end) {
            return std::unexpected(end.error());
        }
        if (*end == gdb::SessionEnd::Killed) {
            Outcome killed;
            killed.signal = SIGKILL;
            return killed;
        }
    }
    while (!(*session)->ended()) {
        target.resume(ResumeKind::Continue, never);
    }
    return (*session)->finish();
}

}  // namespace levitate::vmm::cli
