// The architectural state of the CPU: what an instruction reads and writes by name. Private to emu.
#pragma once

#include <array>
#include <cstdint>

#include "emu/cpu.hpp"
#include "emu/decode/fields.hpp"
#include "emu/system/gic_interface.hpp"
#include "emu/system/pstate.hpp"
#include "emu/system/registers.hpp"
#include "emu/system/timer.hpp"

namespace levitate::emu {

// The local monitor of load- and store-exclusive (Arm ARM B2.12). It marks a virtual address: software that
// pairs exclusives through two mappings of one location may see a store fail, as the architecture allows.
struct ExclusiveMonitor {
    bool marked = false;
    std::uint64_t address = 0;
    unsigned size = 0;
};

enum class Waiting : std::uint8_t { No, ForInterrupt, ForEvent };

// What of it is plain values: saved and restored as they are.
struct StateValues {
    // Indexed by the places of decode/fields.hpp. x[kZeroPlace] is never written.
    std::array<std::uint64_t, kGeneralPlaces> x{};
    PState pstate;
    std::array<Vector, 32> v{};
    std::uint32_t fpcr = 0;
    std::uint32_t fpsr = 0;
    SystemRegisters system;
    ExclusiveMonitor monitor;
    Waiting waiting = Waiting::No;
    bool event_register = false;
};

struct State : StateValues {
    State(std::uint64_t counter_frequency_hz, InterruptController& interrupts, bool gic_registers)
        : timer(counter_frequency_hz, interrupts), gic(interrupts, gic_registers) {}

    std::uint64_t get(Source place) const { return x[static_cast<std::uint8_t>(place)]; }
    // The register's low 32 bits or all 64.
    template <class T>
    T get(Source place) const {
        return static_cast<T>(get(place));
    }
    void set(Target place, std::uint64_t value) { x[static_cast<std::uint8_t>(place)] = value; }

    // The two stack pointers. The one in use is x[kSpPlace]; the other is kept in `system`.
    bool uses_sp_el1() const { return pstate.el != 0 && pstate.sp; }
    std::uint64_t sp_el0() const { return uses_sp_el1() ? system.sp_el0 : x[kSpPlace]; }
    std::uint64_t sp_el1() const { return uses_sp_el1() ? x[kSpPlace] : system.sp_el1; }
    void set_sp_el0(std::uint64_t value) { (uses_sp_el1() ? system.sp_el0 : x[kSpPlace]) = value; }
    void set_sp_el1(std::uint64_t value) { (uses_sp_el1() ? x[kSpPlace] : system.sp_el1) = value; }

    GenericTimer timer;
    GicInterface gic;
};

}  // namespace levitate::emu
