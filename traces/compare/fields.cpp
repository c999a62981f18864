#include "traces/compare/fields.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/payload.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/abi/text.hpp"
#include "traces/compare/object_comparer.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces::detail {
namespace {

using abi::ArgumentKind;
using abi::constant;
using abi::syscall_number;

// What the kernel sees of a register that holds an argument of this kind.
std::uint64_t significant(ArgumentKind kind, std::uint64_t value) {
    switch (kind) {
        case ArgumentKind::Fd:
        case ArgumentKind::Int:
        case ArgumentKind::Uint:
        case ArgumentKind::Mode:
        case ArgumentKind::Pid:
        case ArgumentKind::Signal:
        case ArgumentKind::Clock:
        case ArgumentKind::Flags:
        case ArgumentKind::Enum:
            return value & 0xffffffffU;
        default:
            return value;
    }
}

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
          row_(abi::find_syscall(golden_.number, golden_.arguments)) {}

    void compare() {
        if (row_ != nullptr) {
            for (std::size_t i = 0; i < row_->argument_count; ++i) {
                argument(i);
            }
        }
        result();
        if (golden_.restarted != actual_.restarted) {
            objects_.fixed("restarted", golden_.restarted ? "yes" : "no", actual_.restarted ? "yes" : "no",
                           DivergenceKind::Result);
        }
        if (row_ != nullptr) {
            payloads();
        }
    }

  private:
    using PayloadKey = std::tuple<unsigned, Direction, unsigned>;

    void argument(std::size_t index) {
        const abi::Argument& argument = row_->arguments()[index];
        const std::string name(argument.name);
        const std::uint64_t golden = significant(argument.kind, golden_.arguments[index]);
        const std::uint64_t actual = significant(argument.kind, actual_.arguments[index]);
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
                objects_.address(name, golden, actual, DivergenceKind::Arguments);
                return;
        }
    }

    void number(std::size_t index, std::uint64_t golden, std::uint64_t actual) {
        const abi::Argument& argument = row_->arguments()[index];
        if (golden == actual) {
            return;
        }
        if (abi::variation(row_->name, argument.name) == abi::Variation::MaybePid &&
            equivalence_.tokens_known_equal(Token::Pid, golden, actual)) {
            equivalence_.normalised("process and thread numbers");
            return;
        }
        if (are_sizes_of_renamed_text(golden, actual)) {
            return;
        }
        // How much of a mapping is cut off to align what is left depends on where it lies.
        if (row_->number == syscall_number("munmap") && argument.kind == ArgumentKind::Size &&
            equivalence_.space(pair_.space()).moved(golden_.arguments[0])) {
            equivalence_.normalised("addresses");
            return;
        }
        objects_.fixed(std::string(argument.name), abi::format_argument(*row_, index, golden),
                       abi::format_argument(*row_, index, actual), DivergenceKind::Arguments);
        const bool countable = argument.kind != ArgumentKind::Flags &&
                               argument.kind != ArgumentKind::Flags64 &&
                               argument.kind != ArgumentKind::Enum && argument.kind != ArgumentKind::Clock;
        differences_.back().value_class = countable ? ValueClass::Number : ValueClass::Fixed;
    }

    // A text that names a process is longer where its number is.
    bool are_sizes_of_renamed_text(std::uint64_t golden, std::uint64_t actual) const {
        return std::ranges::any_of(golden_.payloads, [&](const Payload& one) {
            return one.bytes.size() == golden &&
                   std::ranges::any_of(actual_.payloads, [&](const Payload& other) {
                       return other.argument == one.argument && other.element == one.element &&
                              other.direction == one.direction && other.bytes.size() == actual &&
                              objects_.differ_in_pids_only(one.bytes, other.bytes);
                   });
        });
    }

    static std::string result_text(const abi::SyscallRow* row, const SyscallEvent& call) {
        return call.result ? abi::format_result(row, *call.result) : "?";
    }

    void result() {
        const abi::ResultKind kind = row_ != nullptr ? row_->result : abi::ResultKind::Int;
        if (!golden_.result || !actual_.result) {
            if (golden_.result != actual_.result) {
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
        objects_.fixed("result", result_text(row_, golden_), result_text(row_, actual_),
                       DivergenceKind::Result);
        differences_.back().value_class = value_class;
    }

    // A mapping that the kernel has placed. Beside other tasks of the address space its place depends on who
    // came first; what matters is that it is the same mapping from then on.
    void address_result(std::uint64_t golden, std::uint64_t actual) {
        constexpr std::uint64_t kPageMask = 4095;
        if (golden_.number == syscall_number("brk")) {
            objects_.address("result", golden, actual, DivergenceKind::Result);
            return;
        }
        const std::size_t length_at = golden_.number == syscall_number("mremap") ? 2 : 1;
        const std::uint64_t length = (golden_.arguments[length_at] + kPageMask) & ~kPageMask;
        const bool random = equivalence_.mode() == AddressMode::Random;
        const bool aligned = ((golden ^ actual) & kPageMask) == 0;
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
        return payload.element != 0 ? name + "[" + std::to_string(payload.element) + "]" : name;
    }

    static std::string length_text(const Payload& payload) {
        return std::to_string(payload.length) + " bytes";
    }

    // What goes into the kernel is data where it is the program's bytes, and arguments otherwise.
    DivergenceKind kind_of(const Payload& payload) const {
        if (payload.direction == Direction::Out || payload.argument >= row_->argument_count) {
            return DivergenceKind::Data;
        }
        const ArgumentKind kind = row_->arguments()[payload.argument].kind;
        const bool data = kind == ArgumentKind::InBytes || kind == ArgumentKind::InIovec ||
                          (payload.element != 0 && kind != ArgumentKind::Strings);
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

    // What varies.inc says of the argument; false: it says nothing.
    bool varying_payload(const abi::Argument& argument, const std::string& name, const Payload& golden,
                         const Payload& actual) {
        if (golden.direction == Direction::In && argument.kind != ArgumentKind::Inout) {
            return false;
        }
        switch (abi::variation(row_->name, argument.name)) {
            case abi::Variation::Time:
                if (golden.direction == Direction::Out && golden.bytes != actual.bytes) {
                    objects_.time(name, abi::format_object(argument.type, golden.bytes),
                                  abi::format_object(argument.type, actual.bytes));
                }
                return golden.direction == Direction::Out;
            case abi::Variation::Random:
                if (golden.bytes.size() != actual.bytes.size()) {
                    objects_.fixed(name, length_text(golden), length_text(actual), DivergenceKind::Data);
                } else if (golden.bytes != actual.bytes) {
                    equivalence_.normalised("random bytes");
                }
                return true;
            case abi::Variation::Pid:
                objects_.object("pid", name, golden.bytes, actual.bytes, DivergenceKind::Data);
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
        } else if (row_->number == syscall_number("getdents64")) {
            objects_.directory(name, golden.bytes, actual.bytes);
        } else if (row_->number == syscall_number("getsockopt") &&
                   static_cast<std::int64_t>(golden_.arguments[2]) == constant("SO_PEERCRED")) {
            objects_.object("ucred", name, golden.bytes, actual.bytes, kind);
        } else if (row_->number == syscall_number("read") &&
                   pair_.golden.note(pair_.golden_event).fd.kind == FdKind::SignalFd) {
            objects_.array("signalfd_siginfo", name, golden.bytes, actual.bytes, kind);
        } else if (is_iovec_array(argument, golden)) {
            objects_.array("iovec", name, golden.bytes, actual.bytes, DivergenceKind::Arguments);
        } else if (golden.element != 0 || argument.type.empty()) {
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
        const bool plain =
            (argument.kind == ArgumentKind::InBytes || argument.kind == ArgumentKind::OutBytes) &&
            argument.name == "address" && argument.count == "addrlen";
        const bool message = argument.type == "user_msghdr" || argument.type == "mmsghdr";
        return plain || (message && payload.element % abi::kMessageStride == 1);
    }

    // What stands behind the struct's fixed part: the path of an AF_UNIX address of any length.
    void rest_of_address(const std::string& name, const Payload& golden, const Payload& actual,
                         DivergenceKind kind) {
        if (abi::sockaddr_view(golden.bytes).name == "sockaddr_un" || golden.bytes.size() < 2) {
            objects_.bytes(name, golden.bytes, actual.bytes, kind);
        }
    }

    static bool is_iovec_array(const abi::Argument& argument, const Payload& payload) {
        const bool vector = argument.kind == ArgumentKind::InIovec || argument.kind == ArgumentKind::OutIovec;
        const bool message = argument.type == "user_msghdr" || argument.type == "mmsghdr";
        constexpr unsigned kMessageIovec = 3;
        return (vector && payload.element == 0) ||
               (message && payload.element % abi::kMessageStride == kMessageIovec);
    }

    const EventPair& pair_;
    Equivalence& equivalence_;
    std::vector<FieldDifference>& differences_;
    ObjectComparer objects_;
    const SyscallEvent& golden_;
    const SyscallEvent& actual_;
    const abi::SyscallRow* row_;
};

bool is_address_entry(std::uint64_t type) {
    switch (static_cast<std::int64_t>(type)) {
        case constant("AT_PHDR"):
        case constant("AT_BASE"):
        case constant("AT_ENTRY"):
        case constant("AT_RANDOM"):
        case constant("AT_EXECFN"):
        case constant("AT_PLATFORM"):
        case constant("AT_SYSINFO_EHDR"):
            return true;
        default:
            return false;
    }
}

std::string auxv_name(std::uint64_t type) {
    const auto name = abi::find_name("auxv_types", static_cast<std::int64_t>(type));
    return name ? std::string(*name) : "type " + std::to_string(type);
}

// Compares the bodies of a pair that are no calls.
struct BodyComparer {
    const EventPair& pair;
    ObjectComparer& objects;

    void number(const char* name, std::uint64_t golden, std::uint64_t actual, DivergenceKind kind) const {
        if (golden != actual) {
            objects.fixed(name, std::to_string(golden), std::to_string(actual), kind);
        }
    }

    void auxv_value(const std::string& name, std::uint64_t type, std::uint64_t golden,
                    std::uint64_t actual) const {
        if (is_address_entry(type)) {
            objects.address(name, golden, actual, DivergenceKind::Auxv);
        } else if (golden != actual) {
            objects.fixed(name, abi::format_auxv(type, golden), abi::format_auxv(type, actual),
                          DivergenceKind::Auxv);
        }
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
    }

    void operator()(const SignalEvent& golden, const SignalEvent& actual) const {
        if (golden.signal != actual.signal) {
            objects.fixed("signal", abi::signal_name(golden.signal), abi::signal_name(actual.signal),
                          DivergenceKind::Signal);
            return;
        }
        objects.object("siginfo_t", "siginfo", golden.siginfo, actual.siginfo, DivergenceKind::Signal);
        objects.address("handler", golden.handler, actual.handler, DivergenceKind::Signal);
        // Where the signal was the program's own doing, it comes at one place only.
        if (abi::siginfo_view(golden.siginfo).name == "siginfo_fault") {
            objects.address("interrupted_pc", golden.interrupted_pc, actual.interrupted_pc,
                            DivergenceKind::Signal);
            objects.address("frame", golden.frame, actual.frame, DivergenceKind::Signal);
        }
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

    void operator()(const ExecEvent& golden, const ExecEvent& actual) const {
        if (golden.path != actual.path) {
            objects.fixed("path", golden.path, actual.path, DivergenceKind::Arguments);
        }
        strings("argv", golden.argv, actual.argv);
        strings("envp", golden.envp, actual.envp);
        for (std::size_t i = 0; i < std::max(golden.auxv.size(), actual.auxv.size()); ++i) {
            if (i >= golden.auxv.size() || i >= actual.auxv.size() ||
                golden.auxv[i].type != actual.auxv[i].type) {
                const auto at = [&](const std::vector<AuxvEntry>& all) {
                    return i < all.size() ? auxv_name(all[i].type) : std::string("AT_NULL");
                };
                objects.fixed("auxv[" + std::to_string(i) + "]", at(golden.auxv), at(actual.auxv),
                              DivergenceKind::Auxv);
                return;
            }
            auxv_value(auxv_name(golden.auxv[i].type), golden.auxv[i].type, golden.auxv[i].value,
                       actual.auxv[i].value);
        }
        objects.address("sp", golden.sp, actual.sp, DivergenceKind::Auxv);
        objects.address("entry_pc", golden.entry_pc, actual.entry_pc, DivergenceKind::Auxv);
    }

    void operator()(const TaskStartEvent& golden, const TaskStartEvent& actual) const {
        if (golden.clone_flags != actual.clone_flags) {
            objects.fixed("clone_flags", abi::decode("clone_flags", golden.clone_flags),
                          abi::decode("clone_flags", actual.clone_flags), DivergenceKind::Arguments);
        }
        objects.pid("tid", golden.tid, actual.tid, DivergenceKind::Result);
    }

    void operator()(const TaskEndEvent& golden, const TaskEndEvent& actual) const {
        const auto text = [](const TaskEndEvent& end) {
            return end.exit_code ? "exit code " + std::to_string(*end.exit_code)
                   : end.signal  ? "killed by " + abi::signal_name(*end.signal)
                                 : std::string();
        };
        // An end that one of the recorders has not seen says nothing.
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

    // Calls have a comparer of their own; what is for replay only is never compared.
    template <typename T>
    void operator()(const T& /*golden*/, const T& /*actual*/) const {}
    template <typename T, typename U>
    void operator()(const T& /*golden*/, const U& /*actual*/) const {}
};

}  // namespace

bool same_identity(const Event& golden, const Event& actual) {
    if (golden.body.index() != actual.body.index()) {
        return false;
    }
    const auto* call = std::get_if<SyscallEvent>(&golden.body);
    return call == nullptr || call->number == std::get<SyscallEvent>(actual.body).number;
}

std::vector<FieldDifference> compare_fields(const EventPair& pair, Equivalence& equivalence) {
    std::vector<FieldDifference> differences;
    if (std::holds_alternative<SyscallEvent>(pair.golden_side().body)) {
        CallComparer(pair, equivalence, differences).compare();
        return differences;
    }
    ObjectComparer objects(pair, equivalence, differences);
    std::visit(BodyComparer{pair, objects}, pair.golden_side().body, pair.actual_side().body);
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
        std::string operator()(const ExecEvent& exec) const { return "start of " + exec.path; }
        std::string operator()(const TaskStartEvent& /*start*/) const { return "start of the task"; }
        std::string operator()(const TaskEndEvent& /*end*/) const { return "end of the task"; }
        std::string operator()(const RegistersEvent& registers) const {
            return "changed registers during " + registers.during;
        }
        std::string operator()(const MemoryWriteEvent& write) const {
            return "kernel's write for " + write.cause;
        }
        std::string operator()(const RegisterReadEvent& read) const { return "read of " + read.name; }
        std::string operator()(const MappedFileEvent& mapped) const {
            return "mapping of " + mapped.file.path;
        }
        std::string operator()(const OutcomeEvent& /*outcome*/) const { return "end of the program"; }
    };
    return std::visit(Describer{}, event.body);
}

}  // namespace levitate::traces::detail
