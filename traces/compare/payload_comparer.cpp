#include "traces/compare/payload_comparer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "traces/abi/constants.hpp"
#include "traces/abi/control.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/compare/pages.hpp"
#include "traces/format/bytes.hpp"
#include "traces/format/pieces.hpp"
#include "traces/payload/short_payload.hpp"

namespace levitate::traces::detail {
namespace {

using abi::ArgumentKind;
using abi::CallKind;

class PayloadComparer {
  public:
    PayloadComparer(const CallPair& calls, Equivalence& equivalence, ObjectComparer& objects)
        : calls_(calls), equivalence_(equivalence), objects_(objects) {}

    void compare() {
        const auto golden = by_key(calls_.golden);
        const auto actual = by_key(calls_.actual);
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

  private:
    using PayloadKey = std::tuple<unsigned, Direction, PayloadElement>;

    static std::map<PayloadKey, const Payload*> by_key(const SyscallEvent& call) {
        std::map<PayloadKey, const Payload*> payloads;
        for (const Payload& payload : call.payloads) {
            payloads[{payload.argument, payload.direction, payload.element}] = &payload;
        }
        return payloads;
    }

    std::string payload_name(const Payload& payload) const {
        const std::string name = payload.argument < calls_.row->argument_count
                                     ? std::string(calls_.row->arguments()[payload.argument].name)
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
        if (payload.direction == Direction::Out || payload.argument >= calls_.row->argument_count) {
            return DivergenceKind::Data;
        }
        const ArgumentKind kind = calls_.row->arguments()[payload.argument].kind;
        const bool data = kind == ArgumentKind::InBytes || kind == ArgumentKind::InIovec ||
                          (payload.element.piece != Piece::Object && kind != ArgumentKind::Strings);
        return data ? DivergenceKind::Data : DivergenceKind::Arguments;
    }

    // Whether a kernel that maps pages when they are first touched had not mapped these at the entry, so that
    // they could not be read, and cannot have mapped them by the return: it refused the call without looking
    // at them, or the task or its memory ended in the call. What nobody has touched is as its file has it.
    static bool is_unread(const Payload& payload, const SyscallEvent& call) {
        const bool is_exec =
            call.number == abi::syscall_number("execve") || call.number == abi::syscall_number("execveat");
        const bool took_it = call.result && !abi::is_error(*call.result) && !is_exec;
        const bool ends_page = ((payload.address + payload.bytes.size()) & kPageMask) == 0;
        return is_short(payload) && !took_it && (payload.bytes.empty() || ends_page);
    }

    // False: both could be read.
    bool unread_pair(const std::string& name, const Payload& golden, const Payload& actual) {
        if (!is_unread(golden, calls_.golden) && !is_unread(actual, calls_.actual)) {
            return false;
        }
        const std::size_t common = std::min(golden.bytes.size(), actual.bytes.size());
        objects_.bytes(name, std::span(golden.bytes).first(common), std::span(actual.bytes).first(common),
                       kind_of(golden));
        if (golden.bytes.size() != actual.bytes.size()) {
            equivalence_.normalised("untouched pages of arguments");
        }
        return true;
    }

    void payload_pair(const Payload& golden, const Payload* actual) {
        const std::string name = payload_name(golden);
        if (actual == nullptr) {
            objects_.fixed(name, length_text(golden), "", kind_of(golden));
            return;
        }
        if (golden.direction == Direction::In && unread_pair(name, golden, *actual)) {
            return;
        }
        if (golden.argument >= calls_.row->argument_count) {
            objects_.bytes(name, golden.bytes, actual->bytes, kind_of(golden));
            return;
        }
        const abi::Argument& argument = calls_.row->arguments()[golden.argument];
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
        } else if (is_control(argument, golden)) {
            control(name, golden, actual, kind);
        } else if (argument.type == "linux_dirent64") {
            objects_.directory(name, golden.bytes, actual.bytes);
        } else if (calls_.row->kind == CallKind::Stream && golden.direction == Direction::Out &&
                   calls_.events.golden.note(calls_.events.golden_event).fd.kind == FdKind::SignalFd) {
            objects_.array("signalfd_siginfo", name, golden.bytes, actual.bytes, kind);
        } else if (is_iovec_array(argument, golden)) {
            objects_.array("iovec", name, golden.bytes, actual.bytes, DivergenceKind::Arguments);
        } else if (calls_.row->kind == CallKind::OpenPair) {
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
            same =
                calls_.same_descriptor(equivalence_, abi::read_number(golden.bytes, at, kBytes).value_or(0),
                                       abi::read_number(actual.bytes, at, kBytes).value_or(0));
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
        objects_.pid(name, child(calls_.golden, golden), child(calls_.actual, actual), kind);
    }

    void plain_bytes(const std::string& name, const Payload& golden, const Payload& actual,
                     DivergenceKind kind) {
        if (!is_path_with_known_pid(golden, actual)) {
            objects_.bytes(name, golden.bytes, actual.bytes, kind);
        }
    }

    // "/proc/12/maps" against "/proc/7/maps".
    bool is_path_with_known_pid(const Payload& golden, const Payload& actual) {
        if (calls_.row->arguments()[golden.argument].kind != ArgumentKind::Path) {
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
        const auto golden_name = chosen_name(golden.bytes);
        const auto actual_name = chosen_name(actual.bytes);
        if (golden_name && actual_name &&
            equivalence_.tokens_equal(Token::SocketName, *golden_name, *actual_name)) {
            return;
        }
        if (abi::sockaddr_view(golden.bytes).name == "sockaddr_un" || golden.bytes.size() < 2) {
            objects_.bytes(name, golden.bytes, actual.bytes, kind);
        }
    }

    // The number of an abstract name such as the kernel gives to a socket that is bound to none: five
    // hexadecimal digits, at which it begins to look at random (man 7 unix, "Autobind feature").
    static std::optional<std::uint64_t> chosen_name(std::span<const std::byte> address) {
        constexpr std::size_t kFront = 3;  // the family and a NUL
        constexpr std::size_t kDigits = 5;
        if (address.size() != kFront + kDigits || abi::sockaddr_view(address).name != "sockaddr_un" ||
            address[kFront - 1] != std::byte{0}) {
            return std::nullopt;
        }
        std::uint64_t number = 0;
        const std::string_view digits = as_string_view(address).substr(kFront);
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
        return parsed.ptr == digits.data() + digits.size() ? std::optional(number) : std::nullopt;
    }

    static bool is_control(const abi::Argument& argument, const Payload& payload) {
        return (argument.type == "user_msghdr" || argument.type == "mmsghdr") &&
               payload.element.piece == Piece::Control;
    }

    // Control messages whose headers agree are compared by what they carry.
    void control(const std::string& name, const Payload& golden, const Payload& actual, DivergenceKind kind) {
        const auto one = abi::control_messages(golden.bytes);
        const auto other = abi::control_messages(actual.bytes);
        const bool alike =
            golden.bytes.size() == actual.bytes.size() && !one.empty() &&
            std::ranges::equal(one, other, [](const auto& left, const auto& right) {
                return left.length == right.length && left.level == right.level && left.type == right.type;
            });
        if (!alike) {
            objects_.bytes(name, golden.bytes, actual.bytes, kind);
            return;
        }
        for (std::size_t i = 0; i < one.size(); ++i) {
            control_message(name + " message " + std::to_string(i), one[i], other[i], kind);
        }
    }

    // When a message came, by any of the options that ask for it.
    static bool is_stamp(std::int64_t type) {
        constexpr std::array kStamps = {
            abi::constant("SO_TIMESTAMP_OLD"),    abi::constant("SO_TIMESTAMP_NEW"),
            abi::constant("SO_TIMESTAMPNS_OLD"),  abi::constant("SO_TIMESTAMPNS_NEW"),
            abi::constant("SO_TIMESTAMPING_OLD"), abi::constant("SO_TIMESTAMPING_NEW"),
        };
        return std::ranges::any_of(kStamps, [&](auto stamp) { return std::cmp_equal(stamp, type); });
    }

    void control_message(const std::string& name, const abi::ControlMessage& golden,
                         const abi::ControlMessage& actual, DivergenceKind kind) {
        const bool common = golden.level == static_cast<std::int64_t>(abi::constant("SOL_SOCKET"));
        if (common && golden.type == abi::constant("SCM_CREDENTIALS")) {
            objects_.object("ucred", name, golden.payload, actual.payload, kind);
            return;
        }
        if (std::ranges::equal(golden.payload, actual.payload)) {
            return;
        }
        if (common && is_stamp(golden.type) && golden.payload.size() == actual.payload.size()) {
            equivalence_.normalised("times");
            return;
        }
        if (common && golden.type == abi::constant("SCM_RIGHTS")) {
            constexpr std::size_t kBytes = 4;
            bool same = true;
            for (std::size_t at = 0; same && at + kBytes <= golden.payload.size(); at += kBytes) {
                same = calls_.same_descriptor(equivalence_, *abi::read_number(golden.payload, at, kBytes),
                                              *abi::read_number(actual.payload, at, kBytes));
            }
            if (same) {
                return;
            }
        }
        objects_.bytes(name, golden.payload, actual.payload, kind);
    }

    static bool is_iovec_array(const abi::Argument& argument, const Payload& payload) {
        const bool vector = argument.kind == ArgumentKind::InIovec || argument.kind == ArgumentKind::OutIovec;
        const bool message = argument.type == "user_msghdr" || argument.type == "mmsghdr";
        return (vector && payload.element.piece == Piece::Object) ||
               (message && payload.element.piece == Piece::Vector);
    }

    const CallPair& calls_;
    Equivalence& equivalence_;
    ObjectComparer& objects_;
};

}  // namespace

void compare_payloads(const CallPair& calls, Equivalence& equivalence, ObjectComparer& objects) {
    PayloadComparer(calls, equivalence, objects).compare();
}

}  // namespace levitate::traces::detail
