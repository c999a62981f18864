#include "traces/export/socket_text.hpp"

#include "traces/abi/constants.hpp"
#include "traces/abi/control.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/text.hpp"
#include "traces/export/call_text.hpp"

namespace levitate::traces::detail {
namespace {

using abi::constant;

constexpr std::size_t kInt = 4;

std::string number(std::span<const std::byte> bytes, std::size_t offset) {
    const auto value = abi::read_number(bytes, offset, kInt);
    return value ? std::to_string(static_cast<std::int32_t>(*value)) : "...";
}

std::string numbers(std::span<const std::byte> bytes) {
    std::string text = "[";
    for (std::size_t at = 0; at + kInt <= bytes.size(); at += kInt) {
        text += (at != 0 ? ", " : "") + number(bytes, at);
    }
    return text + "]";
}

std::string name_in(std::string_view set, std::int64_t value) {
    const auto name = abi::find_name(set, value);
    return name ? std::string(*name) : std::to_string(value);
}

// The set with the names of a level's options; empty: none is known.
std::string_view options_of(std::int32_t level) {
    switch (level) {
        case constant("SOL_SOCKET"):
            return "socket_options";
        case constant("SOL_IP"):
            return "ip_options";
        case constant("SOL_IPV6"):
            return "ipv6_options";
        case constant("SOL_TCP"):
            return "tcp_options";
        case constant("SOL_UDP"):
            return "udp_options";
        default:
            return {};
    }
}

// man 7 ip and ipv6: the struct with which a socket joins or leaves a group; empty: the option has none.
std::string_view membership_type(std::uint64_t level, std::int32_t option, std::size_t size) {
    const auto family = static_cast<std::int32_t>(level);
    if (family == constant("SOL_IP") &&
        (option == constant("IP_ADD_MEMBERSHIP") || option == constant("IP_DROP_MEMBERSHIP") ||
         option == constant("IP_MULTICAST_IF"))) {
        return size == abi::type_size("ip_mreqn")  ? "ip_mreqn"
               : size == abi::type_size("ip_mreq") ? "ip_mreq"
                                                   : std::string_view{};
    }
    const bool joins = family == constant("SOL_IPV6") &&
                       (option == constant("IPV6_JOIN_GROUP") || option == constant("IPV6_LEAVE_GROUP"));
    return joins && size == abi::type_size("ipv6_mreq") ? "ipv6_mreq" : std::string_view{};
}

std::string format_control_data(const abi::ControlMessage& message) {
    if (message.level == constant("SOL_SOCKET")) {
        if (message.type == constant("SCM_RIGHTS")) {
            return numbers(message.payload);
        }
        if (message.type == constant("SCM_CREDENTIALS")) {
            return abi::format_object("ucred", message.payload);
        }
    }
    return abi::format_string(message.payload, kDataBytes);
}

}  // namespace

std::string format_socket_address(std::span<const std::byte> address) {
    constexpr std::size_t kFamily = 2;
    if (abi::sockaddr_view(address).name != "sockaddr_un") {
        return abi::format_struct(abi::sockaddr_view(address), address);
    }
    if (address.size() == kFamily) {
        return "{sa_family=AF_UNIX}";
    }
    if (address[kFamily] != std::byte{0}) {
        return abi::format_struct(abi::sockaddr_view(address), address);
    }
    return "{sa_family=AF_UNIX, sun_path=@" + abi::format_string(address.subspan(kFamily + 1), SIZE_MAX) +
           "}";
}

std::string format_control(std::span<const std::byte> control) {
    std::string text = "[";
    for (const abi::ControlMessage& message : abi::control_messages(control)) {
        text += text.size() > 1 ? ", " : "";
        const std::string type = message.level == constant("SOL_SOCKET")
                                     ? name_in("control_messages", message.type)
                                     : std::to_string(message.type);
        text += "{cmsg_len=" + std::to_string(message.length) +
                ", cmsg_level=" + name_in("socket_level", message.level) + ", cmsg_type=" + type;
        text += message.payload.empty() ? "}" : ", cmsg_data=" + format_control_data(message) + "}";
    }
    return text + "]";
}

std::optional<std::string> format_option_name(std::uint64_t level, std::uint64_t name) {
    const std::string_view set = options_of(static_cast<std::int32_t>(level));
    if (set.empty()) {
        return std::nullopt;
    }
    return name_in(set, static_cast<std::int32_t>(name));
}

std::optional<std::string> format_option_value(std::uint64_t level, std::uint64_t name,
                                               std::span<const std::byte> value) {
    constexpr std::size_t kPair = 8;
    constexpr std::size_t kTime = 16;
    const bool common = static_cast<std::int32_t>(level) == constant("SOL_SOCKET");
    const auto option = static_cast<std::int32_t>(name);
    if (value.size() == kInt) {
        return numbers(value);
    }
    if (common && option == constant("SO_LINGER") && value.size() == kPair) {
        return "{l_onoff=" + number(value, 0) + ", l_linger=" + number(value, kInt) + "}";
    }
    const bool is_time = option == constant("SO_RCVTIMEO_OLD") || option == constant("SO_RCVTIMEO_NEW") ||
                         option == constant("SO_SNDTIMEO_OLD") || option == constant("SO_SNDTIMEO_NEW");
    if (common && is_time && value.size() == kTime) {
        return abi::format_object("__kernel_old_timeval", value);
    }
    if (const std::string_view type = membership_type(level, option, value.size()); !type.empty()) {
        return abi::format_object(type, value);
    }
    return std::nullopt;
}

}  // namespace levitate::traces::detail
