#include "traces/abi/control.hpp"

#include <algorithm>

#include "traces/abi/layouts.hpp"

namespace levitate::traces::abi {

std::vector<ControlMessage> control_messages(std::span<const std::byte> bytes) {
    constexpr std::size_t kAlignment = 8;  // CMSG_ALIGN
    const std::size_t header = type_size("cmsghdr");
    const auto field = [](std::string_view name) { return *find_struct("cmsghdr")->field(name); };
    std::vector<ControlMessage> messages;
    while (bytes.size() >= header) {
        const std::uint64_t length = read_field(bytes, field("cmsg_len")).value_or(0);
        if (length < header || length > bytes.size()) {
            break;
        }
        messages.push_back(
            {.length = length,
             .level = static_cast<std::int32_t>(read_field(bytes, field("cmsg_level")).value_or(0)),
             .type = static_cast<std::int32_t>(read_field(bytes, field("cmsg_type")).value_or(0)),
             .payload = bytes.subspan(header, length - header)});
        const std::uint64_t whole = (length + kAlignment - 1) / kAlignment * kAlignment;
        bytes = bytes.subspan(std::min<std::size_t>(whole, bytes.size()));
    }
    return messages;
}

}  // namespace levitate::traces::abi
