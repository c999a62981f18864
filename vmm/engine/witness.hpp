// What an engine can say of a guest that has gone wrong: what it did last, and whether a loop of it can end.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "vmm/arch/address.hpp"

namespace levitate::vmm {

// A synchronous exception that EL1 took, other than an SVC of EL0; those that are alike are counted together.
struct TakenException {
    std::uint64_t esr = 0;
    GuestVirt elr{};
    std::uint64_t spsr = 0;
    GuestVirt vector{};  // where EL1 went on
    std::uint64_t sp = 0;
    GuestVirt far{};            // the last time, if has_far
    std::uint64_t retired = 0;  // instructions, until the last time
    std::uint64_t count = 0;    // how often in a row
    bool has_far = false;
    bool from_el0 = false;
};

// The last call of one task, whatever the kernel: no two tasks have table, SP_EL1 and TPIDR_EL0 in common.
struct LastCall {
    std::uint64_t table = 0;
    std::uint64_t sp_el1 = 0;
    std::uint64_t tpidr_el0 = 0;
    std::uint64_t number = 0;
    std::array<std::uint64_t, 6> arguments{};
    GuestVirt pc{};             // after the SVC
    std::uint64_t retired = 0;  // instructions, until the SVC
    bool returned = false;      // the task has gone on at EL0
};

// What was met that may keep a loop whose registers repeat from going on for ever.
struct Influences {
    bool memory = false;    // a byte of RAM has changed
    bool device = false;    // something outside RAM was read or written, or the firmware called
    bool time = false;      // the time, a timer or the interrupt controller was used, or time was waited for
    bool unmasked = false;  // PSTATE would have let an interrupt in
};

class Witness {
  public:
    virtual ~Witness() = default;

    // The last of them, oldest first.
    virtual std::vector<TakenException> recent_exceptions() const = 0;
    // Of the tasks that called last, in no order; and how many calls there were.
    virtual std::vector<LastCall> last_calls() const = 0;
    virtual std::uint64_t call_count() const = 0;

    // Forgets what was met before. The engine is slower while it watches.
    virtual void watch_influences(bool watch) = 0;
    virtual Influences influences() const = 0;
    // Whether an interrupt waits to be taken or a timer is armed.
    virtual bool interrupt_is_due() const = 0;
    // All that decides what the CPU does next, apart from memory, devices and interrupts.
    virtual std::vector<std::uint64_t> state_words() const = 0;
    virtual GuestVirt program_counter() const = 0;
};

}  // namespace levitate::vmm
