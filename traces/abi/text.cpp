#include "traces/abi/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "traces/abi/auxv.hpp"
#include "traces/abi/constants.hpp"

namespace levitate::traces::abi {
namespace {

template <typename... Values>
std::string print(const char* format, Values... values) {
    char text[96];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

std::string decimal(std::uint64_t value, std::size_t size) {
    switch (size) {
        case 1:
            return std::to_string(static_cast<std::int8_t>(value));
        case 2:
            return std::to_string(static_cast<std::int16_t>(value));
        case 4:
            return std::to_string(static_cast<std::int32_t>(value));
        default:
            return std::to_string(static_cast<std::int64_t>(value));
    }
}

std::string hexadecimal(std::uint64_t value) {
    return value == 0 ? "0" : print("0x%llx", static_cast<unsigned long long>(value));
}

// Writes at least three digits, as strace does for permissions.
std::string octal(std::uint64_t value) {
    return value == 0 ? "000" : print("0%03llo", static_cast<unsigned long long>(value));
}

std::string format_mode(std::uint64_t mode) {
    constexpr std::uint64_t kTypeMask = 0170000;
    if ((mode & kTypeMask) == 0) {
        return octal(mode);
    }
    return decode("file_types", mode & kTypeMask) + "|" + octal(mode & ~kTypeMask);
}

// RLIM64_INFINITY, and multiples of 1024 as strace writes them.
std::string format_limit(std::uint64_t limit) {
    if (limit == UINT64_MAX) {
        return "RLIM64_INFINITY";
    }
    constexpr std::uint64_t kKilo = 1024;
    return limit > kKilo && limit % kKilo == 0 ? std::to_string(limit / kKilo) + "*1024"
                                               : std::to_string(limit);
}

// include/linux/kdev_t.h, new_encode_dev.
std::string format_device(std::uint64_t device) {
    const std::uint64_t major = (device >> 8U) & 0xfffU;
    const std::uint64_t minor = (device & 0xffU) | ((device >> 12U) & 0xfff00U);
    return print("makedev(%#llx, %#llx)", static_cast<unsigned long long>(major),
                 static_cast<unsigned long long>(minor));
}

std::string format_handler(std::uint64_t handler) {
    const auto name = find_name("signal_handlers", static_cast<std::int64_t>(handler));
    return name ? std::string(*name) : format_address(handler);
}

std::string format_port(std::uint64_t port) {
    return "htons(" + std::to_string((port & 0xffU) << 8U | port >> 8U) + ")";
}

std::string format_ipv4(std::uint64_t address) {
    return print("inet_addr(\"%u.%u.%u.%u\")", static_cast<unsigned>(address & 0xffU),
                 static_cast<unsigned>(address >> 8U & 0xffU), static_cast<unsigned>(address >> 16U & 0xffU),
                 static_cast<unsigned>(address >> 24U & 0xffU));
}

// The sixteen bits of an IPv6 address from a byte on.
unsigned group_at(std::span<const std::byte> address, std::size_t index) {
    return std::to_integer<unsigned>(address[2 * index]) << 8U |
           std::to_integer<unsigned>(address[2 * index + 1]);
}

constexpr std::size_t kIpv6Groups = 8;

struct ZeroRun {
    std::size_t start = kIpv6Groups;
    std::size_t length = 0;
};

// The first of the longest runs of zero groups, if it has two or more.
ZeroRun longest_zero_run(std::span<const std::byte> address) {
    ZeroRun longest;
    for (std::size_t i = 0; i < kIpv6Groups; ++i) {
        std::size_t length = 0;
        while (i + length < kIpv6Groups && group_at(address, i + length) == 0) {
            ++length;
        }
        if (length > 1 && length > longest.length) {
            longest = {.start = i, .length = length};
        }
    }
    return longest;
}

// An IPv6 address as inet_ntop writes it (RFC 5952, with the last four bytes of one that holds an IPv4
// address in decimal).
std::string ipv6_text(std::span<const std::byte> address) {
    const ZeroRun zeros = longest_zero_run(address);
    const bool is_mapped =
        zeros.start == 0 && (zeros.length == 6 || (zeros.length == 5 && group_at(address, 5) == 0xffff));
    const std::size_t groups = is_mapped ? 6 : kIpv6Groups;
    std::string text;
    for (std::size_t i = 0; i < groups; ++i) {
        if (i == zeros.start) {
            text += "::";
            i += zeros.length - 1;
            continue;
        }
        text += text.empty() || text.back() == ':' ? "" : ":";
        text += print("%x", group_at(address, i));
    }
    if (is_mapped) {
        text += text.back() == ':' ? "" : ":";
        for (std::size_t i = 12; i < 16; ++i) {
            text += print(i == 12 ? "%u" : ".%u", std::to_integer<unsigned>(address[i]));
        }
    }
    return text;
}

std::string format_ipv6(std::span<const std::byte> address) {
    constexpr std::size_t kSize = 16;
    return address.size() == kSize ? "inet_pton(AF_INET6, \"" + ipv6_text(address) + "\")" : "...";
}

// FUTEX_OP of linux/futex.h, as strace writes it. An unknown operation or comparison is its number.
std::string format_wake_op(std::uint64_t value) {
    constexpr std::uint64_t kShiftsArgument = 8;
    const std::uint64_t operation = value >> 28U & 0xfU;
    const std::string shift = (operation & kShiftsArgument) != 0 ? "FUTEX_OP_OPARG_SHIFT<<28|" : "";
    return shift + decode("futex_operations", operation & ~kShiftsArgument) + "<<28|" +
           hexadecimal(value >> 12U & 0xfffU) + "<<12|" + decode("futex_comparisons", value >> 24U & 0xfU) +
           "<<24|" + hexadecimal(value & 0xfffU);
}

std::string format_signal_code(std::span<const std::byte> siginfo, std::int32_t code) {
    const auto signal = read_number(siginfo, 0, 4).value_or(0);
    if (const auto name = find_name("signal_codes", code);
        name && (code <= 0 || code == constant("SI_KERNEL"))) {
        return std::string(*name);
    }
    std::string_view set;
    switch (static_cast<std::int64_t>(signal)) {
        case constant("SIGILL"):
            set = "signal_codes_ill";
            break;
        case constant("SIGFPE"):
            set = "signal_codes_fpe";
            break;
        case constant("SIGSEGV"):
            set = "signal_codes_segv";
            break;
        case constant("SIGBUS"):
            set = "signal_codes_bus";
            break;
        case constant("SIGTRAP"):
            set = "signal_codes_trap";
            break;
        case constant("SIGCHLD"):
            set = "signal_codes_chld";
            break;
        default:
            break;
    }
    const auto name = find_name(set, code);
    return name ? std::string(*name) : std::to_string(code);
}

// Linux kernel/signal.c: only with SA_RESTORER is there one.
bool has_restorer(const Struct& action, std::span<const std::byte> bytes) {
    const Field* const flags = action.field("sa_flags");
    const auto value = flags != nullptr ? read_field(bytes, *flags) : std::nullopt;
    return !value || (*value & static_cast<std::uint64_t>(constant("SA_RESTORER"))) != 0;
}

// Turns the UAPI's names into those that people know: sun_path[0] into sun_path, it_value.tv_sec into tv_sec.
std::string_view shown_name(const Field& field) {
    return field.owner == "mmsghdr" ? field.name.substr(field.name.rfind('.') + 1) : field.name;
}

constexpr std::size_t kShownStringBytes = 256;

}  // namespace

std::string format_address(std::uint64_t address) {
    return address == 0 ? "NULL" : print("0x%llx", static_cast<unsigned long long>(address));
}

std::string format_string(std::span<const std::byte> bytes, std::size_t limit) {
    std::string text = "\"";
    const std::size_t shown = std::min(bytes.size(), limit);
    for (std::size_t i = 0; i < shown; ++i) {
        const auto c = std::to_integer<unsigned char>(bytes[i]);
        switch (c) {
            case '"':
                text += "\\\"";
                break;
            case '\\':
                text += "\\\\";
                break;
            case '\n':
                text += "\\n";
                break;
            case '\t':
                text += "\\t";
                break;
            case '\r':
                text += "\\r";
                break;
            case '\v':
                text += "\\v";
                break;
            case '\f':
                text += "\\f";
                break;
            default:
                if (c >= 0x20 && c < 0x7f) {
                    text += static_cast<char>(c);
                } else {
                    // The escape is as short as possible, but a digit that follows would be taken for a part
                    // of it.
                    const bool digit_follows = i + 1 < shown &&
                                               std::to_integer<unsigned char>(bytes[i + 1]) >= '0' &&
                                               std::to_integer<unsigned char>(bytes[i + 1]) <= '9';
                    text += print(digit_follows ? "\\%03o" : "\\%o", static_cast<unsigned>(c));
                }
        }
    }
    text += '"';
    return shown < bytes.size() ? text + "..." : text;
}

std::string format_argument(const SyscallRow& row, std::size_t index, std::uint64_t value) {
    const Argument& argument = row.arguments()[index];
    switch (argument.kind) {
        case ArgumentKind::Fd: {
            const auto fd = static_cast<std::int32_t>(value);
            // -100 means AT_FDCWD only where a directory is expected; strace too decides this by the
            // argument.
            const bool directory = argument.name.ends_with("dirfd");
            return directory && fd == constant("AT_FDCWD") ? "AT_FDCWD" : std::to_string(fd);
        }
        case ArgumentKind::Int:
        case ArgumentKind::Pid:
            return decimal(value, 4);
        case ArgumentKind::Uint:
            return std::to_string(value & 0xffffffffU);
        case ArgumentKind::Long:
        case ArgumentKind::Offset:
            return decimal(value, 8);
        case ArgumentKind::Size:
            return std::to_string(value);
        case ArgumentKind::Mode:
            return format_mode(value & 0xffffU);
        case ArgumentKind::Signal:
            return signal_name(static_cast<std::int32_t>(value));
        case ArgumentKind::Flags:
            return argument.type == "futex_wake_op" ? format_wake_op(value)
                                                    : decode(argument.type, value & 0xffffffffU);
        case ArgumentKind::Flags64:
        case ArgumentKind::Enum:
        case ArgumentKind::Clock:
            return decode(argument.type, value);
        case ArgumentKind::Opaque:
            return hexadecimal(value);
        default:
            return format_address(value);
    }
}

std::string format_result(const SyscallRow* row, std::int64_t result) {
    if (is_error(result)) {
        const NamedError* error = find_error(-result);
        return error != nullptr ? "-1 " + std::string(error->name) + " (" + std::string(error->text) + ")"
                                : std::to_string(result);
    }
    const bool address = row == nullptr || row->result == ResultKind::Address;
    return address && result != 0 ? hexadecimal(static_cast<std::uint64_t>(result)) : std::to_string(result);
}

std::string format_field(const Field& field, std::span<const std::byte> bytes) {
    if (field.offset >= bytes.size()) {
        return "...";
    }
    const auto own = bytes.subspan(field.offset, std::min(field.size, bytes.size() - field.offset));
    const auto number = read_number(own, 0, field.size);
    if (field.kind == FieldKind::String || (field.kind == FieldKind::Kernel && !number)) {
        const auto end = std::ranges::find(own, std::byte{0});
        return format_string(own.first(static_cast<std::size_t>(end - own.begin())), kShownStringBytes);
    }
    if (field.kind == FieldKind::Ipv6) {
        return format_ipv6(own);
    }
    if (field.kind == FieldKind::Bytes) {
        return format_string(own, kShownStringBytes);
    }
    if (!number) {
        return "...";
    }
    switch (field.kind) {
        case FieldKind::Int:
        case FieldKind::Pid:
            return field.name == "si_code" ? format_signal_code(bytes, static_cast<std::int32_t>(*number))
                                           : decimal(*number, field.size);
        case FieldKind::Hex:
            return hexadecimal(*number);
        case FieldKind::Mode:
            return format_mode(*number);
        case FieldKind::Signal:
            return *number == 0 ? "0" : signal_name(static_cast<std::int64_t>(*number));
        case FieldKind::Mask:
            return signal_mask(*number);
        case FieldKind::Enum:
        case FieldKind::Flags:
            return decode(field.set, *number);
        case FieldKind::Limit:
            return format_limit(*number);
        case FieldKind::Port:
            return format_port(*number);
        case FieldKind::Ipv4:
            return format_ipv4(*number);
        case FieldKind::DeviceNumber:
        case FieldKind::Device:
            return field.owner == "stat" ? format_device(*number) : std::to_string(*number);
        case FieldKind::Address:
            return format_address(*number);
        case FieldKind::Handler:
            return format_handler(*number);
        default:
            return std::to_string(*number);
    }
}

std::string format_struct(const Struct& layout, std::span<const std::byte> bytes) {
    std::string text = "{";
    for (const Field& field : layout.fields) {
        // si_errno is nearly always 0, and then strace leaves it out; so it does what the kernel does not
        // read.
        const bool no_error = field.name == "si_errno" && read_field(bytes, field) == 0;
        const bool no_restorer = field.name == "sa_restorer" && !has_restorer(layout, bytes);
        if (field.kind == FieldKind::Padding || no_error || no_restorer) {
            continue;
        }
        if (text.size() > 1) {
            text += ", ";
        }
        text += std::string(shown_name(field)) + "=" + format_field(field, bytes);
    }
    return text + "}";
}

std::string format_object(std::string_view type, std::span<const std::byte> bytes) {
    if (type == "siginfo_t") {
        return format_struct(siginfo_view(bytes), bytes);
    }
    if (type == "kernel_sigset_t") {
        const auto mask = read_number(bytes, 0, sizeof(std::uint64_t));
        return mask ? signal_mask(*mask) : "...";
    }
    if (const Struct* layout = find_struct(type)) {
        return format_struct(*layout, bytes);
    }
    const auto number = read_number(bytes, 0, type_size(type));
    if (!number) {
        return "...";
    }
    const bool is_signed = type == "int" || type == "pid" || type == "int64_t";
    return "[" + (is_signed ? decimal(*number, type_size(type)) : std::to_string(*number)) + "]";
}

std::string format_auxv(std::uint64_t type, std::uint64_t value) {
    return auxv_kind(type) == AuxvKind::Number ? std::to_string(value) : hexadecimal(value);
}

std::string format_wait_status(std::uint64_t status) {
    // include/uapi/linux/wait.h has no macros for it; the encoding is that of man 2 wait.
    const auto signal = static_cast<std::int64_t>(status & 0x7fU);
    const std::uint64_t code = status >> 8U & 0xffU;
    if (signal == 0) {
        return "[{WIFEXITED(s) && WEXITSTATUS(s) == " + std::to_string(code) + "}]";
    }
    if (signal == 0x7f) {
        return status == 0xffffU
                   ? "[{WIFCONTINUED(s)}]"
                   : "[{WIFSTOPPED(s) && WSTOPSIG(s) == " + signal_name(static_cast<std::int64_t>(code)) +
                         "}]";
    }
    return "[{WIFSIGNALED(s) && WTERMSIG(s) == " + signal_name(signal) +
           ((status & 0x80U) != 0 ? " && WCOREDUMP(s)" : "") + "}]";
}

}  // namespace levitate::traces::abi
