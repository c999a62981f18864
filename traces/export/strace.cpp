#include "traces/export/strace.hpp"

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/abi/text.hpp"
#include "traces/export/call_text.hpp"

namespace levitate::traces {
namespace {

struct LineWriter {
    const Trace& trace;
    std::size_t event;

    static std::string with_arguments(const std::string& name, const std::vector<EventField>& arguments) {
        std::string text = name + "(";
        for (const EventField& argument : arguments) {
            text += (&argument == &arguments.front() ? "" : ", ") + argument.text;
        }
        return text + ")";
    }

    std::string operator()(const SyscallEvent& call) const {
        const std::string text = with_arguments(detail::call_name(call), detail::call_arguments(call)) +
                                 " = " + detail::call_result(trace, event);
        return call.restarted ? text + " (to be restarted)" : text;
    }

    std::string operator()(const AuxvReadEvent& read) const {
        const auto name = abi::find_name("auxv_types", static_cast<std::int64_t>(read.type));
        return "auxv[" + (name ? std::string(*name) : std::to_string(read.type)) + "]" +
               (read.offset < sizeof(std::uint64_t) ? ".a_type" : "") + " = " +
               abi::format_auxv(read.type, read.value);
    }

    std::string operator()(const VdsoCallEvent& call) const {
        return with_arguments("vdso:" + call.symbol, detail::vdso_arguments(call)) + " = " +
               detail::vdso_result(call);
    }

    std::string operator()(const SignalEvent& signal) const {
        // A handler without SA_SIGINFO is given none (arch/arm64/kernel/signal.c, setup_rt_frame).
        const std::string information =
            signal.siginfo.empty() ? "" : " " + abi::format_object("siginfo_t", signal.siginfo);
        return "--- " + abi::signal_name(signal.signal) + information + " ---";
    }

    std::string operator()(const ExecEvent& exec) const {
        return "--- exec " + exec.path + " (" + std::to_string(exec.argv.size()) + " arguments, entry " +
               abi::format_address(exec.entry_pc) + ", sp " + abi::format_address(exec.sp) + ") ---";
    }

    std::string operator()(const TaskStartEvent& start) const {
        return "--- started by task " + std::to_string(static_cast<std::uint32_t>(start.parent)) + ", tid " +
               std::to_string(start.tid) + ", " + abi::decode("clone_flags", start.clone_flags) + " ---";
    }

    std::string operator()(const TaskEndEvent& end) const {
        return "+++ " + detail::end_text(end.exit_code, end.signal) + " +++";
    }

    std::string operator()(const RegistersEvent& registers) const {
        std::string text = "!!! registers not preserved during " + registers.during + ":";
        for (const RegistersEvent::Change& change : registers.changes) {
            text += " " + change.name + " " + change.before + " -> " + change.after;
        }
        return text;
    }

    std::string operator()(const OutcomeEvent& outcome) const {
        return "+++ program " + detail::end_text(outcome.exit_code, outcome.signal) + ", stdout " +
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
