#include "vmm/tracer/task_calls.hpp"

#include <string_view>

#include "traces/abi/constants.hpp"

namespace levitate::vmm {
namespace {

using traces::abi::constant;
using traces::abi::syscall_number;

consteval std::uint64_t flag(std::string_view name) {
    return static_cast<std::uint64_t>(constant(name));
}

// struct clone_args (linux/sched.h), its fields of the first version and in their order.
struct CloneArguments {
    std::uint64_t flags;
    std::uint64_t pidfd;
    std::uint64_t child_tid;
    std::uint64_t parent_tid;
    std::uint64_t exit_signal;
    std::uint64_t stack;  // its lowest byte
    std::uint64_t stack_size;
    std::uint64_t tls;
};

std::optional<CloneRequest> read_clone3_request(GuestVirt at, const UserMemory& memory) {
    const auto arguments = read_value<CloneArguments>(memory, at);
    if (!arguments) {
        return std::nullopt;
    }
    return CloneRequest{.flags = arguments->flags,
                        .stack = arguments->stack == 0 ? 0 : arguments->stack + arguments->stack_size,
                        .tls = arguments->tls,
                        .parent_tid = arguments->parent_tid,
                        .child_tid = arguments->child_tid};
}

std::optional<ReapedChild> read_waited_status(const std::array<std::uint64_t, 6>& arguments,
                                              std::int64_t result, const UserMemory& memory) {
    if (result <= 0) {
        return std::nullopt;
    }
    if (arguments[1] == 0) {
        const bool may_go_on = (arguments[2] & (flag("WUNTRACED") | flag("WCONTINUED"))) != 0;
        return may_go_on ? std::nullopt : std::optional(ReapedChild{.pid = result, .end = {}});
    }
    const auto status = read_value<std::uint32_t>(memory, GuestVirt{arguments[1]});
    if (!status) {
        return std::nullopt;
    }
    const ReapedChild child{.pid = result, .end = end_from_wait_status(*status)};
    const bool ended = child.end.exit_code || child.end.signal;
    return ended ? std::optional(child) : std::nullopt;
}

std::optional<ReapedChild> read_waited_information(const std::array<std::uint64_t, 6>& arguments,
                                                   std::int64_t result, const UserMemory& memory) {
    // siginfo_t of a SIGCHLD: si_signo, si_errno, si_code, padding, si_pid, si_uid, si_status.
    struct ChildInformation {
        std::int32_t signal;
        std::int32_t error;
        std::int32_t code;
        std::int32_t padding;
        std::int32_t pid;
        std::uint32_t uid;
        std::int32_t status;
    };
    if (result != 0 || arguments[2] == 0) {
        return std::nullopt;
    }
    const auto information = read_value<ChildInformation>(memory, GuestVirt{arguments[2]});
    if (!information || information->pid <= 0) {
        return std::nullopt;
    }
    ReapedChild child{.pid = information->pid, .end = {}};
    if (information->code == constant("CLD_EXITED")) {
        child.end.exit_code = information->status;
    } else if (information->code == constant("CLD_KILLED") || information->code == constant("CLD_DUMPED")) {
        child.end.signal = information->status;
    } else {
        return std::nullopt;
    }
    return child;
}

}  // namespace

std::uint64_t call_number(const GeneralRegisters& at_call) {
    return at_call.x[8] & 0xffffffff;
}

std::array<std::uint64_t, 6> call_arguments(const GeneralRegisters& at_call) {
    const auto& x = at_call.x;
    return {x[0], x[1], x[2], x[3], x[4], x[5]};
}

TaskCall task_call(std::uint64_t number) {
    switch (number) {
        case syscall_number("clone"):
            return TaskCall::Clone;
        case syscall_number("clone3"):
            return TaskCall::Clone3;
        case syscall_number("execve"):
            return TaskCall::Execve;
        case syscall_number("execveat"):
            return TaskCall::Execveat;
        case syscall_number("exit"):
            return TaskCall::Exit;
        case syscall_number("exit_group"):
            return TaskCall::ExitGroup;
        case syscall_number("rt_sigaction"):
            return TaskCall::RtSigaction;
        case syscall_number("rt_sigreturn"):
            return TaskCall::RtSigreturn;
        case syscall_number("restart_syscall"):
            return TaskCall::RestartSyscall;
        case syscall_number("wait4"):
            return TaskCall::Wait4;
        case syscall_number("waitid"):
            return TaskCall::Waitid;
        default:
            return TaskCall::Other;
    }
}

bool CloneRequest::shares_memory() const {
    return (flags & flag("CLONE_VM")) != 0;
}

bool CloneRequest::shares_process() const {
    return (flags & flag("CLONE_THREAD")) != 0;
}

bool CloneRequest::sets_tls() const {
    return (flags & flag("CLONE_SETTLS")) != 0;
}

std::optional<CloneRequest> read_clone_request(TaskCall call, const std::array<std::uint64_t, 6>& arguments,
                                               const UserMemory& memory) {
    constexpr std::uint64_t kExitSignal = 0xff;  // CSIGNAL
    switch (call) {
        case TaskCall::Clone:
            // arm64 has CONFIG_CLONE_BACKWARDS: clone(flags, stack, parent_tid, tls, child_tid).
            return CloneRequest{.flags = arguments[0] & ~kExitSignal,
                                .stack = arguments[1],
                                .tls = arguments[3],
                                .parent_tid = arguments[2],
                                .child_tid = arguments[4]};
        case TaskCall::Clone3:
            return read_clone3_request(GuestVirt{arguments[0]}, memory);
        default:
            return std::nullopt;
    }
}

std::int64_t read_child_tid(const CloneRequest& request, const UserMemory& child_memory) {
    std::optional<std::int32_t> tid;
    if ((request.flags & flag("CLONE_CHILD_SETTID")) != 0) {
        tid = read_value<std::int32_t>(child_memory, GuestVirt{request.child_tid});
    } else if ((request.flags & flag("CLONE_PARENT_SETTID")) != 0 && request.shares_memory()) {
        tid = read_value<std::int32_t>(child_memory, GuestVirt{request.parent_tid});
    }
    return tid.value_or(0);
}

std::optional<std::uint64_t> read_signal_restorer(const std::array<std::uint64_t, 6>& arguments,
                                                  const UserMemory& memory) {
    // The kernel's struct sigaction (linux/signal.h), up to its mask.
    struct Action {
        std::uint64_t handler;
        std::uint64_t flags;
        std::uint64_t restorer;
    };
    const auto action = read_value<Action>(memory, GuestVirt{arguments[1]});
    const bool has_restorer = action && (action->flags & flag("SA_RESTORER")) != 0;
    return has_restorer ? std::optional(action->restorer) : std::nullopt;
}

std::optional<ReapedChild> read_reaped_child(TaskCall call, const std::array<std::uint64_t, 6>& arguments,
                                             std::int64_t result, const UserMemory& memory) {
    if (call == TaskCall::Wait4) {
        return read_waited_status(arguments, result, memory);
    }
    return call == TaskCall::Waitid ? read_waited_information(arguments, result, memory) : std::nullopt;
}

traces::TaskEndEvent end_from_wait_status(std::uint32_t status) {
    constexpr std::uint32_t kStopped = 0x7f;
    constexpr std::uint32_t kContinued = 0xffff;
    const std::uint32_t signal = status & 0x7f;
    traces::TaskEndEvent end;
    if (signal == 0) {
        end.exit_code = static_cast<int>((status >> 8) & 0xff);
    } else if (signal != kStopped && status != kContinued) {
        end.signal = static_cast<int>(signal);
    }
    return end;
}

}  // namespace levitate::vmm
