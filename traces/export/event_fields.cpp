#include "traces/export/event_fields.hpp"

#include <span>

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/text.hpp"
#include "traces/export/call_text.hpp"

namespace levitate::traces {
namespace {

using Fields = std::vector<EventField>;

// Only the beginning of a program's whole output is shown.
constexpr std::size_t kOutputBytes = 64;

std::string quoted(std::string_view text) {
    return abi::format_string(std::as_bytes(std::span(text)), SIZE_MAX);
}

std::string output(std::span<const std::byte> bytes) {
    return abi::format_string(bytes, kOutputBytes) + " (" + std::to_string(bytes.size()) + " bytes)";
}

std::string auxv_name(std::uint64_t type) {
    const auto name = abi::find_name("auxv_types", static_cast<std::int64_t>(type));
    return name ? std::string(*name) : "type " + std::to_string(type);
}

void add_strings(Fields& fields, const std::string& name, const std::vector<std::string>& strings) {
    for (std::size_t i = 0; i < strings.size(); ++i) {
        fields.push_back({name + "[" + std::to_string(i) + "]", quoted(strings[i])});
    }
}

struct FieldLister {
    const Trace& trace;
    std::size_t event;

    Fields operator()(const SyscallEvent& call) const {
        Fields fields{{"call", detail::call_name(call)}};
        for (EventField& argument : detail::call_arguments(call)) {
            fields.push_back(std::move(argument));
        }
        fields.push_back({"result", detail::call_result(trace, event)});
        if (call.restarted) {
            fields.push_back({"restarted", "yes"});
        }
        return fields;
    }

    Fields operator()(const AuxvReadEvent& read) const {
        return {{"event", "auxv read"},
                {"entry", auxv_name(read.type)},
                {auxv_name(read.type), abi::format_auxv(read.type, read.value)},
                {"offset", std::to_string(read.offset)},
                {"size", std::to_string(read.size)}};
    }

    Fields operator()(const VdsoCallEvent& call) const {
        Fields fields{{"event", "vDSO call"}, {"symbol", call.symbol}};
        for (EventField& argument : detail::vdso_arguments(call)) {
            fields.push_back(std::move(argument));
        }
        fields.push_back({"result", detail::vdso_result(call)});
        return fields;
    }

    Fields operator()(const SignalEvent& signal) const {
        Fields fields{
            {"event", "signal"},
            {"signal", abi::signal_name(signal.signal)},
            {"siginfo", signal.siginfo.empty() ? "none" : abi::format_object("siginfo_t", signal.siginfo)},
            {"handler", abi::format_address(signal.handler)},
            {"interrupted_pc", abi::format_address(signal.interrupted_pc)},
            {"frame", abi::format_address(signal.frame)},
            {"uc_flags", abi::format_address(signal.context_flags)},
            {"uc_stack.ss_sp", abi::format_address(signal.stack.sp)},
            {"uc_stack.ss_flags",
             abi::decode("sigaltstack_flags", static_cast<std::uint32_t>(signal.stack.flags))},
            {"uc_stack.ss_size", std::to_string(signal.stack.size)},
            {"uc_sigmask", abi::format_object("kernel_sigset_t", std::as_bytes(std::span(&signal.mask, 1)))},
            {"fault_address", abi::format_address(signal.fault_address)}};
        for (const FrameRecord& record : signal.records) {
            fields.push_back(
                {"record " + abi::format_address(record.magic), std::to_string(record.size) + " bytes"});
        }
        if (signal.esr) {
            fields.push_back({"esr", abi::format_address(*signal.esr)});
        }
        return fields;
    }

    Fields operator()(const ExecEvent& exec) const {
        Fields fields{{"event", "exec"}, {"path", quoted(exec.path)}};
        add_strings(fields, "argv", exec.argv);
        add_strings(fields, "envp", exec.envp);
        for (const AuxvEntry& entry : exec.auxv) {
            fields.push_back({auxv_name(entry.type), abi::format_auxv(entry.type, entry.value)});
        }
        if (exec.platform) {
            fields.push_back({"platform", quoted(*exec.platform)});
        }
        if (exec.random) {
            fields.push_back({"random", abi::format_string(*exec.random, exec.random->size())});
        }
        fields.push_back({"sp", abi::format_address(exec.sp)});
        fields.push_back({"entry_pc", abi::format_address(exec.entry_pc)});
        return fields;
    }

    Fields operator()(const TaskStartEvent& start) const {
        return {{"event", "task start"},
                {"parent", "task " + std::to_string(static_cast<std::uint32_t>(start.parent))},
                {"clone_flags", abi::decode("clone_flags", start.clone_flags)},
                {"tid", std::to_string(start.tid)}};
    }

    Fields operator()(const TaskEndEvent& end) const {
        return {{"event", "task end"}, {"end", detail::end_text(end.exit_code, end.signal)}};
    }

    Fields operator()(const RegistersEvent& registers) const {
        Fields fields{{"event", "registers lost"}, {"during", registers.during}};
        for (const RegistersEvent::Change& change : registers.changes) {
            fields.push_back({change.name, change.before + " -> " + change.after});
        }
        return fields;
    }

    Fields operator()(const OutcomeEvent& outcome) const {
        return {{"event", "program end"},
                {"status", detail::end_text(outcome.exit_code, outcome.signal)},
                {"stdout", output(outcome.stdout_bytes)},
                {"stderr", output(outcome.stderr_bytes)}};
    }
};

}  // namespace

std::vector<EventField> event_fields(const Trace& trace, std::size_t event) {
    return std::visit(FieldLister{trace, event}, trace.events[event].body);
}

}  // namespace levitate::traces
