#include "traces/compare/fields.hpp"

#include <algorithm>

#include "traces/abi/auxv.hpp"
#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/abi/text.hpp"
#include "traces/compare/call_comparer.hpp"
#include "traces/compare/layout.hpp"
#include "traces/compare/object_comparer.hpp"
#include "traces/compare/pages.hpp"

namespace levitate::traces::detail {
namespace {

using abi::constant;

constexpr std::size_t kRandomBytes = 16;  // man 3 getauxval, AT_RANDOM
constexpr auto kAtExecfn = static_cast<std::uint64_t>(constant("AT_EXECFN"));

// Compares the bodies of two events that are not calls.
struct BodyComparer {
    const EventPair& pair;
    ObjectComparer& objects;
    Equivalence& equivalence;

    void number(const char* name, std::uint64_t golden, std::uint64_t actual, DivergenceKind kind) const {
        if (golden != actual) {
            objects.fixed(name, std::to_string(golden), std::to_string(actual), kind);
        }
    }

    void auxv_value(const std::string& name, std::uint64_t type, std::uint64_t golden,
                    std::uint64_t actual) const {
        const abi::AuxvKind kind = abi::auxv_kind(type);
        const bool is_address = kind != abi::AuxvKind::Number && kind != abi::AuxvKind::Bits;
        if (is_address && equivalence.mode() == AddressMode::Exact) {
            objects.address(name, golden, actual, DivergenceKind::Auxv);
        } else if (golden != actual) {
            if (is_address && points_alike(kind, golden, actual)) {
                if (kind == abi::AuxvKind::Stack) {
                    equivalence.normalised("addresses");
                }
                return;
            }
            objects.fixed(name, abi::format_auxv(type, golden), abi::format_auxv(type, actual),
                          DivergenceKind::Auxv);
        } else if (kind == abi::AuxvKind::Program) {
            points_alike(kind, golden, actual);  // so that another such address has to agree with this one
        }
    }

    // What AT_PLATFORM and AT_RANDOM point to. A trace that has no such bytes says nothing about them.
    void pointed_to(const ExecEvent& golden, const ExecEvent& actual) const {
        if (golden.platform && actual.platform && golden.platform != actual.platform) {
            objects.fixed("AT_PLATFORM's string", *golden.platform, *actual.platform, DivergenceKind::Auxv);
        }
        if (!actual.random) {
            return;
        }
        if (actual.random->size() != kRandomBytes) {
            objects.fixed("AT_RANDOM's bytes", std::to_string(kRandomBytes),
                          std::to_string(actual.random->size()), DivergenceKind::Auxv);
        } else if (are_all_equal(*actual.random)) {
            objects.fixed("AT_RANDOM's bytes", "random",
                          "all " + abi::format_address(std::to_integer<unsigned>(actual.random->front())),
                          DivergenceKind::Auxv);
        } else if (golden.random && golden.random != actual.random) {
            equivalence.normalised("random bytes");
        }
    }

    // Random bytes are so once in 2^120 times.
    static bool are_all_equal(const std::vector<std::byte>& bytes) {
        return std::ranges::all_of(bytes, [&](std::byte byte) { return byte == bytes.front(); });
    }

    // Whether two addresses of the auxv point to the same, where the kernel chooses where it lies.
    bool points_alike(abi::AuxvKind kind, std::uint64_t golden, std::uint64_t actual) const {
        switch (kind) {
            case abi::AuxvKind::Program:
                return equivalence.space(pair.space()).equal_in_program(golden, actual) &&
                       stand_for_each_other(golden, actual);
            case abi::AuxvKind::Object:
                return golden != 0 && actual != 0 && ((golden ^ actual) & kPageMask) == 0 &&
                       stand_for_each_other(golden, actual);
            case abi::AuxvKind::Stack:
                // What is there is on the stack or in another page of the kernel's choice.
                return golden != 0 && actual > kPageMask;
            case abi::AuxvKind::Number:
            case abi::AuxvKind::Bits:
                break;
        }
        return golden == actual;
    }

    // From here on the one page stands for the other.
    bool stand_for_each_other(std::uint64_t golden, std::uint64_t actual) const {
        return equivalence.addresses_equal(pair.space(), golden, actual, pair.stacks());
    }

    void operator()(const AuxvReadEvent& golden, const AuxvReadEvent& actual) const {
        if (golden.type != actual.type) {
            objects.fixed("entry", auxv_name(golden.type), auxv_name(actual.type), DivergenceKind::Auxv);
            return;
        }
        auxv_value(auxv_name(golden.type), golden.type, golden.value, actual.value);
        number("offset", golden.offset, actual.offset, DivergenceKind::Auxv);
        number("size", golden.size, actual.size, DivergenceKind::Auxv);
    }

    void operator()(const VdsoCallEvent& golden, const VdsoCallEvent& actual) const {
        if (golden.symbol != actual.symbol) {
            objects.fixed("symbol", golden.symbol, actual.symbol, DivergenceKind::Arguments);
        }
        for (std::size_t i = 0; i < golden.arguments.size(); ++i) {
            objects.address("argument " + std::to_string(i), golden.arguments[i], actual.arguments[i],
                            DivergenceKind::Arguments);
        }
        if (golden.result != actual.result) {
            const auto text = [](const VdsoCallEvent& call) {
                return call.result ? std::to_string(*call.result) : std::string("none");
            };
            objects.fixed("result", text(golden), text(actual), DivergenceKind::Result);
        }
        written(golden, actual);
    }

    // What a function of the vDSO wrote varies as it does in the call that the function stands for.
    void written(const VdsoCallEvent& golden, const VdsoCallEvent& actual) const {
        const abi::SyscallRow* row = abi::find_vdso_function(golden.symbol);
        if (golden.payloads.size() != actual.payloads.size()) {
            number("written objects", golden.payloads.size(), actual.payloads.size(), DivergenceKind::Data);
            return;
        }
        for (std::size_t i = 0; i < golden.payloads.size(); ++i) {
            const Payload& one = golden.payloads[i];
            const Payload& other = actual.payloads[i];
            const bool known =
                row != nullptr && one.argument < row->argument_count && one.argument == other.argument;
            if (!known) {
                objects.bytes("bytes", one.bytes, other.bytes, DivergenceKind::Data);
                continue;
            }
            const abi::Argument& argument = row->arguments()[one.argument];
            if (argument.variation == abi::Variation::ClockReading) {
                objects.reading(argument.type, std::string(argument.name), one.bytes, other.bytes);
            } else {
                objects.object(argument.type, std::string(argument.name), one.bytes, other.bytes,
                               DivergenceKind::Data);
            }
        }
    }

    void operator()(const SignalEvent& golden, const SignalEvent& actual) const {
        if (golden.signal != actual.signal) {
            objects.fixed("signal", abi::signal_name(golden.signal), abi::signal_name(actual.signal),
                          DivergenceKind::Signal);
            return;
        }
        objects.object("siginfo_t", "siginfo", golden.siginfo, actual.siginfo, DivergenceKind::Signal);
        number("code", static_cast<std::uint32_t>(golden.code), static_cast<std::uint32_t>(actual.code),
               DivergenceKind::Signal);
        objects.address("handler", golden.handler, actual.handler, DivergenceKind::Signal);
        frame_contents(golden, actual);
        // A signal that the program itself has caused comes at one place only.
        const bool placed = !pair.golden.note(pair.golden_event).asynchronous &&
                            !pair.actual.note(pair.actual_event).asynchronous;
        if (placed) {
            objects.address("interrupted_pc", golden.interrupted_pc, actual.interrupted_pc,
                            DivergenceKind::Signal);
            objects.address("frame", golden.frame, actual.frame, DivergenceKind::Signal);
        } else if (actual.frame % 16 != 0) {
            objects.fixed("frame", abi::format_address(golden.frame), abi::format_address(actual.frame),
                          DivergenceKind::Signal);
        }
    }

    void frame_contents(const SignalEvent& golden, const SignalEvent& actual) const {
        number("context_flags", golden.context_flags, actual.context_flags, DivergenceKind::Signal);
        objects.address("stack.sp", golden.stack.sp, actual.stack.sp, DivergenceKind::Signal);
        number("stack.flags", static_cast<std::uint32_t>(golden.stack.flags),
               static_cast<std::uint32_t>(actual.stack.flags), DivergenceKind::Signal);
        number("stack.size", golden.stack.size, actual.stack.size, DivergenceKind::Signal);
        number("mask", golden.mask, actual.mask, DivergenceKind::Signal);
        objects.address("fault_address", golden.fault_address, actual.fault_address, DivergenceKind::Signal);
        const auto records = [](const SignalEvent& signal) {
            std::string text;
            for (const FrameRecord& record : signal.records) {
                text += (text.empty() ? "" : ", ") + abi::format_address(record.magic) + " (" +
                        std::to_string(record.size) + " bytes)";
            }
            return text;
        };
        if (golden.records != actual.records) {
            objects.fixed("records", records(golden), records(actual), DivergenceKind::Signal);
        }
        const auto syndrome = [](const SignalEvent& signal) {
            return signal.esr ? abi::format_address(*signal.esr) : std::string("none");
        };
        if (golden.esr.has_value() != actual.esr.has_value() ||
            (golden.esr && without_level(*golden.esr) != without_level(*actual.esr))) {
            objects.fixed("esr", syndrome(golden), syndrome(actual), DivergenceKind::Signal);
        }
    }

    // The level at which a kernel's tables have no entry for an address (Arm ARM D17.2.37, DFSC 0b0001xx) is
    // no concern of the program.
    static std::uint64_t without_level(std::uint64_t esr) {
        constexpr std::uint64_t kStatus = 0x3c;
        constexpr std::uint64_t kTranslationFault = 0x04;
        constexpr std::uint64_t kLevel = 0x03;
        return (esr & kStatus) == kTranslationFault ? esr & ~kLevel : esr;
    }

    void strings(const char* name, const std::vector<std::string>& golden,
                 const std::vector<std::string>& actual) const {
        for (std::size_t i = 0; i < std::max(golden.size(), actual.size()); ++i) {
            const auto at = [&](const std::vector<std::string>& all) {
                return i < all.size() ? all[i] : std::string();
            };
            if (i >= golden.size() || i >= actual.size() || golden[i] != actual[i]) {
                objects.fixed(std::string(name) + "[" + std::to_string(i) + "]", at(golden), at(actual),
                              DivergenceKind::Arguments);
            }
        }
    }

    // Entries are compared by their type, so that one that is missing hides no other.
    void vectors(const std::vector<AuxvEntry>& golden, const std::vector<AuxvEntry>& actual) const {
        std::vector<std::uint64_t> golden_order;
        std::vector<std::uint64_t> actual_order;
        for (const AuxvEntry& entry : golden) {
            if (const AuxvEntry* same = find_auxv(actual, entry.type)) {
                auxv_value(auxv_name(entry.type), entry.type, entry.value, same->value);
                golden_order.push_back(entry.type);
            } else {
                objects.fixed(auxv_name(entry.type), abi::format_auxv(entry.type, entry.value), "",
                              DivergenceKind::Auxv);
            }
        }
        for (const AuxvEntry& entry : actual) {
            if (find_auxv(golden, entry.type) != nullptr) {
                actual_order.push_back(entry.type);
            } else {
                objects.fixed(auxv_name(entry.type), "", abi::format_auxv(entry.type, entry.value),
                              DivergenceKind::Auxv);
            }
        }
        // The order is Linux's own business, but it is held to where Linux lays out the rest, too.
        const auto [one, other] = std::ranges::mismatch(golden_order, actual_order);
        if (equivalence.mode() != AddressMode::Exact) {
            return;
        }
        if (one != golden_order.end() || other != actual_order.end()) {
            objects.fixed("order of the auxiliary vector", one != golden_order.end() ? auxv_name(*one) : "",
                          other != actual_order.end() ? auxv_name(*other) : "", DivergenceKind::Auxv);
        }
    }

    void operator()(const ExecEvent& golden, const ExecEvent& actual) const {
        // The path is what AT_EXECFN points to: without one, that is what differs.
        const bool is_comparable =
            (find_auxv(golden.auxv, kAtExecfn) != nullptr) == (find_auxv(actual.auxv, kAtExecfn) != nullptr);
        if (golden.path != actual.path && is_comparable) {
            objects.fixed("path", golden.path, actual.path, DivergenceKind::Arguments);
        }
        strings("argv", golden.argv, actual.argv);
        strings("envp", golden.envp, actual.envp);
        equivalence.space(pair.space()).note_first_stack(stack_place(golden), stack_place(actual));
        vectors(golden.auxv, actual.auxv);
        pointed_to(golden, actual);
        if (((golden.sp ^ actual.sp) & kAlignmentMask) != 0) {
            objects.fixed("sp", abi::format_address(golden.sp), abi::format_address(actual.sp),
                          DivergenceKind::Auxv);
            return;
        }
        objects.address("sp", golden.sp, actual.sp, DivergenceKind::Auxv);
        objects.address("entry_pc", golden.entry_pc, actual.entry_pc, DivergenceKind::Auxv);
    }

    void operator()(const TaskStartEvent& golden, const TaskStartEvent& actual) const {
        if (golden.clone_flags != actual.clone_flags) {
            objects.fixed("clone_flags", abi::decode("clone_flags", golden.clone_flags),
                          abi::decode("clone_flags", actual.clone_flags), DivergenceKind::Arguments);
        }
        // 0: the child of a vfork ran before its parent had been told its number.
        if (golden.tid != 0 && actual.tid != 0) {
            objects.pid("tid", golden.tid, actual.tid, DivergenceKind::Result);
        }
    }

    void operator()(const TaskEndEvent& golden, const TaskEndEvent& actual) const {
        const auto text = [](const TaskEndEvent& end) {
            return end.exit_code ? "exit code " + std::to_string(*end.exit_code)
                   : end.signal  ? "killed by " + abi::signal_name(*end.signal)
                                 : std::string();
        };
        // If one of the recorders has not seen the end, there is nothing to compare.
        if (!text(golden).empty() && !text(actual).empty() && text(golden) != text(actual)) {
            objects.fixed("end", text(golden), text(actual), DivergenceKind::Exit);
        }
    }

    void operator()(const RegistersEvent& golden, const RegistersEvent& actual) const {
        if (golden.changes.size() != actual.changes.size()) {
            number("changes", golden.changes.size(), actual.changes.size(), DivergenceKind::Registers);
            return;
        }
        for (std::size_t i = 0; i < golden.changes.size(); ++i) {
            if (golden.changes[i].name != actual.changes[i].name) {
                objects.fixed("register", golden.changes[i].name, actual.changes[i].name,
                              DivergenceKind::Registers);
            }
        }
    }

    // Calls and outcomes have comparers of their own, and bodies of two kinds are not compared.
    template <typename T>
    void operator()(const T& /*golden*/, const T& /*actual*/) const {}
    template <typename T, typename U>
    void operator()(const T& /*golden*/, const U& /*actual*/) const {}
};

}  // namespace

std::string auxv_name(std::uint64_t type) {
    const auto name = abi::find_name("auxv_types", static_cast<std::int64_t>(type));
    return name ? std::string(*name) : "type " + std::to_string(type);
}

const AuxvEntry* find_auxv(const std::vector<AuxvEntry>& auxv, std::uint64_t type) {
    const auto found = std::ranges::find(auxv, type, &AuxvEntry::type);
    return found != auxv.end() ? &*found : nullptr;
}

bool same_identity(const Event& golden, const Event& actual) {
    if (golden.body.index() != actual.body.index()) {
        return false;
    }
    if (const auto* read = std::get_if<AuxvReadEvent>(&golden.body)) {
        return read->type == std::get<AuxvReadEvent>(actual.body).type;
    }
    const auto* call = std::get_if<SyscallEvent>(&golden.body);
    return call == nullptr || call->number == std::get<SyscallEvent>(actual.body).number;
}

std::vector<FieldDifference> compare_fields(const EventPair& pair, Equivalence& equivalence) {
    std::vector<FieldDifference> differences;
    if (std::holds_alternative<SyscallEvent>(pair.golden_side().body)) {
        compare_calls(pair, equivalence, differences);
        return differences;
    }
    ObjectComparer objects(pair, equivalence, differences);
    std::visit(BodyComparer{pair, objects, equivalence}, pair.golden_side().body, pair.actual_side().body);
    return differences;
}

std::vector<FieldDifference> compare_outcomes(const EventPair& pair, Equivalence& equivalence) {
    std::vector<FieldDifference> differences;
    ObjectComparer objects(pair, equivalence, differences);
    const auto& golden = std::get<OutcomeEvent>(pair.golden_side().body);
    const auto& actual = std::get<OutcomeEvent>(pair.actual_side().body);
    const auto text = [](const OutcomeEvent& outcome) {
        return outcome.exit_code ? "exit code " + std::to_string(*outcome.exit_code)
               : outcome.signal  ? "killed by " + abi::signal_name(*outcome.signal)
                                 : std::string("no status");
    };
    if (golden.exit_code != actual.exit_code || golden.signal != actual.signal) {
        objects.fixed("status", text(golden), text(actual), DivergenceKind::Exit);
    }
    objects.bytes("stdout", golden.stdout_bytes, actual.stdout_bytes, DivergenceKind::Output);
    objects.bytes("stderr", golden.stderr_bytes, actual.stderr_bytes, DivergenceKind::Output);
    return differences;
}

std::string describe(const Event& event) {
    struct Describer {
        std::string operator()(const SyscallEvent& call) const {
            const abi::SyscallRow* row = abi::find_syscall(call.number);
            return row != nullptr ? std::string(row->name) : "call " + std::to_string(call.number);
        }
        std::string operator()(const AuxvReadEvent& read) const { return "read of " + auxv_name(read.type); }
        std::string operator()(const VdsoCallEvent& call) const { return "vDSO call " + call.symbol; }
        std::string operator()(const SignalEvent& signal) const {
            return "signal " + abi::signal_name(signal.signal);
        }
        std::string operator()(const ExecEvent& exec) const {
            return "start of " + (exec.path.empty() ? "a program without AT_EXECFN" : exec.path);
        }
        std::string operator()(const TaskStartEvent& /*start*/) const { return "start of the task"; }
        std::string operator()(const TaskEndEvent& /*end*/) const { return "end of the task"; }
        std::string operator()(const RegistersEvent& registers) const {
            return "changed registers during " + registers.during;
        }
        std::string operator()(const OutcomeEvent& /*outcome*/) const { return "end of the program"; }
    };
    return std::visit(Describer{}, event.body);
}

}  // namespace levitate::traces::detail
