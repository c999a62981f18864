// Breakpoints on the functions of a traced program's vDSO.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>

#include "vmm/engine/native/ptrace.hpp"

namespace levitate::vmm::native {

// One address space's probes. The vDSO is mapped privately, so what is written into its text stays there and
// in copies that fork makes.
//
// A probe is a BRK in place of a function's first instruction that can be moved. The instruction itself, with
// a branch back, stands in the unused end of the vDSO's last page: a task that hits the BRK goes on there. So
// a probe is never taken out, and no call is missed.
class VdsoProbes {
  public:
    // Writes the probes and an SVC for inject_syscall into the vDSO at `base` of a task that has just been
    // executed. Functions that have no instruction to put a probe on, and those for which the page has no
    // room, are left alone.
    static VdsoProbes install(pid_t tid, GuestVirt base);

    struct Hit {
        const std::string& function;
        GuestVirt resume_at{};
    };
    // The probe at which a task has been stopped by a BRK.
    std::optional<Hit> find(GuestVirt pc) const;
    // A BRK that a function can be made to return to, so that its return is seen; nullopt: there was no room.
    std::optional<GuestVirt> return_trap() const { return return_trap_; }
    // An SVC in executable memory; nullopt: there was no room.
    std::optional<GuestVirt> svc() const { return svc_; }

  private:
    struct Probe {
        std::string function;
        GuestVirt resume_at{};
    };
    std::map<GuestVirt, Probe> probes_;
    std::optional<GuestVirt> return_trap_;
    std::optional<GuestVirt> svc_;
};

}  // namespace levitate::vmm::native
