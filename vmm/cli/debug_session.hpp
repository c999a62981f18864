// Runs under a debugger.
#pragma once

#include <filesystem>
#include <string>

#include "vmm/gdb/server.hpp"
#include "vmm/run/run.hpp"
#include "vmm/run/session_target.hpp"

namespace levitate::vmm::cli {

// Before whose first instruction a run stops for GDB.
enum class GdbStop { Kernel, Program };

// Does what run() does, but stops there, says on stderr where it listens, and waits for GDB. When GDB
// detaches, the run goes on to its end; when GDB kills it, the outcome is SIGKILL. `endpoint` is
// "[ADDR:]PORT".
Result<Outcome> debug(const RunSpec& spec, RunHooks hooks, const std::string& endpoint, GdbStop stop);

// Listens at `endpoint`, "[ADDR:]PORT".
Result<gdb::Listener> listen_for_gdb(const std::string& endpoint);

// Waits for GDB with the session where it stands now, serves GDB, and leaves the session where GDB left it.
// `symbols` is the file that GDB should read; empty: none is known.
Result<gdb::SessionEnd> serve_gdb(SessionTarget& target, gdb::Listener listener,
                                  const std::filesystem::path& symbols);

}  // namespace levitate::vmm::cli
