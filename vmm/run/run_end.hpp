// Whether a run is over, and what ended it. The first end counts.
#pragma once

#include <optional>
#include <string>

#include "vmm/run/run.hpp"
#include "vmm/run/workload.hpp"

namespace levitate::vmm {

class RunEnd {
  public:
    struct Cause {
        std::string incomplete;   // why it is over before init has said so; else empty
        bool never_ends = false;  // Outcome::never_ends
        // With which a kernel that was to run no program has ended the machine.
        std::optional<int> status = std::nullopt;
    };

    RunEnd(const RunSpec& spec, const Workload& workload) : spec_(spec), workload_(workload) {}

    bool is_over() const { return cause_.has_value(); }

    void by_init() { end({}); }
    void by_fault(const std::string& why) { end({.incomplete = why}); }
    // The kernel does this with the machine. It is not a fault if init has said that the run is over, or, for
    // powering off, if the kernel runs alone.
    void by_power_off();
    void by_reset();
    // The kernel has ended the machine with a status (SYS_EXIT). If it was to run a program, that is no
    // better than switching the machine off.
    void by_semihosting(int status);
    void by_time_limit();
    void by_instruction_limit();
    // `what` cannot end: the guest is in a loop that nothing can change.
    void by_loop(const std::string& what);
    // No task runs, and nothing that can still happen would wake one.
    void by_sleep();

    // To be called when nobody advances the run any further.
    const Cause& finish();

  private:
    void by_power(const std::string& what);
    void end(Cause cause);

    const RunSpec& spec_;
    const Workload& workload_;
    std::optional<Cause> cause_;
};

}  // namespace levitate::vmm
