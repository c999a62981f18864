// Ctrl-C and kill(1) while the tool runs a program.
#pragma once

#include <optional>

#include "vmm/run/run.hpp"

namespace levitate::vmm::cli {

// Does what run() does, but the first SIGINT, SIGTERM or SIGHUP stops the run where it stands and is left in
// `signal`. What has been recorded is kept and can be reported. A second signal ends the tool at once.
// Signals that are ignored stay ignored. Under the native engine the first one ends tool and program.
Result<Outcome> run_until_signal(const RunSpec& spec, RunHooks hooks, std::optional<int>& signal);

// The same, but once the program has started those signals go to it, and so does SIGWINCH, and SIGTSTP if it
// has a terminal. `signal` is set if one has ended the program, and if one has stopped the run because the
// guest had not taken the one before.
Result<Outcome> run_and_pass_signals(RunSpec spec, RunHooks hooks, std::optional<int>& signal);

// Ends the process by `signal`, so that a shell sees this and reports 128 + signal.
[[noreturn]] void end_by_signal(int signal);

}  // namespace levitate::vmm::cli
