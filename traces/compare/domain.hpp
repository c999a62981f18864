// What Linux could have answered to a call whose outcome a schedule decides: freedom ends there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "traces/abi/syscalls.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces::detail {

// Why Linux gives this result or these data to no such call on any schedule, in a few words; nullopt: it may.
// Of kinds that leave nothing to the schedule nothing is said.
std::optional<std::string> impossible(const SyscallEvent& call);

// How many bytes a call of kind Stream asks to be moved; nullopt: not known.
std::optional<std::uint64_t> bytes_asked(const SyscallEvent& call);

// Whether the payload holds bytes of a stream, and not the iovec array or an address.
bool is_stream_buffer(const abi::SyscallRow& row, const Payload& payload);

// An interval or a point in time: not negative, and its fraction less than a second. Precondition: a struct
// of seconds and nanoseconds or microseconds, as `type` names it.
bool is_time(std::string_view type, std::span<const std::byte> bytes);

}  // namespace levitate::traces::detail
