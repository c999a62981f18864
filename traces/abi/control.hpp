// Control messages of sendmsg and recvmsg (man 3 cmsg), one behind the other in a buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace levitate::traces::abi {

struct ControlMessage {
    std::uint64_t length = 0;  // with the header, as it says itself
    std::int32_t level = 0;
    std::int32_t type = 0;
    std::span<const std::byte> payload;
};

// The messages at the front of a buffer, up to the first that its length takes beyond the end.
std::vector<ControlMessage> control_messages(std::span<const std::byte> bytes);

}  // namespace levitate::traces::abi
