// Whether a payload that the kernel reads was cut short, because its memory was not mapped yet.
#pragma once

#include <algorithm>

#include "traces/payload/payload.hpp"

namespace levitate::traces {

inline bool is_short(const Payload& payload) {
    return payload.direction == Direction::In &&
           payload.bytes.size() < std::min<std::uint64_t>(payload.length, kMostPayloadBytes);
}

}  // namespace levitate::traces
