// Starting from a kernel that has booted before: a snapshot is taken where init waits for what it is to run,
// and runs of the same kernel on the same machine go on from there.
#pragma once

#include <optional>

#include "vmm/machine/snapshot.hpp"
#include "vmm/run/run.hpp"

namespace levitate::vmm {

// The snapshot from which this run can start, made now if there is none yet. nullopt: the kernel is to boot,
// because that is wanted, because the run's machine or process 1 are not such as are saved, because the
// kernel does not get as far as waiting, or because nothing can be kept. `spec` is complete.
std::optional<Snapshot> booted_machine(const RunSpec& spec);

}  // namespace levitate::vmm
