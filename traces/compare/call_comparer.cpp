#include "traces/compare/call_comparer.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "traces/abi/constants.hpp"
#include "traces/abi/files.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/abi/text.hpp"
#include "traces/compare/object_comparer.hpp"
#include "traces/format/bytes.hpp"
#include "traces/format/pieces.hpp"

namespace levitate::traces::detail {
namespace {

using abi::ArgumentKind;
using abi::CallKind;

// Compares the two calls of a pair, which are the same call.
class CallComparer {
  public:
    CallComparer(const EventPair& pair, Equivalence& equivalence, std::vector<FieldDifference>& differences)
        : pair_(pair),
          equivalence_(equivalence),
          differences_(differences),
          objects_(pair, equivalence, differences),
          golden_(std::get<SyscallEvent>(pair.golden_side().body)),
          actual_(std::get<SyscallEvent>(pair.actual_side().body)),
          row_(abi::find_syscall(golden_.number, golden_.arguments)) {
        if (abi::is_numbered_anew(object_path())) {
            objects_.let_inodes_vary();
        }
    }

    void compare() {
        if (row_ != nullptr) {
            for (std::size_t i = 0; i < row_->argument_count; ++i) {
                argument(i);
            }
        }
        result();
        if (row_ != nullptr && row_->kind == CallKind::Close && golden_.result == 0 && actual_.result == 0) {
            equivalence_.unbind_descriptor(user(), golden_.arguments[0], actual_.arguments[0]);
        }
        if (golden_.restarted != actual_.restarted) {
            objects_.fixed("restarted", golden_.restarted ? "yes" : "no", actual_.restarted ? "yes" : "no",
                           DivergenceKind::Result);
        }
        if (row_ != nullptr) {
            payloads();
        }
    }

  private:
    using PayloadKey = std::tuple<unsigned, Direction, PayloadElement>;

    // The path of what the call is about: its first path argument, taken relative to its first argument where
    // that is a descriptor.
    std::string object_path() const {
        const std::string& base = pair_.golden.note(pair_.golden_event).fd.path;
        for (std::size_t i = 0; row_ != nullptr && i < row_->argument_count; ++i) {
            if (row_->arguments()[i].kind != ArgumentKind::Path) {
                continue;
            }
            const auto found = std::ranges::find(golden_.payloads, i, &Payload::argument);
            const std::string_view path =
                found != golden_.payloads.end() ? as_string_view(found->bytes) : std::string_view();
            const bool alone = path.starts_with('/') || base.empty();
            return path.empty() ? base : alone ? std::string(path) : base + "/" + std::string(path);
        }
        return base;
    }

    void argument(std::size_t index) {
        const abi::Argument& argument = row_->arguments()[index];
        const std::string name(argument.name);
        const std::uint64_t golden = golden_.arguments[index] & abi::significant_bits(argument.kind);
        const std::uint64_t actual = actual_.arguments[index] & abi::significant_bits(argument.kind);
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
        const abi::Argument& argument = row_->arguments()[index];
        const auto known = argument.kind == ArgumentKind::Fd
                               ? equivalence_.descriptors_equal(user(), golden, actual)
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
        // How much of a mapping is cut off to align what is left depends on where it lies.
        constexpr std::uint64_t kInPage = 4095;
        if (row_->kind == CallKind::Unmap && argument.kind == ArgumentKind::Size &&
            ((golden ^ actual) & kInPage) == 0 &&
            equivalence_.space(pair_.space()).moved(golden_.arguments[0])) {
            equivalence_.normalised("addresses");
            return;
        }
        objects_.fixed(std::string(argument.name), abi::format_argument(*row_, index, golden),
                       abi::format_argument(*row_, index, actual), DivergenceKind::Arguments);
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
        return std::ranges::any_of(golden_.payloads, [&](const Payload& one) {
            return std::ranges::any_of(actual_.payloads, [&](const Payload& other) {
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
        const abi::ResultKind kind = row_ != nullptr ? row_->result : abi::ResultKind::Int;
        if (!golden_.result || !actual_.result) {
            if (golden_.result == actual_.result) {
                return;
            }
            // If a signal ends the task before it is back in the program, ptrace still sees the call's
            // result, but at the boundary there is no result to see.
            if (dies_next(pair_.golden.trace(), pair_.golden_event) &&
                dies_next(pair_.actual.trace(), pair_.actual_event)) {
                equivalence_.normalised("results that the task did not live to see");
            } else {
                wrong_result(ValueClass::Fixed);
            }
            return;
        }
        const std::int64_t golden = *golden_.result;
        const std::int64_t actual = *actual_.result;
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
                if (!same_descriptor(static_cast<std::uint64_t>(golden),
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

    Equivalence::DescriptorUser user() const { return {pair_.space(), pair_.golden_side().task}; }

    // Compares the descriptors that both calls have returned. Which number is the lowest depends on what
    // other threads have open.
    bool same_descriptor(std::uint64_t golden, std::uint64_t actual) {
        if (golden != actual &&
            !(pair_.shares_memory() && pair_.actual.note(pair_.actual_event).lowest_descriptors)) {
            return false;
        }
        equivalence_.bind_descriptor(user(), golden, actual);
        if (golden != actual) {
            equivalence_.normalised("descriptors");
        }
        return true;
    }

    void wrong_result(ValueClass value_class) {
        objects_.fixed("result", result_text(row_, golden_), result_text(row_, actual_),
                       DivergenceKind::Result);
        differences_.back().value_class = value_class;
    }

    // Compares the addresses of a mapping that the kernel has placed. If other tasks share the address space,
    // its place depends on who came first; what matters is that it is the same mapping from then on.
    void address_result(std::uint64_t golden, std::uint64_t actual) {
        constexpr std::uint64_t kPageMask = 4095;
        if (row_->kind == CallKind::Break) {
            objects_.address("result", golden, actual, DivergenceKind::Result);
            return;
        }
        const std::size_t length_at = row_->kind == CallKind::Remap ? 2 : 1;
        const std::uint64_t length = (golden_.arguments[length_at] + kPageMask) & ~kPageMask;
        const bool random = equivalence_.mode() == AddressMode::Random;
        const bool aligned = actual != 0 && ((golden ^ actual) & kPageMask) == 0;
        if (golden == actual || (aligned && (random || pair_.shares_memory()))) {
            equivalence_.space(pair_.space()).note_mapping(golden, actual, length);
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

    static std::map<PayloadKey, const Payload*> by_key(const SyscallEvent& call) {
        std::map<PayloadKey, const Payload*> payloads;
        for (const Payload& payload : call.payloads) {
            payloads[{payload.argument, payload.direction, payload.element}] = &payload;
        }
        return payloads;
    }

    void payloads() {
        const auto golden = by_key(golden_);
        const auto actual = by_key(actual_);
        for (const auto& [key, payload] : golden) {
            const auto other = actual.find(key);
            payload_pair(*payload, other != actual.end() ? other->second : nullptr);
        }
        for (const auto& [key, payload] : actual) {
            if (!golden.contains(key)) {
                objects_.fixed(payload_name(*payload), "", length_text(*payload), kind_of(*payload));
            }
        }
    }

    std::string payload_name(const Payload& payload) const {
        const std::string name = payload.argument < row_->argument_count
                                     ? std::string(row_->arguments()[payload.argument].name)
                                     : "argument " + std::to_string(payload.argument);
        const PayloadElement& element = payload.element;
        return element.piece == Piece::Object
                   ? name
                   : name + "[" + std::string(piece_name(element.piece)) + " " +
                         std::to_string(element.index) + " of " + std::to_string(element.message) + "]";
    }

    static std::string length_text(const Payload& payload) {
        return std::to_string(payload.length) + " bytes";
    }

    // What goes into the kernel counts as data where it is the program's own bytes, and as arguments
    // otherwise.
    DivergenceKind kind_of(const Payload& payload) const {
        if (payload.direction == Direction::Out || payload.argument >= row_->argument_count) {
            return DivergenceKind::Data;
        }
        const ArgumentKind kind = row_->arguments()[payload.argument].kind;
        const bool data = kind == ArgumentKind::InBytes || kind == ArgumentKind::InIovec ||
                          (payload.element.piece != Piece::Object && kind != ArgumentKind::Strings);
        return data ? DivergenceKind::Data : DivergenceKind::Arguments;
    }

    void payload_pair(const Payload& golden, const Payload* actual) {
        const std::string name = payload_name(golden);
        if (actual == nullptr) {
            objects_.fixed(name, length_text(golden), "", kind_of(golden));
            return;
        }
        if (golden.argument >= row_->argument_count) {
            objects_.bytes(name, golden.bytes, actual->bytes, kind_of(golden));
            return;
        }
        const abi::Argument& argument = row_->arguments()[golden.argument];
        if (varying_payload(argument, name, golden, *actual)) {
            return;
        }
        typed_payload(argument, name, golden, *actual);
    }

    // Compares bytes that differ from run to run by what the row says of them. False: it says nothing.
    bool varying_payload(const abi::Argument& argument, const std::string& name, const Payload& golden,
                         const Payload& actual) {
        if (golden.direction == Direction::In) {
            return false;
        }
        switch (argument.variation) {
            case abi::Variation::ClockReading:
            case abi::Variation::Remaining:
                objects_.reading(argument.type, name, golden.bytes, actual.bytes);
                return true;
            case abi::Variation::Random:
                if (golden.bytes.size() != actual.bytes.size()) {
                    objects_.fixed(name, length_text(golden), length_text(actual), DivergenceKind::Data);
                } else if (golden.bytes != actual.bytes) {
                    equivalence_.normalised("random bytes");
                }
                return true;
            default:
                return false;
        }
    }

    void typed_payload(const abi::Argument& argument, const std::string& name, const Payload& golden,
                       const Payload& actual) {
        const DivergenceKind kind = kind_of(golden);
        if (is_socket_address(argument, golden)) {
            objects_.structure(abi::sockaddr_view(golden.bytes), name, golden.bytes, actual.bytes, kind);
            rest_of_address(name, golden, actual, kind);
        } else if (argument.type == "linux_dirent64") {
            objects_.directory(name, golden.bytes, actual.bytes);
        } else if (row_->kind == CallKind::Stream && golden.direction == Direction::Out &&
                   pair_.golden.note(pair_.golden_event).fd.kind == FdKind::SignalFd) {
            objects_.array("signalfd_siginfo", name, golden.bytes, actual.bytes, kind);
        } else if (is_iovec_array(argument, golden)) {
            objects_.array("iovec", name, golden.bytes, actual.bytes, DivergenceKind::Arguments);
        } else if (row_->kind == CallKind::OpenPair) {
            descriptors(name, golden, actual, kind);
        } else if (is_told_of_child(argument, golden)) {
            told_of_child(name, golden, actual, kind);
        } else if (golden.element.piece != Piece::Object || argument.type.empty()) {
            plain_bytes(name, golden, actual, kind);
        } else if (argument.count.empty()) {
            objects_.object(argument.type, name, golden.bytes, actual.bytes, kind);
        } else {
            objects_.array(argument.type, name, golden.bytes, actual.bytes, kind);
        }
        if (golden.length != actual.length && golden.bytes.size() == actual.bytes.size()) {
            objects_.fixed(name + " (length)", length_text(golden), length_text(actual), kind);
        }
    }

    void descriptors(const std::string& name, const Payload& golden, const Payload& actual,
                     DivergenceKind kind) {
        constexpr std::size_t kBytes = 4;
        bool same = golden.bytes.size() == actual.bytes.size();
        for (std::size_t at = 0; same && at + kBytes <= golden.bytes.size(); at += kBytes) {
            same = same_descriptor(*abi::read_number(golden.bytes, at, kBytes),
                                   *abi::read_number(actual.bytes, at, kBytes));
        }
        if (!same) {
            objects_.array("int", name, golden.bytes, actual.bytes, kind);
        }
    }

    static bool is_told_of_child(const abi::Argument& argument, const Payload& payload) {
        return payload.element.piece == Piece::ParentTid ||
               (argument.writes == abi::Writes::IfToldOfChild && payload.element.piece == Piece::Object);
    }

    // Compares the child's number, which the call returns too. It is 0 where the child has already ended and
    // its end clears the same word (man 2 clone, CLONE_CHILD_CLEARTID).
    void told_of_child(const std::string& name, const Payload& golden, const Payload& actual,
                       DivergenceKind kind) {
        const auto child = [](const SyscallEvent& call, const Payload& payload) {
            const auto told = abi::read_number(payload.bytes, 0, 4).value_or(UINT64_MAX);
            return told == 0 ? call.result.value_or(0)
                             : static_cast<std::int64_t>(static_cast<std::int32_t>(told));
        };
        if (golden.bytes.size() != actual.bytes.size()) {
            objects_.bytes(name, golden.bytes, actual.bytes, kind);
            return;
        }
        objects_.pid(name, child(golden_, golden), child(actual_, actual), kind);
    }

    void plain_bytes(const std::string& name, const Payload& golden, const Payload& actual,
                     DivergenceKind kind) {
        if (!is_path_with_known_pid(golden, actual)) {
            objects_.bytes(name, golden.bytes, actual.bytes, kind);
        }
    }

    // "/proc/12/maps" against "/proc/7/maps".
    bool is_path_with_known_pid(const Payload& golden, const Payload& actual) {
        if (row_->arguments()[golden.argument].kind != ArgumentKind::Path) {
            return false;
        }
        constexpr std::string_view kProc = "/proc/";
        std::string_view one = as_string_view(golden.bytes);
        std::string_view other = as_string_view(actual.bytes);
        if (one == other || !one.starts_with(kProc) || !other.starts_with(kProc)) {
            return false;
        }
        one.remove_prefix(kProc.size());
        other.remove_prefix(kProc.size());
        const auto take_number = [](std::string_view& text) {
            std::uint64_t value = 0;
            while (!text.empty() && text[0] >= '0' && text[0] <= '9' && value < UINT32_MAX) {
                value = value * 10 + static_cast<std::uint64_t>(text[0] - '0');
                text.remove_prefix(1);
            }
            return value;
        };
        const std::uint64_t golden_pid = take_number(one);
        const std::uint64_t actual_pid = take_number(other);
        return golden_pid != 0 && actual_pid != 0 && one == other &&
               equivalence_.tokens_equal(Token::Pid, golden_pid, actual_pid);
    }

    bool is_socket_address(const abi::Argument& argument, const Payload& payload) const {
        const bool plain = argument.type == "sockaddr";
        const bool message = argument.type == "user_msghdr" || argument.type == "mmsghdr";
        return plain || (message && payload.element.piece == Piece::Name);
    }

    // Compares what follows the struct's fixed part: the path of an AF_UNIX address, which may have any
    // length.
    void rest_of_address(const std::string& name, const Payload& golden, const Payload& actual,
                         DivergenceKind kind) {
        if (abi::sockaddr_view(golden.bytes).name == "sockaddr_un" || golden.bytes.size() < 2) {
            objects_.bytes(name, golden.bytes, actual.bytes, kind);
        }
    }

    static bool is_iovec_array(const abi::Argument& argument, const Payload& payload) {
        const bool vector = argument.kind == ArgumentKind::InIovec || argument.kind == ArgumentKind::OutIovec;
        const bool message = argument.type == "user_msghdr" || argument.type == "mmsghdr";
        return (vector && payload.element.piece == Piece::Object) ||
               (message && payload.element.piece == Piece::Vector);
    }

    const EventPair& pair_;
    Equivalence& equivalence_;
    std::vector<FieldDifference>& differences_;
    ObjectComparer objects_;
    const SyscallEvent& golden_;
    const SyscallEvent& actual_;
    const abi::SyscallRow* row_;
};

}  // namespace

void compare_calls(const EventPair& pair, Equivalence& equivalence,
                   std::vector<FieldDifference>& differences) {
    CallComparer(pair, equivalence, differences).compare();
}

}  // namespace levitate::traces::detail
