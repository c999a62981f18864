#include "traces/compare/call_comparer.hpp"

#include <algorithm>

#include "traces/abi/files.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/abi/text.hpp"
#include "traces/compare/call_pair.hpp"
#include "traces/compare/object_comparer.hpp"
#include "traces/compare/pages.hpp"
#include "traces/compare/payload_comparer.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces::detail {
namespace {

using abi::ArgumentKind;
using abi::CallKind;

// Compares the two calls of a pair, which are the same call.
class CallComparer {
  public:
    CallComparer(const EventPair& pair, Equivalence& equivalence, std::vector<FieldDifference>& differences)
        : calls_(pair),
          equivalence_(equivalence),
          differences_(differences),
          objects_(pair, equivalence, differences) {
        if (abi::is_numbered_anew(object_path())) {
            objects_.let_inodes_vary();
        }
    }

    void compare() {
        if (calls_.row != nullptr) {
            for (std::size_t i = 0; i < calls_.row->argument_count; ++i) {
                argument(i);
            }
        }
        result();
        if (calls_.row != nullptr && calls_.row->kind == CallKind::Close && calls_.golden.result == 0 &&
            calls_.actual.result == 0) {
            equivalence_.unbind_descriptor(calls_.user(), calls_.golden.arguments[0],
                                           calls_.actual.arguments[0]);
        }
        if (calls_.golden.restarted != calls_.actual.restarted) {
            objects_.fixed("restarted", calls_.golden.restarted ? "yes" : "no",
                           calls_.actual.restarted ? "yes" : "no", DivergenceKind::Result);
        }
        if (calls_.row != nullptr) {
            compare_payloads(calls_, equivalence_, objects_);
        }
    }

  private:
    // The path of what the call is about: its first path argument, taken relative to its first argument where
    // that is a descriptor.
    std::string object_path() const {
        const std::string& base = calls_.events.golden.note(calls_.events.golden_event).fd.path;
        for (std::size_t i = 0; calls_.row != nullptr && i < calls_.row->argument_count; ++i) {
            if (calls_.row->arguments()[i].kind != ArgumentKind::Path) {
                continue;
            }
            const auto found = std::ranges::find(calls_.golden.payloads, i, &Payload::argument);
            const std::string_view path =
                found != calls_.golden.payloads.end() ? as_string_view(found->bytes) : std::string_view();
            const bool alone = path.starts_with('/') || base.empty();
            return path.empty() ? base : alone ? std::string(path) : base + "/" + std::string(path);
        }
        return base;
    }

    void argument(std::size_t index) {
        const abi::Argument& argument = calls_.row->arguments()[index];
        const std::string name(argument.name);
        const std::uint64_t golden = calls_.golden.arguments[index] & abi::significant_bits(argument.kind);
        const std::uint64_t actual = calls_.actual.arguments[index] & abi::significant_bits(argument.kind);
        switch (argument.kind) {
            case ArgumentKind::Unused:
                return;
            case ArgumentKind::Pid:
                objects_.pid(name, static_cast<std::int32_t>(golden), static_cast<std::int32_t>(actual),
                             DivergenceKind::Arguments);
                return;
            case ArgumentKind::Fd:
            case ArgumentKind::Int:
            case ArgumentKind::Uint:
            case ArgumentKind::Long:
            case ArgumentKind::Size:
            case ArgumentKind::Offset:
            case ArgumentKind::Mode:
            case ArgumentKind::Signal:
            case ArgumentKind::Clock:
            case ArgumentKind::Flags:
            case ArgumentKind::Flags64:
            case ArgumentKind::Enum:
                number(index, golden, actual);
                return;
            default:
                if (!ends_with_renamed_text(index, golden, actual)) {
                    objects_.address(name, golden, actual, DivergenceKind::Arguments);
                }
                return;
        }
    }

    void number(std::size_t index, std::uint64_t golden, std::uint64_t actual) {
        const abi::Argument& argument = calls_.row->arguments()[index];
        const auto known = argument.kind == ArgumentKind::Fd
                               ? equivalence_.descriptors_equal(calls_.user(), golden, actual)
                               : std::nullopt;
        if (known.value_or(golden == actual)) {
            return;
        }
        if (argument.variation == abi::Variation::MaybePid &&
            equivalence_.tokens_known_equal(Token::Pid, golden, actual)) {
            equivalence_.normalised("process and thread numbers");
            return;
        }
        if (are_sizes_of_renamed_text(golden, actual)) {
            return;
        }
        if (argument.kind == ArgumentKind::Clock && are_clocks_of_processes(golden, actual)) {
            equivalence_.normalised("process and thread numbers");
            return;
        }
        // How much of a mapping is cut off to align what is left depends on where it lies.
        constexpr std::uint64_t kInPage = 4095;
        if (calls_.row->kind == CallKind::Unmap && argument.kind == ArgumentKind::Size &&
            ((golden ^ actual) & kInPage) == 0 &&
            equivalence_.space(calls_.events.space()).moved(calls_.golden.arguments[0])) {
            equivalence_.normalised("addresses");
            return;
        }
        objects_.fixed(std::string(argument.name), abi::format_argument(*calls_.row, index, golden),
                       abi::format_argument(*calls_.row, index, actual), DivergenceKind::Arguments);
        const bool countable = argument.kind != ArgumentKind::Flags &&
                               argument.kind != ArgumentKind::Flags64 &&
                               argument.kind != ArgumentKind::Enum && argument.kind != ArgumentKind::Clock;
        differences_.back().value_class = known       ? ValueClass::Bound
                                          : countable ? ValueClass::Number
                                                      : ValueClass::Fixed;
    }

    // Whether both sides have, at the same place of the call, a text that differs only in process numbers and
    // that `is_meant` accepts.
    template <class Predicate>
    bool has_renamed_text(Predicate is_meant) const {
        return std::ranges::any_of(calls_.golden.payloads, [&](const Payload& one) {
            return std::ranges::any_of(calls_.actual.payloads, [&](const Payload& other) {
                return other.argument == one.argument && other.element == one.element &&
                       other.direction == one.direction && is_meant(one, other) &&
                       objects_.differ_in_pids_only(one.bytes, other.bytes);
            });
        });
    }

    // Number formatters write a number from its last digit backwards, so one with more digits begins earlier
    // in its buffer.
    bool ends_with_renamed_text(std::size_t index, std::uint64_t golden, std::uint64_t actual) const {
        return has_renamed_text([&](const Payload& one, const Payload& other) {
            return one.argument == index && one.element.piece == Piece::Object && one.address == golden &&
                   other.address == actual && one.bytes.size() != other.bytes.size() &&
                   golden + one.bytes.size() == actual + other.bytes.size();
        });
    }

    // A text that names a process is longer where the process number is longer.
    bool are_sizes_of_renamed_text(std::uint64_t golden, std::uint64_t actual) const {
        return has_renamed_text([&](const Payload& one, const Payload& other) {
            return one.bytes.size() == golden && other.bytes.size() == actual;
        });
    }

    // The clocks of processes and threads have their numbers in them (include/linux/posix-timers.h,
    // make_process_cpuclock).
    bool are_clocks_of_processes(std::uint64_t golden, std::uint64_t actual) const {
        constexpr std::int32_t kWhich = 7;
        const auto one = static_cast<std::int32_t>(golden);
        const auto other = static_cast<std::int32_t>(actual);
        const auto number = [](std::int32_t clock) { return static_cast<std::uint64_t>(~(clock >> 3)); };
        return one < 0 && other < 0 && (one & kWhich) == (other & kWhich) &&
               equivalence_.tokens_known_equal(Token::Pid, number(one), number(other));
    }

    static std::string result_text(const abi::SyscallRow* row, const SyscallEvent& call) {
        return call.result ? abi::format_result(row, *call.result) : "?";
    }

    // Whether a signal ends the event's task before anything else happens in it.
    static bool dies_next(const Trace& trace, std::size_t event) {
        const auto rest = std::span(trace.events).subspan(event + 1);
        const auto next = std::ranges::find(rest, trace.events[event].task, &Event::task);
        if (next != rest.end() && std::holds_alternative<TaskEndEvent>(next->body)) {
            return !std::get<TaskEndEvent>(next->body).exit_code.has_value();
        }
        const auto* outcome = std::get_if<OutcomeEvent>(&trace.events.back().body);
        const bool silent = next == rest.end() || std::holds_alternative<OutcomeEvent>(next->body);
        return silent && outcome != nullptr && outcome->signal.has_value();
    }

    void result() {
        const abi::ResultKind kind = calls_.row != nullptr ? calls_.row->result : abi::ResultKind::Int;
        if (!calls_.golden.result || !calls_.actual.result) {
            if (calls_.golden.result == calls_.actual.result) {
                return;
            }
            // If a signal ends the task before it is back in the program, ptrace still sees the call's
            // result, but at the boundary there is no result to see.
            if (dies_next(calls_.events.golden.trace(), calls_.events.golden_event) &&
                dies_next(calls_.events.actual.trace(), calls_.events.actual_event)) {
                equivalence_.normalised("results that the task did not live to see");
            } else {
                wrong_result(ValueClass::Fixed);
            }
            return;
        }
        const std::int64_t golden = *calls_.golden.result;
        const std::int64_t actual = *calls_.actual.result;
        if (abi::is_error(golden) || abi::is_error(actual)) {
            if (golden != actual) {
                wrong_result(ValueClass::Error);
            }
            return;
        }
        switch (kind) {
            case abi::ResultKind::Pid:
                objects_.pid("result", golden, actual, DivergenceKind::Result);
                return;
            case abi::ResultKind::Time:
                if (golden != actual) {
                    objects_.time("result", std::to_string(golden), std::to_string(actual));
                }
                return;
            case abi::ResultKind::Fd:
                if (!calls_.same_descriptor(equivalence_, static_cast<std::uint64_t>(golden),
                                            static_cast<std::uint64_t>(actual))) {
                    wrong_result(ValueClass::Bound);
                }
                return;
            case abi::ResultKind::Address:
                address_result(static_cast<std::uint64_t>(golden), static_cast<std::uint64_t>(actual));
                return;
            default:
                if (golden != actual && !are_sizes_of_renamed_text(static_cast<std::uint64_t>(golden),
                                                                   static_cast<std::uint64_t>(actual))) {
                    wrong_result(ValueClass::Number);
                }
                return;
        }
    }

    void wrong_result(ValueClass value_class) {
        objects_.fixed("result", result_text(calls_.row, calls_.golden),
                       result_text(calls_.row, calls_.actual), DivergenceKind::Result);
        differences_.back().value_class = value_class;
    }

    // Compares the addresses of a mapping that the kernel has placed. If other tasks share the address space,
    // its place depends on who came first; what matters is that it is the same mapping from then on.
    void address_result(std::uint64_t golden, std::uint64_t actual) {
        if (calls_.row->kind == CallKind::Break) {
            objects_.address("result", golden, actual, DivergenceKind::Result);
            return;
        }
        const std::size_t length_at = calls_.row->kind == CallKind::Remap ? 2 : 1;
        const std::uint64_t length = whole_pages(calls_.golden.arguments[length_at]);
        const bool random = equivalence_.mode() == AddressMode::Random;
        const bool aligned = actual != 0 && ((golden ^ actual) & kPageMask) == 0;
        if (golden == actual || (aligned && (random || calls_.events.shares_memory()))) {
            equivalence_.space(calls_.events.space()).note_mapping(golden, actual, length);
            if (golden != actual) {
                equivalence_.normalised("addresses");
            }
            return;
        }
        wrong_result(aligned ? ValueClass::Address : ValueClass::Fixed);
        differences_.back().golden_mapping = golden;
        differences_.back().actual_mapping = actual;
        differences_.back().mapping_length = length;
    }

    const CallPair calls_;
    Equivalence& equivalence_;
    std::vector<FieldDifference>& differences_;
    ObjectComparer objects_;
};

}  // namespace

void compare_calls(const EventPair& pair, Equivalence& equivalence,
                   std::vector<FieldDifference>& differences) {
    CallComparer(pair, equivalence, differences).compare();
}

}  // namespace levitate::traces::detail
