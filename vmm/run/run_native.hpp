// A run on the engine without a machine: the program runs on this host's own Linux under ptrace
// (vmm/engine/native).
#pragma once

#include "traces/format/event.hpp"
#include "vmm/error.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm {

// Runs `spec.program` where it stands on this host: there is no root of its own, so files, roots and sysroots
// are refused. It is executed once, or twice if there is a sink: see vmm/engine/native/recording.hpp.
// `header` is complete but for the auxv, the kernel and the CPU. Hooks that need an Engine are refused.
//
// On any host but AArch64 Linux: an Error of kind Usage.
Result<Outcome> run_native(const RunSpec& spec, const RunHooks& hooks, const traces::Header& header);

}  // namespace levitate::vmm
