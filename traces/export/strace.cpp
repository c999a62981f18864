#include "traces/export/strace.hpp"

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/abi/text.hpp"
#include "traces/export/call_text.hpp"

namespace levitate::traces {
namespace {

// The task's next event is the start of another program: the execve succeeded, which strace writes as 0.
bool is_followed_by_exec(const Trace& trace, std::size_t event) {
    for (std::size_t i = event + 1; i < trace.events.size(); ++i) {
        if (trace.events[i].task == trace.events[event].task) {
            return std::holds_alternative<ExecEvent>(trace.events[i].body);
        }
    }
    return false;
}

std::string status_text(const std::optional<int>& exit_code, const std::optional<int>& signal) {
    if (exit_code) {
        return "exited with " + std::to_string(*exit_code);
    }
    return signal ? "killed by " + abi::signal_name(*signal) : "ended";
}

std::string hex(std::uint64_t value) {
    return abi::format_address(value);
}

struct LineWriter {
    const Trace& trace;
    std::size_t event;

    std::string operator()(const SyscallEvent& call) const {
        std::string text = detail::call_text(call) + " = ";
        const abi::SyscallRow* row = abi::find_syscall(call.number, call.arguments);
        if (call.result) {
            text += abi::format_result(row, *call.result);
            // man 2 fcntl: these give flags.
            if (row != nullptr && row->number == abi::syscall_number("fcntl") &&
                !abi::is_error(*call.result)) {
                text += descriptor_flags(call, *call.result);
            }
        } else {
            text += is_followed_by_exec(trace, event) ? "0" : "?";
        }
        return call.restarted ? text + " (to be restarted)" : text;
    }

    static std::string descriptor_flags(const SyscallEvent& call, std::int64_t result) {
        const auto command = static_cast<std::int64_t>(call.arguments[1] & 0xffffffffU);
        const auto flags = static_cast<std::uint64_t>(result);
        if (command == abi::constant("F_GETFL")) {
            return " (flags " + abi::decode("open_flags", flags) + ")";
        }
        return command == abi::constant("F_GETFD") && flags != 0
                   ? " (flags " + abi::decode("fd_flags", flags) + ")"
                   : "";
    }

    std::string operator()(const AuxvReadEvent& read) const {
        const auto name = abi::find_name("auxv_types", static_cast<std::int64_t>(read.type));
        return "auxv[" + (name ? std::string(*name) : std::to_string(read.type)) + "]" +
               (read.offset < sizeof(std::uint64_t) ? ".a_type" : "") + " = " +
               abi::format_auxv(read.type, read.value);
    }

    std::string operator()(const VdsoCallEvent& call) const {
        return "vdso:" + call.symbol + "(" + hex(call.arguments[0]) + ", " + hex(call.arguments[1]) + ")";
    }

    std::string operator()(const SignalEvent& signal) const {
        return "--- " + abi::signal_name(signal.signal) + " " +
               abi::format_object("siginfo_t", signal.siginfo) + " ---";
    }

    std::string operator()(const ExecEvent& exec) const {
        return "--- exec " + exec.path + " (" + std::to_string(exec.argv.size()) + " arguments, entry " +
               hex(exec.entry_pc) + ", sp " + hex(exec.sp) + ") ---";
    }

    std::string operator()(const TaskStartEvent& start) const {
        return "--- started by task " + std::to_string(static_cast<std::uint32_t>(start.parent)) + ", tid " +
               std::to_string(start.tid) + ", " + abi::decode("clone_flags", start.clone_flags) + " ---";
    }

    std::string operator()(const TaskEndEvent& end) const {
        return "+++ " + status_text(end.exit_code, end.signal) + " +++";
    }

    std::string operator()(const RegistersEvent& registers) const {
        std::string text = "!!! registers not preserved during " + registers.during + ":";
        for (const RegistersEvent::Change& change : registers.changes) {
            text += " " + change.name + " " + change.before + " -> " + change.after;
        }
        return text;
    }

    std::string operator()(const MemoryWriteEvent& write) const {
        return "--- " + write.cause + ": " + std::to_string(write.bytes.size()) + " bytes at " +
               hex(write.address) + " ---";
    }

    std::string operator()(const RegisterReadEvent& read) const {
        return read.name + " = " + hex(read.value);
    }

    std::string operator()(const MappedFileEvent& mapped) const {
        return "--- " + mapped.file.path + " at " + hex(mapped.address) + ", " +
               std::to_string(mapped.length) + " bytes from " + std::to_string(mapped.offset) + " ---";
    }

    std::string operator()(const OutcomeEvent& outcome) const {
        return "+++ program " + status_text(outcome.exit_code, outcome.signal) + ", stdout " +
               std::to_string(outcome.stdout_bytes.size()) + " bytes, stderr " +
               std::to_string(outcome.stderr_bytes.size()) + " bytes +++";
    }
};

}  // namespace

std::string strace_line(const Trace& trace, std::size_t event) {
    const Event& shown = trace.events[event];
    const auto task = static_cast<std::uint32_t>(shown.task);
    const std::string prefix = task > 1 ? "[task " + std::to_string(task) + "] " : "";
    return prefix + std::visit(LineWriter{trace, event}, shown.body);
}

}  // namespace levitate::traces
