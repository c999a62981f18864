#include "vmm/engine/native/tracing.hpp"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "traces/abi/constants.hpp"
#include "vmm/arch/aarch64.hpp"
#include "vmm/tracer/signal_frame.hpp"

namespace levitate::vmm::native {
namespace {

constexpr traces::TaskNumber kNotRecorded{};
constexpr int kSyscallStop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD
constexpr std::size_t kLinkRegister = 30;

// A call that a signal has interrupted and that Linux will run again or turn into EINTR, depending on the
// signal's action (include/linux/errno.h): only a tracer sees these results.
bool is_interrupted(std::int64_t result) {
    constexpr std::int64_t kRestartSys = -512;
    constexpr std::int64_t kRestartNoIntr = -513;
    constexpr std::int64_t kRestartNoHand = -514;
    constexpr std::int64_t kRestartBlock = -516;
    return result == kRestartSys || result == kRestartNoIntr || result == kRestartNoHand ||
           result == kRestartBlock;
}

// Whether the task's process has a handler for the signal (man 5 proc, SigCgt).
bool has_handler(pid_t tid, int signal) {
    constexpr std::string_view kKey = "SigCgt:\t";
    std::ifstream status("/proc/" + std::to_string(tid) + "/status");
    std::string line;
    while (std::getline(status, line)) {
        if (line.starts_with(kKey)) {
            std::uint64_t mask = 0;
            std::from_chars(line.data() + kKey.size(), line.data() + line.size(), mask, 16);
            return ((mask >> (signal - 1)) & 1) != 0;
        }
    }
    return false;
}

bool is_stop_signal(int signal) {
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

}  // namespace

NativeTracer::NativeTracer(Recorder& recorder, Pass pass, pid_t program)
    : recorder_(recorder), pass_(pass), program_(program) {
    tracees_.emplace(program,
                     Tracee{.process = program, .space = std::make_shared<AddressSpace>(), .clone = {}});
}

void NativeTracer::serve() {
    while (!program_status_) {
        int status = 0;
        pid_t tid = 0;
        if (!queued_.empty()) {
            std::tie(tid, status) = queued_.front();
            queued_.pop_front();
        } else {
            tid = ::waitpid(-1, &status, __WALL | WNOHANG);
        }
        if (tid <= 0) {
            return;
        }
        dispatch(tid, status);
    }
}

void NativeTracer::kill_all() {
    for (const auto& [tid, tracee] : tracees_) {
        ::kill(tracee.process, SIGKILL);
    }
    // Tasks stop once more on their way out (PTRACE_EVENT_EXIT) and have to be resumed.
    int status = 0;
    pid_t tid = 0;
    while (!tracees_.empty() && ((tid = ::waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)) {
        if (tid > 0 && WIFSTOPPED(status)) {
            resume(tid, Resume::ToSyscall);
        } else {
            tracees_.erase(tid);
        }
    }
    tracees_.clear();
}

void NativeTracer::requeue(pid_t tid, const std::optional<Interrupted>& interrupted) {
    if (interrupted) {
        queued_.emplace_back(tid, interrupted->status);
    }
}

// A task whose next stop is queued already stands in that stop, which has to be served first.
void NativeTracer::go_on(pid_t tid) {
    const auto is_task = [tid](const auto& stop) { return stop.first == tid; };
    if (std::ranges::none_of(queued_, is_task)) {
        resume(tid, Resume::ToSyscall);
    }
}

TraceeMemory NativeTracer::memory_of(pid_t tid, const Tracee& tracee) const {
    const std::optional<AuxvGuard>& guard = tracee.space->guard;
    return guard ? guard->memory_of(tid) : TraceeMemory(tid);
}

void NativeTracer::dispatch(pid_t tid, int status) {
    if (!WIFSTOPPED(status)) {
        on_end(tid, status);
        return;
    }
    const auto found = tracees_.find(tid);
    if (found == tracees_.end()) {
        early_stops_[tid] = status;
        return;
    }
    Tracee& tracee = found->second;
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (event != 0) {
        on_event(tid, tracee, event, signal);
    } else if (signal == kSyscallStop) {
        on_syscall_stop(tid, tracee);
    } else {
        on_signal(tid, tracee, signal);
    }
}

void NativeTracer::on_end(pid_t tid, int status) {
    const auto found = tracees_.find(tid);
    if (found != tracees_.end()) {
        end_task(found->second, status);
        tracees_.erase(found);
    }
    if (tid == program_) {
        program_status_ = status;
    }
}

// PTRACE_EVENT_EXIT usually comes first, but not for a task that is killed.
void NativeTracer::end_task(Tracee& tracee, int status) {
    if (tracee.task != kNotRecorded) {
        recorder_.end_task(tracee.task, end_from_wait_status(static_cast<std::uint32_t>(status)));
        tracee.task = kNotRecorded;
    }
}

void NativeTracer::on_event(pid_t tid, Tracee& tracee, int event, int signal) {
    switch (event) {
        case PTRACE_EVENT_CLONE:
        case PTRACE_EVENT_FORK:
        case PTRACE_EVENT_VFORK:
            on_birth(tid, tracee);
            resume(tid, Resume::ToSyscall);
            break;
        case PTRACE_EVENT_EXEC:
            on_exec(tid, tracee);
            break;
        case PTRACE_EVENT_EXIT:
            end_task(tracee, static_cast<int>(event_message(tid)));
            resume(tid, Resume::ToSyscall);
            break;
        case PTRACE_EVENT_STOP:
            resume(tid, is_stop_signal(signal) ? Resume::Listen : Resume::ToSyscall);
            break;
        default:
            resume(tid, Resume::ToSyscall);
            break;
    }
}

void NativeTracer::on_birth(pid_t parent, Tracee& tracee) {
    const auto child = static_cast<pid_t>(event_message(parent));
    if (tracee.task == kNotRecorded) {
        return;
    }
    const CloneRequest request = tracee.clone.value_or(CloneRequest{});
    Tracee born{
        .task = recorder_.start_task(tracee.task, request.flags, child),
        .process = request.shares_process() ? tracee.process : child,
        .space = request.shares_memory() ? tracee.space : std::make_shared<AddressSpace>(*tracee.space),
        .clone = {},
        .vdso_returns = tracee.vdso_returns};
    tracees_.insert_or_assign(child, std::move(born));
    if (const auto early = early_stops_.find(child); early != early_stops_.end()) {
        queued_.emplace_back(child, early->second);
        early_stops_.erase(early);
    }
}

// If a thread other than the first called execve, it goes on under the first one's id (man 2 ptrace,
// "execve(2) under ptrace").
void NativeTracer::on_exec(pid_t tid, Tracee& tracee) {
    const auto former = static_cast<pid_t>(event_message(tid));
    if (former != tid && tracees_.contains(former)) {
        if (tracee.task != kNotRecorded) {
            recorder_.end_task(tracee.task, {});
        }
        tracee = std::move(tracees_.at(former));
        tracees_.erase(former);
    }
    tracee.space = std::make_shared<AddressSpace>();
    tracee.vdso_returns.clear();
    tracee.has_executed = true;
    tracee.in_call = true;
    resume(tid, Resume::ToSyscall);
}

void NativeTracer::on_syscall_stop(pid_t tid, Tracee& tracee) {
    const auto registers = get_registers(tid);
    if (registers && !tracee.in_call) {
        tracee.in_call = true;
        on_syscall_entry(tid, tracee, *registers);
    } else if (registers) {
        tracee.in_call = false;
        on_syscall_exit(tid, tracee, *registers);
    }
    go_on(tid);
}

void NativeTracer::on_syscall_entry(pid_t tid, Tracee& tracee, const GeneralRegisters& registers) {
    if (tracee.task == kNotRecorded) {
        return;
    }
    const TraceeMemory memory = memory_of(tid, tracee);
    const SyscallEntry entry{.number = call_number(registers),
                             .arguments = call_arguments(registers),
                             .pc = registers.pc - kInstructionSize,
                             .sp = registers.sp};
    const TaskCall call = task_call(entry.number);
    recorder_.enter_syscall(tracee.task, entry, memory);
    tracee.clone = read_clone_request(call, entry.arguments, memory);
    tracee.in_signal_return = call == TaskCall::RtSigreturn;
    if (call == TaskCall::Execve || call == TaskCall::Execveat) {
        let_kernel_read_vectors(tid, tracee, registers);
    }
}

// A program may pass on the environment that it was started with, and the end of that may be on the guarded
// page.
void NativeTracer::let_kernel_read_vectors(pid_t tid, Tracee& tracee, const GeneralRegisters& registers) {
    constexpr std::size_t kMostArguments = 6;
    const std::optional<AuxvGuard>& guard = tracee.space->guard;
    if (!guard) {
        return;
    }
    guard->mirror(tid);
    GeneralRegisters readable = registers;
    for (std::size_t index = 0; index < kMostArguments; ++index) {
        readable.x[index] = value(guard->readable(GuestVirt{registers.x[index]}));
    }
    if (readable.x != registers.x && set_registers(tid, readable)) {
        tracee.before_execve = registers;
    }
}

void NativeTracer::on_syscall_exit(pid_t tid, Tracee& tracee, const GeneralRegisters& registers) {
    const auto before_execve = std::exchange(tracee.before_execve, std::nullopt);
    if (tracee.has_executed) {
        tracee.has_executed = false;
        on_program_image(tid, tracee);
        return;
    }
    if (before_execve) {
        GeneralRegisters restored = *before_execve;
        restored.x[0] = registers.x[0];
        set_registers(tid, restored);
    }
    tracee.clone.reset();
    if (tracee.task == kNotRecorded) {
        return;
    }
    const auto result = static_cast<std::int64_t>(registers.x[0]);
    if (tracee.in_signal_return) {
        tracee.in_signal_return = false;
        recorder_.end_syscall(tracee.task);
    } else if (is_interrupted(result)) {
        recorder_.repeat_syscall(tracee.task);
    } else {
        recorder_.return_from_syscall(tracee.task, result, memory_of(tid, tracee));
    }
}

// The task stands before the first instruction of what it has executed.
void NativeTracer::on_program_image(pid_t tid, Tracee& tracee) {
    const auto registers = get_registers(tid);
    const auto stack =
        registers ? read_initial_stack(TraceeMemory(tid), GuestVirt{registers->sp}) : std::nullopt;
    if (!stack) {
        return;
    }
    const bool is_first = !recorder_.has_started();
    if (is_first) {
        tracee.task = recorder_.start_program(0, *stack, registers->sp, registers->pc);
    } else if (tracee.task != kNotRecorded) {
        recorder_.exec(tracee.task, *stack, registers->sp, registers->pc);
    }
    constexpr auto kAtSysinfoEhdr = static_cast<std::uint64_t>(traces::abi::constant("AT_SYSINFO_EHDR"));
    if (const auto vdso = auxv_value(stack->auxv, kAtSysinfoEhdr)) {
        tracee.space->probes = VdsoProbes::install(tid, GuestVirt{*vdso});
    }
    const auto svc = tracee.space->probes.svc();
    if (pass_ == Pass::AuxvReads && tracee.task != kNotRecorded) {
        std::optional<Interrupted> interrupted;
        tracee.space->guard = svc ? AuxvGuard::install(tid, *stack, *svc, interrupted) : std::nullopt;
        guards_auxv_ = (guards_auxv_ || is_first) && tracee.space->guard.has_value();
        requeue(tid, interrupted);
    }
}

void NativeTracer::on_signal(pid_t tid, Tracee& tracee, int signal) {
    const bool enters_handler = std::exchange(tracee.enters_handler, false);
    if (signal == SIGTRAP && enters_handler) {
        on_handler_entry(tid, tracee);
        go_on(tid);
        return;
    }
    if ((signal == SIGTRAP && on_trap(tid, tracee)) || (signal == SIGSEGV && on_guarded_page(tid, tracee))) {
        go_on(tid);
        return;
    }
    // Linux reports a step into a handler before the handler's first instruction. For a signal without a
    // handler, a step would execute an instruction of the program, which may be an SVC.
    tracee.enters_handler = has_handler(tid, signal);
    resume(tid, tracee.enters_handler ? Resume::Step : Resume::ToSyscall, signal);
}

void NativeTracer::on_handler_entry(pid_t tid, Tracee& tracee) {
    const auto registers = get_registers(tid);
    if (!registers || tracee.task == kNotRecorded) {
        return;
    }
    const TraceeMemory memory = memory_of(tid, tracee);
    const auto signal = read_delivered_signal(memory, *registers);
    if (!signal) {
        return;
    }
    if (const traces::SyscallEvent* const call = recorder_.outstanding_syscall(tracee.task)) {
        if (signal->interrupted.pc == call->pc) {
            recorder_.restart_syscall(tracee.task, memory);
        } else {
            recorder_.return_from_syscall(tracee.task, static_cast<std::int64_t>(signal->interrupted.x[0]),
                                          memory);
        }
    }
    recorder_.signal(tracee.task, *signal);
}

bool NativeTracer::on_trap(pid_t tid, Tracee& tracee) {
    siginfo_t information{};
    auto registers = get_registers(tid);
    if (!registers || ::ptrace(PTRACE_GETSIGINFO, tid, nullptr, &information) != 0 ||
        information.si_code != TRAP_BRKPT) {
        return false;
    }
    if (const auto hit = tracee.space->probes.find(GuestVirt{registers->pc})) {
        on_vdso_call(tracee, *hit, *registers);
    } else if (!on_vdso_return(tid, tracee, *registers)) {
        return false;
    }
    set_registers(tid, *registers);
    return true;
}

void NativeTracer::on_vdso_call(Tracee& tracee, const VdsoProbes::Hit& hit, GeneralRegisters& registers) {
    registers.pc = value(hit.resume_at);
    if (tracee.task == kNotRecorded) {
        return;
    }
    recorder_.enter_vdso(tracee.task, {.symbol = hit.function,
                                       .arguments = {registers.x[0], registers.x[1]},
                                       .return_pc = registers.x[kLinkRegister],
                                       .sp = registers.sp});
    if (const auto trap = tracee.space->probes.return_trap()) {
        std::erase_if(tracee.vdso_returns,
                      [&](const VdsoReturn& former) { return former.sp == registers.sp; });
        tracee.vdso_returns.push_back({.pc = registers.x[kLinkRegister], .sp = registers.sp});
        registers.x[kLinkRegister] = value(*trap);
    }
}

bool NativeTracer::on_vdso_return(pid_t tid, Tracee& tracee, GeneralRegisters& registers) {
    const auto trap = tracee.space->probes.return_trap();
    const auto found = std::ranges::find(tracee.vdso_returns, registers.sp, &VdsoReturn::sp);
    if (!trap || registers.pc != value(*trap) || found == tracee.vdso_returns.end()) {
        return false;
    }
    registers.pc = found->pc;
    registers.x[kLinkRegister] = found->pc;
    tracee.vdso_returns.erase(found);
    if (tracee.task != kNotRecorded) {
        recorder_.return_to(tracee.task, registers.pc, registers.sp,
                            static_cast<std::int64_t>(registers.x[0]), memory_of(tid, tracee));
    }
    return true;
}

bool NativeTracer::on_guarded_page(pid_t tid, Tracee& tracee) {
    siginfo_t information{};
    const std::optional<AuxvGuard>& guard = tracee.space->guard;
    if (!guard || ::ptrace(PTRACE_GETSIGINFO, tid, nullptr, &information) != 0 ||
        information.si_code != SEGV_ACCERR) {
        return false;
    }
    const GuestVirt address{reinterpret_cast<std::uintptr_t>(information.si_addr)};
    if (!guard->covers(address)) {
        return false;
    }
    std::optional<Interrupted> interrupted;
    const auto load = guard->step_over(tid, address, interrupted);
    if (load && tracee.task != kNotRecorded) {
        recorder_.auxv_load(tracee.task, *load, memory_of(tid, tracee));
    }
    requeue(tid, interrupted);
    return true;
}

}  // namespace levitate::vmm::native
