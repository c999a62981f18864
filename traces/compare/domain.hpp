// What Linux could have answered to a call whose outcome a schedule decides. No schedule allows more.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "traces/abi/syscalls.hpp"
#include "traces/format/event.hpp"

namespace levitate::traces::detail {

// Why Linux gives such a call this result or these data on no schedule, in a few words; nullopt: it may.
// Nothing is said of kinds that leave nothing to the schedule.
std::optional<std::string> impossible(const SyscallEvent& call);

// How many bytes a call of kind Stream asks to be moved; nullopt: not known.
std::optional<std::uint64_t> bytes_asked(const SyscallEvent& call);

// What a call was given or wrote through one argument; nullptr: nothing of this piece is known.
const Payload* find_payload(std::span<const Payload> payloads, unsigned argument, Direction direction,
                            Piece piece = Piece::Object);

// Whether the payload holds bytes of a stream, and not the iovec array or an address.
bool is_stream_buffer(const abi::SyscallRow& row, const Payload& payload);

// Whether the bytes are an interval or a point in time, so that they are not negative and the fraction is
// less than a second. Precondition: a struct of seconds and nanoseconds or microseconds, as `type` names it.
bool is_time(std::string_view type, std::span<const std::byte> bytes);

}  // namespace levitate::traces::detail
