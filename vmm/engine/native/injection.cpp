#include "vmm/engine/native/injection.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <csignal>

namespace levitate::vmm::native {
namespace {

constexpr int kSyscallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD
constexpr std::size_t kNumberRegister = 8;

// The kernel's signal set, 8 bytes.
using SignalMask = std::uint64_t;

constexpr SignalMask bit_of(int signal) {
    return SignalMask{1} << (signal - 1);
}

void* mask_size() {
    return reinterpret_cast<void*>(sizeof(SignalMask));
}

// Holds signals back for as long as it lives. SIGTRAP is not blocked: a step's SIGTRAP is forced on the task,
// and if it were blocked, Linux would reset its action (kernel/signal.c, force_sig_info_to_task).
class HeldSignals {
  public:
    explicit HeldSignals(pid_t tid) : tid_(tid) {
        SignalMask mask = ~bit_of(SIGTRAP);
        held_ = ptrace(PTRACE_GETSIGMASK, tid_, mask_size(), &original_) == 0 &&
                ptrace(PTRACE_SETSIGMASK, tid_, mask_size(), &mask) == 0;
    }
    ~HeldSignals() {
        if (held_) {
            ptrace(PTRACE_SETSIGMASK, tid_, mask_size(), &original_);
        }
    }
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;
    bool are_held() const { return held_; }

  private:
    pid_t tid_;
    SignalMask original_ = 0;
    bool held_ = false;
};

bool resume_and_wait(pid_t tid, Resume how, int expected_signal, std::optional<Interrupted>& interrupted) {
    if (!resume(tid, how)) {
        return false;
    }
    int status = 0;
    if (::waitpid(tid, &status, __WALL) != tid) {
        return false;
    }
    const bool as_expected = WIFSTOPPED(status) && (status >> 8) == expected_signal;
    if (!as_expected) {
        interrupted = Interrupted{.status = status};
    }
    return as_expected;
}

}  // namespace

std::optional<std::int64_t> inject_syscall(pid_t tid, GuestVirt svc, const SyscallRequest& request,
                                           std::optional<Interrupted>& interrupted) {
    const HeldSignals held(tid);
    const auto original = get_registers(tid);
    if (!held.are_held() || !original) {
        return std::nullopt;
    }
    GeneralRegisters registers = *original;
    for (std::size_t index = 0; index < request.arguments.size(); ++index) {
        registers.x[index] = request.arguments[index];
    }
    registers.x[kNumberRegister] = request.number;
    registers.pc = value(svc);
    if (!set_registers(tid, registers) ||
        !resume_and_wait(tid, Resume::ToSyscall, kSyscallStop, interrupted) ||
        !resume_and_wait(tid, Resume::ToSyscall, kSyscallStop, interrupted)) {
        return std::nullopt;
    }
    const auto after = get_registers(tid);
    if (!after || !set_registers(tid, *original)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(after->x[0]);
}

bool step_instruction(pid_t tid, std::optional<Interrupted>& interrupted) {
    const HeldSignals held(tid);
    return held.are_held() && resume_and_wait(tid, Resume::Step, SIGTRAP, interrupted);
}

}  // namespace levitate::vmm::native
