#include "tests/mutation/places.hpp"

#include "tests/mutation/place_collector.hpp"
#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/abi/text.hpp"

namespace levitate::traces::mutation {
namespace {

std::string auxv_name(std::uint64_t type) {
    return abi::decode("auxv_types", type);
}

struct Collect {
    PlaceCollector& collector;

    void operator()(const SyscallEvent& call) const { collect_call(collector, call); }

    void operator()(const AuxvReadEvent& read) const {
        collector.number("entry", read, [](AuxvReadEvent& body) -> auto& { return body.type; });
        collector.number("value", read, [](AuxvReadEvent& body) -> auto& { return body.value; });
        collector.number("offset", read, [](AuxvReadEvent& body) -> auto& { return body.offset; });
        collector.number("size", read, [](AuxvReadEvent& body) -> auto& { return body.size; });
    }

    void operator()(const VdsoCallEvent& call) const { collect_vdso_call(collector, call); }

    void operator()(const SignalEvent& signal) const {
        const auto number = [&](std::string name, auto member, NumberKind kind = NumberKind::Plain) {
            collector.number(std::move(name), signal, member, kind);
        };
        number("signal", [](SignalEvent& body) -> auto& { return body.signal; });
        number("code", [](SignalEvent& body) -> auto& { return body.code; });
        number("handler", [](SignalEvent& body) -> auto& { return body.handler; });
        number("frame", [](SignalEvent& body) -> auto& { return body.frame; });
        number("interrupted_pc", [](SignalEvent& body) -> auto& { return body.interrupted_pc; });
        number(
            "context_flags", [](SignalEvent& body) -> auto& { return body.context_flags; },
            NumberKind::Flags);
        number("stack.sp", [](SignalEvent& body) -> auto& { return body.stack.sp; });
        number("stack.flags", [](SignalEvent& body) -> auto& { return body.stack.flags; }, NumberKind::Flags);
        number("stack.size", [](SignalEvent& body) -> auto& { return body.stack.size; });
        number("mask", [](SignalEvent& body) -> auto& { return body.mask; }, NumberKind::Flags);
        number("fault_address", [](SignalEvent& body) -> auto& { return body.fault_address; });
        for (std::size_t i = 0; i < signal.records.size(); ++i) {
            number("records.magic", [i](SignalEvent& body) -> auto& { return body.records[i].magic; });
            number("records.size", [i](SignalEvent& body) -> auto& { return body.records[i].size; });
        }
        if (signal.esr) {
            number("esr", [](SignalEvent& body) -> auto& { return *body.esr; }, NumberKind::Flags);
        }
        collect_objects(collector, "siginfo", "siginfo_t", signal.siginfo,
                        [](Event& event) -> std::vector<std::byte>& {
                            return std::get<SignalEvent>(event.body).siginfo;
                        });
    }

    template <typename Member>
    void strings(const char* name, const std::vector<std::string>& all, Member member) const {
        for (std::size_t i = 0; i < all.size(); ++i) {
            collector.string<ExecEvent>(name, all[i],
                                        [=](ExecEvent& body) -> auto& { return member(body)[i]; });
        }
    }

    void operator()(const ExecEvent& exec) const {
        collector.string<ExecEvent>("path", exec.path, [](ExecEvent& body) -> auto& { return body.path; });
        strings("argv", exec.argv, [](ExecEvent& body) -> auto& { return body.argv; });
        strings("envp", exec.envp, [](ExecEvent& body) -> auto& { return body.envp; });
        for (std::size_t i = 0; i < exec.auxv.size(); ++i) {
            const std::string name = auxv_name(exec.auxv[i].type);
            collector.number(name + " type", exec,
                             [i](ExecEvent& body) -> auto& { return body.auxv[i].type; });
            collector.number(name, exec, [i](ExecEvent& body) -> auto& { return body.auxv[i].value; });
        }
        if (exec.platform) {
            collector.string<ExecEvent>("platform", *exec.platform,
                                        [](ExecEvent& body) -> auto& { return *body.platform; });
        }
        collector.number("sp", exec, [](ExecEvent& body) -> auto& { return body.sp; });
        collector.number("entry_pc", exec, [](ExecEvent& body) -> auto& { return body.entry_pc; });
    }

    void operator()(const TaskStartEvent& start) const {
        collector.number(
            "clone_flags", start, [](TaskStartEvent& body) -> auto& { return body.clone_flags; },
            NumberKind::Flags);
        // The first task has no parent whose clone could have returned its number.
        if (start.parent != TaskNumber{}) {
            collector.number("tid", start, [](TaskStartEvent& body) -> auto& { return body.tid; });
        }
    }

    template <typename End>
    void end(const End& body) const {
        if (body.exit_code) {
            collector.number("exit_code", body, [](End& changed) -> auto& { return *changed.exit_code; });
        }
        if (body.signal) {
            collector.number("signal", body, [](End& changed) -> auto& { return *changed.signal; });
        }
    }

    void operator()(const TaskEndEvent& body) const { end(body); }

    void operator()(const RegistersEvent& registers) const {
        for (std::size_t i = 0; i < registers.changes.size(); ++i) {
            const RegistersEvent::Change& change = registers.changes[i];
            const auto part = [&](const std::string& name, const std::string& text, auto member) {
                collector.string<RegistersEvent>(
                    name, text, [=](RegistersEvent& body) -> auto& { return member(body.changes[i]); });
            };
            part("name", change.name, [](RegistersEvent::Change& c) -> auto& { return c.name; });
            part("before", change.before, [](RegistersEvent::Change& c) -> auto& { return c.before; });
            part("after", change.after, [](RegistersEvent::Change& c) -> auto& { return c.after; });
        }
        collector.string<RegistersEvent>("during", registers.during,
                                         [](RegistersEvent& body) -> auto& { return body.during; });
    }

    // The output is no place: each of its bytes is changed (event_mutants.cpp).
    void operator()(const OutcomeEvent& outcome) const { end(outcome); }
};

std::string label_of_call(const SyscallEvent& call) {
    const abi::SyscallRow* own = abi::find_syscall(call.number);
    if (own == nullptr) {
        return "call " + std::to_string(call.number);
    }
    const abi::SyscallRow* row = abi::find_syscall(call.number, call.arguments);
    std::string name(own->name);
    if (row == own) {
        return name;
    }
    const std::size_t command = call.number == abi::syscall_number("prctl") ? 0 : 1;
    return name + " " + abi::format_argument(*own, command, call.arguments[command]);
}

struct Label {
    std::string operator()(const SyscallEvent& call) const { return label_of_call(call); }
    std::string operator()(const AuxvReadEvent& read) const { return "read of " + auxv_name(read.type); }
    std::string operator()(const VdsoCallEvent& call) const { return call.symbol; }
    std::string operator()(const SignalEvent&) const { return "signal"; }
    std::string operator()(const ExecEvent&) const { return "exec"; }
    std::string operator()(const TaskStartEvent&) const { return "task_start"; }
    std::string operator()(const TaskEndEvent&) const { return "task_end"; }
    std::string operator()(const RegistersEvent&) const { return "registers"; }
    std::string operator()(const OutcomeEvent&) const { return "outcome"; }
};

}  // namespace

Places places_of(const Trace& trace) {
    Places places;
    for (std::size_t i = 0; i < trace.events.size(); ++i) {
        PlaceCollector collector(places, i, label_of(trace.events[i]));
        std::visit(Collect{collector}, trace.events[i].body);
    }
    return places;
}

std::string label_of(const Event& event) {
    return std::visit(Label{}, event.body);
}

}  // namespace levitate::traces::mutation
