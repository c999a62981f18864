// Makes a program's reads of its auxiliary vector visible: the vector stands on a page that the program may
// not read.
#pragma once

#include <sys/types.h>

#include <optional>

#include "vmm/engine/native/injection.hpp"
#include "vmm/engine/native/ptrace.hpp"
#include "vmm/tracer/initial_stack.hpp"
#include "vmm/tracer/recorder.hpp"

namespace levitate::vmm::native {

// One address space's guard.
class AuxvGuard {
  public:
    // Moves argc, argv, envp and auxv, as they stand at the task's stack pointer, down so that the auxv
    // begins on a page of its own, sets the stack pointer there, and protects that page. The strings that
    // they point to stay where they are. The stack pointer has to be a multiple of 16, so if argc, argv and
    // envp are an odd number of words, the page begins with the null pointer that ends envp. Precondition:
    // the task stands before its first instruction, outside a call. nullopt: not possible, or it died
    // (`interrupted`).
    static std::optional<AuxvGuard> install(pid_t tid, const InitialStack& stack, GuestVirt svc,
                                            std::optional<Interrupted>& interrupted);

    bool covers(GuestVirt address) const { return address >= begin_ && address < end_; }
    TraceeMemory memory_of(pid_t tid) const { return {tid, begin_, end_}; }

    // Where the kernel can read what a pointer of the program points to. A pointer into the moved vector
    // becomes one to the same place of the original, which is still there as it was last mirrored, and is not
    // protected.
    GuestVirt readable(GuestVirt pointer) const;
    // Copies what the program has made of the moved vector to the original.
    void mirror(pid_t tid) const;

    // Lets the task, which has faulted at `address` on the guarded page, execute that instruction after all.
    // Returns the load, if it was one. Whether the task died is in `interrupted`. A load reads the original,
    // so that the page stays protected from the task's other threads. For any other instruction the page is
    // unprotected for one step.
    std::optional<AuxvLoad> step_over(pid_t tid, GuestVirt address,
                                      std::optional<Interrupted>& interrupted) const;

  private:
    bool step_on_original(pid_t tid, GeneralRegisters registers, unsigned base, std::uint32_t load,
                          std::optional<Interrupted>& interrupted) const;
    bool step_unprotected(pid_t tid, std::optional<Interrupted>& interrupted) const;
    bool protect(pid_t tid, int protection, std::optional<Interrupted>& interrupted) const;

    GuestVirt begin_{};  // of the page
    GuestVirt end_{};
    AuxvRange auxv_;
    GuestVirt moved_sp_{};
    GuestVirt original_sp_{};
    GuestVirt svc_{};
};

}  // namespace levitate::vmm::native
