#include "vmm/cli/debug_session.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "traces/format/sinks.hpp"

namespace levitate::vmm::cli {
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

Result<gdb::SessionEnd> serve_gdb(SessionTarget& target, gdb::Listener listener, const RunSpec& spec) {
    fmt::print(stderr, "levitate: waiting for gdb: gdb-multiarch {} -ex 'target remote :{}'\n",
               spec.program.string(), listener.port());
    auto client = listener.accept();
    if (!client) {
        return failure(Error::Kind::Harness, std::move(client.error()));
    }
    gdb::Server server{gdb::Connection{std::move(*client)}, target};
    return server.serve();
}

Result<Outcome> debug(const RunSpec& spec, RunHooks hooks, const std::string& endpoint) {
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
    if (target.run_to_program(never)) {
        const auto end = serve_gdb(target, std::move(*listener), spec);
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
