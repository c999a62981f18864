#include "traces/compare/causes.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "traces/abi/constants.hpp"
#include "traces/abi/text.hpp"
#include "traces/compare/fields.hpp"

namespace levitate::traces::detail {
namespace {

constexpr auto kAtNull = static_cast<std::uint64_t>(abi::constant("AT_NULL"));

// "futex(FUTEX_WAKE|FUTEX_PRIVATE_FLAG)": a call with the command that says what it is.
std::string call_text(const SyscallEvent& call) {
    const abi::SyscallRow* row = row_of(call);
    if (row == nullptr) {
        return "call " + std::to_string(call.number);
    }
    std::string text(row->name);
    if (row == abi::find_syscall(call.number)) {
        return text;
    }
    const auto arguments = row->arguments();
    const auto command = std::ranges::find_if(arguments, [](const abi::Argument& argument) {
        return argument.kind == abi::ArgumentKind::Enum || argument.kind == abi::ArgumentKind::Flags;
    });
    const auto index = static_cast<std::size_t>(command - arguments.begin());
    return text + "(" + abi::format_argument(*row, index, call.arguments[index]) + ")";
}

std::string event_text(const Event& event) {
    const SyscallEvent* call = call_of(event);
    return call != nullptr ? call_text(*call) : describe(event);
}

// "EINVAL", "0", "0x7ffff7ff0000".
std::string result_text(const SyscallEvent& call) {
    if (!call.result) {
        return "no result";
    }
    if (abi::is_error(*call.result)) {
        const abi::NamedError* error = abi::find_error(-*call.result);
        return error != nullptr ? std::string(error->name) : std::to_string(*call.result);
    }
    return abi::format_result(row_of(call), *call.result);
}

class Namer {
  public:
    Namer(const TraceIndex& golden, const TraceIndex& actual, const std::vector<Divergence>& divergences)
        : golden_(golden.trace()), actual_(actual.trace()) {
        for (const Divergence& divergence : divergences) {
            const auto* lost =
                divergence.actual_event
                    ? std::get_if<RegistersEvent>(&actual_.events[*divergence.actual_event].body)
                    : nullptr;
            if (lost != nullptr && lost->during.starts_with(kSyscall)) {
                calls_that_lose_[names_of(*lost)].insert(lost->during);
            }
        }
    }

    std::string operator()(const Divergence& divergence) const {
        const Event* golden = divergence.golden_event ? &golden_.events[*divergence.golden_event] : nullptr;
        const Event* actual = divergence.actual_event ? &actual_.events[*divergence.actual_event] : nullptr;
        switch (divergence.kind) {
            case DivergenceKind::MissingCall:
                return golden != nullptr ? event_text(*golden) + " is missing" : divergence.message;
            case DivergenceKind::ExtraCall:
                return actual != nullptr ? event_text(*actual) + " is not called on Linux"
                                         : divergence.message;
            case DivergenceKind::Registers:
                return actual != nullptr ? registers(*actual) : divergence.message;
            case DivergenceKind::Result:
                return result(golden, actual, divergence);
            case DivergenceKind::Auxv:
                if (const auto entry = missing_entry(golden, actual)) {
                    return *entry;
                }
                return values(golden, actual, divergence);
            default:
                return values(golden, actual, divergence);
        }
    }

  private:
    static std::string names_of(const RegistersEvent& lost) {
        std::string names;
        for (const RegistersEvent::Change& change : lost.changes) {
            names += (names.empty() ? "" : ", ") + change.name;
        }
        return names;
    }

    // "x17 not kept over getrandom"; if others lose it too, which has one cause, "x17 not kept over calls".
    std::string registers(const Event& event) const {
        const auto* lost = std::get_if<RegistersEvent>(&event.body);
        if (lost == nullptr) {
            return describe(event) + ", where Linux loses a register";
        }
        const std::string names = names_of(*lost);
        std::string during = lost->during;
        if (during.starts_with(kSyscall)) {
            during = calls_that_lose_.at(names).size() > 1 ? "calls" : during.substr(kSyscall.size());
        }
        return names + " not kept over " + during;
    }

    std::string result(const Event* golden, const Event* actual, const Divergence& divergence) const {
        const SyscallEvent* one = golden != nullptr ? call_of(*golden) : nullptr;
        const SyscallEvent* other = actual != nullptr ? call_of(*actual) : nullptr;
        if (other == nullptr) {
            return divergence.message;
        }
        if (one == nullptr) {
            one = like_call(*other);
        }
        return call_text(*other) + " → " + result_text(*other) +
               (one != nullptr ? ", Linux: " + result_text(*one) : ", Linux answers otherwise");
    }

    // A like call of the golden recording, which shows what Linux answered.
    const SyscallEvent* like_call(const SyscallEvent& wanted) const {
        for (const Event& event : golden_.events) {
            const SyscallEvent* call = call_of(event);
            if (call != nullptr && call->number == wanted.number && row_of(*call) == row_of(wanted)) {
                return call;
            }
        }
        return nullptr;
    }

    // A read of an entry that only one side's vector has: "AT_EXECFN nothing, Linux 0xffffffffffed".
    std::optional<std::string> missing_entry(const Event* golden, const Event* actual) const {
        const auto only_in = [](const Event* event, const std::vector<AuxvEntry>& other) {
            const auto* read = event != nullptr ? std::get_if<AuxvReadEvent>(&event->body) : nullptr;
            const bool is_entry = read != nullptr && read->type != kAtNull && !other.empty();
            return is_entry && find_auxv(other, read->type) == nullptr ? read : nullptr;
        };
        const AuxvReadEvent* missing = only_in(golden, actual_.header.auxv);
        const AuxvReadEvent* extra = only_in(actual, golden_.header.auxv);
        if (missing == nullptr && extra == nullptr) {
            return std::nullopt;
        }
        const AuxvReadEvent& read = missing != nullptr ? *missing : *extra;
        const std::string value = abi::format_auxv(read.type, read.value);
        const std::string name = auxv_name(read.type);
        return missing != nullptr ? name + " nothing, Linux " + value
                                  : name + " " + value + ", Linux nothing";
    }

    static std::string values(const Event* golden, const Event* actual, const Divergence& divergence) {
        if (divergence.differences.empty()) {
            return divergence.message;
        }
        const Difference& first = divergence.differences.front();
        const bool is_entry = first.field.starts_with("AT_") || first.field.starts_with("type ");
        const bool auxv = divergence.kind == DivergenceKind::Auxv && is_entry;
        const Event* event = actual != nullptr ? actual : golden;
        const std::string where = auxv || event == nullptr ? "" : event_text(*event) + ": ";
        const auto text = [](const std::string& value) {
            return value.empty() ? std::string("nothing") : value;
        };
        return where + first.field + " " + text(first.actual) + ", Linux " + text(first.golden);
    }

    static constexpr std::string_view kSyscall = "syscall ";

    const Trace& golden_;
    const Trace& actual_;
    std::map<std::string, std::set<std::string>> calls_that_lose_;  // by the names of registers
};

}  // namespace

void merge_causes(const TraceIndex& golden, const TraceIndex& actual, std::vector<Divergence>& divergences) {
    const Namer name(golden, actual, divergences);
    std::map<std::pair<DivergenceKind, std::string>, std::size_t> places;
    std::vector<Divergence> merged;
    for (Divergence& divergence : divergences) {
        divergence.cause = name(divergence);
        const auto [place, is_new] = places.try_emplace({divergence.kind, divergence.cause}, merged.size());
        if (is_new) {
            merged.push_back(std::move(divergence));
        } else {
            ++merged[place->second].count;
        }
    }
    divergences = std::move(merged);
}

}  // namespace levitate::traces::detail
