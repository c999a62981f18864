// The engine that emulates the CPU: it runs on any host, and a run on it is a pure function of its input.
#pragma once

#include <cstdint>
#include <memory>

#include "vmm/engine/engine.hpp"
#include "vmm/machine/machine.hpp"

namespace levitate::vmm {

// The engine stands at the machine's entry point. `machine` must outlive the engine and gets its time from
// it. Time jumps as `schedule_seed` says (emu/system/time_jumps.hpp); 0: it does not jump.
std::unique_ptr<Engine> make_emu_engine(Machine& machine, std::uint64_t schedule_seed);

}  // namespace levitate::vmm
