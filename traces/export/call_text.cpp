#include "traces/export/call_text.hpp"

#include <algorithm>
#include <charconv>

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/abi/text.hpp"
#include "traces/export/socket_text.hpp"

namespace levitate::traces::detail {
namespace {

using abi::ArgumentKind;
using abi::constant;
using abi::syscall_number;

// As many elements of an array as strace writes; paths are written in full.
constexpr std::size_t kElements = 32;
constexpr std::size_t kWhole = SIZE_MAX;

class CallText {
  public:
    CallText(const SyscallEvent& call, const abi::SyscallRow& row) : call_(call), row_(row) {}

    std::vector<EventField> arguments() const {
        std::vector<EventField> fields;
        for (std::size_t i = 0; i < row_.argument_count; ++i) {
            if (is_shown(i)) {
                fields.push_back({.name = std::string(row_.arguments()[i].name), .text = argument(i)});
            }
        }
        return fields;
    }

  private:
    // The last argument of openat, fcntl and mremap has a meaning only with some flags (see their man pages).
    bool is_shown(std::size_t index) const {
        if (row_.arguments()[index].kind == ArgumentKind::Unused) {
            return false;
        }
        if (row_.number == syscall_number("openat") && index == 3) {
            // O_TMPFILE includes O_DIRECTORY, which alone creates nothing.
            constexpr auto kTemporary = static_cast<std::uint64_t>(constant("O_TMPFILE"));
            constexpr auto kCreate = static_cast<std::uint64_t>(constant("O_CREAT"));
            return (call_.arguments[2] & kCreate) != 0 || (call_.arguments[2] & kTemporary) == kTemporary;
        }
        if (row_.number == syscall_number("mremap") && index == 4) {
            constexpr auto kFixed =
                static_cast<std::uint64_t>(constant("MREMAP_FIXED") | constant("MREMAP_DONTUNMAP"));
            return (call_.arguments[3] & kFixed) != 0;
        }
        return true;
    }

    const Payload* find(std::size_t index, Direction direction, const PayloadElement& element = {}) const {
        const auto found = std::ranges::find_if(call_.payloads, [&](const Payload& payload) {
            return payload.argument == index && payload.direction == direction && payload.element == element;
        });
        return found != call_.payloads.end() ? &*found : nullptr;
    }

    std::string argument(std::size_t index) const {
        std::string bare = abi::format_argument(row_, index, call_.arguments[index]);
        if (is_option_call() && row_.arguments()[index].name == "optname") {
            return format_option_name(call_.arguments[1], call_.arguments[index]).value_or(bare);
        }
        switch (row_.arguments()[index].kind) {
            case ArgumentKind::Path:
                return string(find(index, Direction::In), kWhole, bare);
            case ArgumentKind::Strings:
                return strings(index, bare);
            case ArgumentKind::In:
            case ArgumentKind::InArray:
                return object(index, find(index, Direction::In), bare);
            case ArgumentKind::Out:
            case ArgumentKind::OutArray:
                return object(index, find(index, Direction::Out), bare);
            case ArgumentKind::Inout:
            case ArgumentKind::InoutArray:
                return both_ways(index, bare);
            case ArgumentKind::InBytes:
                return bytes(index, find(index, Direction::In), bare);
            case ArgumentKind::OutBytes:
                return bytes(index, find(index, Direction::Out), bare);
            case ArgumentKind::InIovec:
                return vectors(index, Direction::In, bare);
            case ArgumentKind::OutIovec:
                return vectors(index, Direction::Out, bare);
            default:
                return bare;
        }
    }

    bool is_option_call() const {
        return row_.number == syscall_number("getsockopt") || row_.number == syscall_number("setsockopt");
    }

    static std::string string(const Payload* payload, std::size_t limit, const std::string& otherwise) {
        const bool readable = payload != nullptr && payload->bytes.size() == payload->length;
        return readable ? abi::format_string(payload->bytes, limit) : otherwise;
    }

    std::string strings(std::size_t index, const std::string& bare) const {
        std::string list = "[";
        std::size_t count = 0;
        while (const Payload* payload = find(
                   index, Direction::In, {.piece = Piece::String, .index = static_cast<unsigned>(count)})) {
            list += (count != 0 ? ", " : "") + abi::format_string(payload->bytes, kDataBytes);
            ++count;
        }
        if (row_.arguments()[index].name == "envp" || count == 0) {
            return bare + " /* " + std::to_string(count) + (count == 1 ? " var */" : " vars */");
        }
        return list + "]";
    }

    std::string both_ways(std::size_t index, const std::string& bare) const {
        const Payload* in = find(index, Direction::In);
        const Payload* out = find(index, Direction::Out);
        std::string text = object(index, in, bare);
        if (in != nullptr && out != nullptr && in->bytes != out->bytes) {
            text += " => " + object(index, out, bare);
        }
        return text;
    }

    std::string object(std::size_t index, const Payload* payload, const std::string& bare) const {
        if (payload == nullptr) {
            return bare;
        }
        const abi::Argument& argument = row_.arguments()[index];
        if (row_.number == syscall_number("wait4") && argument.name == "status") {
            return abi::format_wait_status(abi::read_number(payload->bytes, 0, 4).value_or(0));
        }
        if (argument.type == "user_msghdr") {
            return message(index, *payload);
        }
        if (row_.number == syscall_number("utimensat")) {
            return file_times(payload->bytes);
        }
        if (argument.count.empty()) {
            return abi::format_object(argument.type, payload->bytes);
        }
        return array(argument.type, payload->bytes);
    }

    // man 2 utimensat: instead of a fraction of a second, what else is to be done.
    static std::string file_times(std::span<const std::byte> times) {
        const abi::Struct& layout = *abi::find_struct("__kernel_timespec");
        std::string text = "[";
        for (std::size_t at = 0; at + layout.size <= times.size(); at += layout.size) {
            const auto time = times.subspan(at, layout.size);
            const auto fraction = abi::read_field(time, *layout.field("tv_nsec")).value_or(0);
            const auto name = abi::find_name("file_time", static_cast<std::int64_t>(fraction));
            text += (at != 0 ? ", " : "") + (name ? std::string(*name) : abi::format_struct(layout, time));
        }
        return text + "]";
    }

    static std::string array(std::string_view type, std::span<const std::byte> bytes) {
        const std::size_t size = abi::type_size(type);
        std::string text = "[";
        for (std::size_t i = 0; size != 0 && (i + 1) * size <= bytes.size(); ++i) {
            text += i != 0 ? ", " : "";
            if (i == kElements) {
                text += "...";
                break;
            }
            // A builtin that stands alone has brackets of its own.
            std::string element = abi::format_object(type, bytes.subspan(i * size, size));
            if (element.starts_with('[') && element.ends_with(']') && abi::find_struct(type) == nullptr) {
                element = element.substr(1, element.size() - 2);
            }
            text += element;
        }
        return text + "]";
    }

    std::string message(std::size_t index, const Payload& payload) const {
        const Direction data = row_.number == syscall_number("sendmsg") ? Direction::In : Direction::Out;
        std::string text = abi::format_object("user_msghdr", payload.bytes);
        if (const Payload* name = find(index, payload.direction, {.piece = Piece::Name})) {
            replace_field(text, "msg_name=", format_socket_address(name->bytes));
        }
        if (const Payload* control = find(index, payload.direction, {.piece = Piece::Control})) {
            replace_field(text, "msg_control=", format_control(control->bytes));
        }
        std::string buffers;
        for (PayloadElement element{.piece = Piece::Buffer};
             const Payload* buffer = find(index, data, element); ++element.index) {
            buffers += (buffers.empty() ? "" : ", ") + abi::format_string(buffer->bytes, kDataBytes);
        }
        return buffers.empty() ? text : text + " /* " + buffers + " */";
    }

    // Puts what an address points to in its place.
    static void replace_field(std::string& text, std::string_view name, const std::string& value) {
        const std::size_t begin = text.find(name);
        const std::size_t end = text.find(',', begin);
        if (begin != std::string::npos && end != std::string::npos) {
            text.replace(begin + name.size(), end - begin - name.size(), value);
        }
    }

    std::string bytes(std::size_t index, const Payload* payload, const std::string& bare) const {
        const abi::Argument& argument = row_.arguments()[index];
        if (payload == nullptr) {
            const bool empty =
                argument.kind == ArgumentKind::OutBytes && call_.result == 0 && call_.arguments[index] != 0;
            return empty && row_.result == abi::ResultKind::Size ? "\"\"" : bare;
        }
        if (row_.number == syscall_number("getdents64")) {
            return bare;
        }
        if (argument.name == "address" && argument.count == "addrlen") {
            return format_socket_address(payload->bytes);
        }
        if (is_option_call() && argument.name == "optval" && argument.type.empty()) {
            const auto value = format_option_value(call_.arguments[1], call_.arguments[2], payload->bytes);
            return value ? *value : abi::format_string(payload->bytes, kDataBytes);
        }
        if (row_.number == syscall_number("sched_getaffinity") ||
            row_.number == syscall_number("sched_setaffinity")) {
            return processors(payload->bytes);
        }
        if (payload->bytes.size() < payload->length && payload->bytes.empty()) {
            return bare;
        }
        // A path that a call gives back is written in full, like one that it takes.
        const bool path =
            row_.number == syscall_number("readlinkat") || row_.number == syscall_number("getcwd");
        auto shown = std::span<const std::byte>(payload->bytes);
        if (row_.number == syscall_number("getcwd") && !shown.empty() && shown.back() == std::byte{0}) {
            shown = shown.first(shown.size() - 1);
        }
        return abi::format_string(shown, path ? kWhole : kDataBytes);
    }

    static std::string processors(std::span<const std::byte> mask) {
        std::string text = "[";
        for (std::size_t bit = 0; bit < mask.size() * 8; ++bit) {
            if ((mask[bit / 8] >> (bit % 8) & std::byte{1}) != std::byte{0}) {
                text += (text.size() > 1 ? " " : "") + std::to_string(bit);
            }
        }
        return text + "]";
    }

    std::string vectors(std::size_t index, Direction direction, const std::string& bare) const {
        const Payload* array = find(index, Direction::In);
        if (array == nullptr) {
            return bare;
        }
        const std::size_t size = abi::type_size("iovec");
        std::string text = "[";
        for (std::size_t i = 0; (i + 1) * size <= array->bytes.size(); ++i) {
            text += i != 0 ? ", " : "";
            if (i == kElements) {
                text += "...";
                break;
            }
            const std::uint64_t base = abi::read_number(array->bytes, i * size, 8).value_or(0);
            const std::uint64_t length = abi::read_number(array->bytes, i * size + 8, 8).value_or(0);
            const Payload* buffer =
                find(index, direction, {.piece = Piece::Buffer, .index = static_cast<unsigned>(i)});
            text += "{iov_base=" +
                    (buffer != nullptr ? abi::format_string(buffer->bytes, kDataBytes)
                                       : abi::format_address(base)) +
                    ", iov_len=" + std::to_string(length) + "}";
        }
        return text + "]";
    }

    const SyscallEvent& call_;
    const abi::SyscallRow& row_;
};

// The task's next event is the start of another program: the execve succeeded, which strace writes as 0.
bool is_followed_by_exec(const Trace& trace, std::size_t event) {
    for (std::size_t i = event + 1; i < trace.events.size(); ++i) {
        if (trace.events[i].task == trace.events[event].task) {
            return std::holds_alternative<ExecEvent>(trace.events[i].body);
        }
    }
    return false;
}

std::string descriptor_flags(const SyscallEvent& call, std::int64_t result) {
    const auto command = static_cast<std::int64_t>(call.arguments[1] & 0xffffffffU);
    const auto flags = static_cast<std::uint64_t>(result);
    if (command == constant("F_GETFL")) {
        return " (flags " + abi::decode("open_flags", flags) + ")";
    }
    return command == constant("F_GETFD") && flags != 0 ? " (flags " + abi::decode("fd_flags", flags) + ")"
                                                        : "";
}

}  // namespace

std::string call_name(const SyscallEvent& call) {
    if (const abi::SyscallRow* row = abi::find_syscall(call.number, call.arguments)) {
        return std::string(row->name);
    }
    char digits[32];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), call.number, 16).ptr;
    return "syscall_0x" + std::string(digits, end);
}

std::vector<EventField> call_arguments(const SyscallEvent& call) {
    if (const abi::SyscallRow* row = abi::find_syscall(call.number, call.arguments)) {
        return CallText(call, *row).arguments();
    }
    // Writes all registers, as strace does for a call that it does not know.
    std::vector<EventField> fields;
    fields.reserve(call.arguments.size());
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        fields.push_back({.name = "x" + std::to_string(i), .text = abi::format_address(call.arguments[i])});
    }
    return fields;
}

std::vector<EventField> vdso_arguments(const VdsoCallEvent& call) {
    const abi::SyscallRow* const row = abi::find_vdso_function(call.symbol);
    SyscallEvent same;
    std::ranges::copy(call.arguments, same.arguments.begin());
    same.result = call.result;
    same.payloads = call.payloads;
    if (row != nullptr) {
        return CallText(same, *row).arguments();
    }
    return {{.name = "x0", .text = abi::format_address(call.arguments[0])},
            {.name = "x1", .text = abi::format_address(call.arguments[1])}};
}

std::string vdso_result(const VdsoCallEvent& call) {
    return call.result ? abi::format_result(abi::find_vdso_function(call.symbol), *call.result) : "?";
}

std::string call_result(const Trace& trace, std::size_t event) {
    const auto& call = std::get<SyscallEvent>(trace.events[event].body);
    if (!call.result) {
        return is_followed_by_exec(trace, event) ? "0" : "?";
    }
    const abi::SyscallRow* row = abi::find_syscall(call.number, call.arguments);
    std::string text = abi::format_result(row, *call.result);
    // These commands return flags (man 2 fcntl).
    if (row != nullptr && row->number == abi::syscall_number("fcntl") && !abi::is_error(*call.result)) {
        text += descriptor_flags(call, *call.result);
    }
    return text;
}

std::string end_text(const std::optional<int>& exit_code, const std::optional<int>& signal) {
    if (exit_code) {
        return "exited with " + std::to_string(*exit_code);
    }
    return signal ? "killed by " + abi::signal_name(*signal) : "ended";
}

}  // namespace levitate::traces::detail
