// Which registers a kernel failed to preserve.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "traces/format/event.hpp"
#include "vmm/arch/registers.hpp"
#include "vmm/tracer/recorder.hpp"
#include "vmm/tracer/signal_frame.hpp"

namespace levitate::vmm {

// The registers that a signal frame holds, and those of `others` that it does not hold.
UserRegisters interrupted_registers(const InterruptedState& frame, const UserRegisters& others);

// Differences in x0 to x30, SP, PC, NZCV, TPIDR_EL0, V0 to V31, FPCR and FPSR. `may_change` is a register Xn
// that the exception's handling is free to write.
std::vector<traces::RegistersEvent::Change> lost_registers(const UserRegisters& before,
                                                           const UserRegisters& after,
                                                           std::optional<unsigned> may_change);

// Holds a task's registers against what Linux gives it, and records what differs.
class RegisterCheck {
  public:
    RegisterCheck(Recorder& recorder, const UserMemory& memory) : recorder_(recorder), memory_(memory) {}

    // Handlers may return there: the program has given it to rt_sigaction, or it is the vDSO's.
    void add_restorer(std::uint64_t address) { restorers_.insert(address); }

    // `during` is called if registers are lost, and says for people during what.
    template <typename During>
    void preserved(traces::TaskNumber task, const UserRegisters& before, const UserRegisters& after,
                   std::optional<unsigned> may_change, During during, std::uint64_t pc) {
        auto changes = lost_registers(before, after, may_change);
        if (!changes.empty()) {
            recorder_.registers_lost(task, {.changes = std::move(changes), .during = during(), .pc = pc});
        }
    }

    // The task stands at the first instruction of what it has executed.
    void program_entry(traces::TaskNumber task, const UserRegisters& now);
    // The task enters the handler of a signal, with these registers.
    void handler_entry(traces::TaskNumber task, const DeliveredSignal& signal, const UserRegisters& entered);

  private:
    UserRegisters handler_registers(const DeliveredSignal& signal, const UserRegisters& entered) const;

    Recorder& recorder_;
    const UserMemory& memory_;
    std::set<std::uint64_t> restorers_;
};

}  // namespace levitate::vmm
