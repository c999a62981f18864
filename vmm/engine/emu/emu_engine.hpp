// The engine that emulates the CPU: it runs on any host, and a run on it is a pure function of its input.
#pragma once

#include <cstdint>
#include <memory>

#include "vmm/engine/engine.hpp"
#include "vmm/machine/machine.hpp"

namespace levitate::vmm {

// What a run on the emulator is a function of, beside the machine.
struct EmuSeeds {
    std::uint64_t random = 0;
    std::uint64_t schedule = 0;  // 0: time does not jump (emu/system/time_jumps.hpp)
};

// Stands at the machine's entry point. `machine` must outlive the engine; it gets its time from it.
std::unique_ptr<Engine> make_emu_engine(Machine& machine, const EmuSeeds& seeds);

}  // namespace levitate::vmm
