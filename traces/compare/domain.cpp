#include "traces/compare/domain.hpp"

#include <algorithm>
#include <span>

#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/compare/pages.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {
namespace {

using abi::ArgumentKind;
using abi::CallKind;
using abi::SyscallRow;

constexpr std::uint64_t kIovecBytes = 16;

std::uint64_t argument_value(const SyscallRow& row, const SyscallEvent& call, std::string_view name) {
    const std::size_t index = abi::argument_index(row, name);
    if (index >= row.argument_count) {
        return 0;
    }
    return call.arguments[index] & abi::significant_bits(row.arguments()[index].kind);
}

std::uint64_t sum_of_lengths(std::span<const std::byte> iovecs) {
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at + kIovecBytes <= iovecs.size(); at += kIovecBytes) {
        sum += abi::read_number(iovecs, at + 8, 8).value_or(0);
    }
    return sum;
}

// Errors that come and go with the schedule. Any other is the kernel's word on the arguments.
bool is_passing_error(const SyscallRow& row, const SyscallEvent& call, std::int64_t result) {
    switch (-result) {
        case abi::error_number("EAGAIN"):
            return row.kind == CallKind::Wait || row.kind == CallKind::Stream ||
                   (row.kind == CallKind::Wake && abi::argument_index(row, "uaddr2") < row.argument_count);
        case abi::error_number("EINTR"):
            return row.kind != CallKind::Wake;
        case abi::error_number("ETIMEDOUT"):
            return row.kind == CallKind::Wait && argument_value(row, call, "timeout") != 0;
        default:
            return false;
    }
}

std::string too_much(std::int64_t result, std::uint64_t bound) {
    return std::to_string(result) + " where at most " + std::to_string(bound) + " is possible";
}

std::optional<std::string> impossible_result(const SyscallRow& row, const SyscallEvent& call,
                                             std::int64_t answer) {
    if (answer < 0) {
        return "a negative number that is no error";
    }
    const auto result = static_cast<std::uint64_t>(answer);
    if (row.result == abi::ResultKind::Zero && result != 0) {
        return too_much(answer, 0);
    }
    if (row.result == abi::ResultKind::UpTo) {
        std::uint64_t bound = 0;
        for (const std::string_view name : row.bounds) {
            bound += name.empty() ? 0 : argument_value(row, call, name);
        }
        return result > bound ? std::optional(too_much(answer, bound)) : std::nullopt;
    }
    const auto asked = row.kind == CallKind::Stream ? bytes_asked(call) : std::nullopt;
    return asked && result > *asked ? std::optional(too_much(answer, *asked)) : std::nullopt;
}

// man 2 poll: only an entry's revents is written, with events that were asked for and those that are always
// reported; the result counts the entries that have any.
std::optional<std::string> impossible_poll(const SyscallRow& row, const SyscallEvent& call,
                                           std::int64_t result) {
    constexpr auto kAlways = static_cast<std::uint64_t>(abi::constant("POLLERR") | abi::constant("POLLHUP") |
                                                        abi::constant("POLLNVAL"));
    constexpr std::size_t kEntry = 8;
    const std::size_t index = abi::argument_index(row, "fds");
    const Payload* before = find_payload(call.payloads, static_cast<unsigned>(index), Direction::In);
    const Payload* after = find_payload(call.payloads, static_cast<unsigned>(index), Direction::Out);
    if (before == nullptr || after == nullptr || result < 0) {
        return std::nullopt;
    }
    if (before->bytes.size() != after->bytes.size()) {
        return "another number of entries than was given";
    }
    std::int64_t ready = 0;
    for (std::size_t at = 0; at + kEntry <= after->bytes.size(); at += kEntry) {
        constexpr std::size_t kGiven = 6;  // fd and events
        const auto asked = abi::read_number(before->bytes, at + 4, 2).value_or(0);
        const auto told = abi::read_number(after->bytes, at + kGiven, 2).value_or(0);
        if (!std::ranges::equal(std::span(before->bytes).subspan(at, kGiven),
                                std::span(after->bytes).subspan(at, kGiven))) {
            return "entries other than were given";
        }
        if ((told & ~(asked | kAlways)) != 0) {
            return "events that were not asked for";
        }
        ready += told != 0 ? 1 : 0;
    }
    return ready != result ? std::optional<std::string>("another number than there are entries with events")
                           : std::nullopt;
}

std::optional<std::string> impossible_allocation(const SyscallRow& row, const SyscallEvent& call,
                                                 std::int64_t result) {
    if (row.kind == CallKind::Map || row.kind == CallKind::Remap) {
        const bool page = result != 0 && (static_cast<std::uint64_t>(result) & kPageMask) == 0;
        return page ? std::nullopt : std::optional<std::string>("an address that begins no page");
    }
    if (row.kind == CallKind::Break) {
        return std::nullopt;
    }
    if (result != 0) {
        return too_much(result, 0);
    }
    const bool aligned = (call.arguments[0] & kPageMask) == 0;
    return aligned ? std::nullopt : std::optional<std::string>("success at an address that begins no page");
}

}  // namespace

const Payload* find_payload(std::span<const Payload> payloads, unsigned argument, Direction direction,
                            Piece piece) {
    const auto found = std::ranges::find_if(payloads, [&](const Payload& payload) {
        return payload.argument == argument && payload.direction == direction &&
               payload.element.piece == piece;
    });
    return found != payloads.end() ? &*found : nullptr;
}

bool is_stream_buffer(const SyscallRow& row, const Payload& payload) {
    if (payload.argument >= row.argument_count) {
        return false;
    }
    const abi::Argument& argument = row.arguments()[payload.argument];
    switch (argument.kind) {
        case ArgumentKind::InBytes:
        case ArgumentKind::OutBytes:
            return argument.type.empty();
        default:
            return payload.element.piece == Piece::Buffer;
    }
}

std::optional<std::uint64_t> bytes_asked(const SyscallEvent& call) {
    const SyscallRow* row = row_of(call);
    for (std::size_t i = 0; row != nullptr && i < row->argument_count; ++i) {
        const abi::Argument& argument = row->arguments()[i];
        const bool bytes = argument.kind == ArgumentKind::InBytes || argument.kind == ArgumentKind::OutBytes;
        if (bytes && argument.type.empty()) {
            return argument_value(*row, call, argument.count);
        }
        const bool vector = argument.kind == ArgumentKind::InIovec || argument.kind == ArgumentKind::OutIovec;
        if (vector || argument.type == "user_msghdr") {
            const Payload* iovecs = find_payload(call.payloads, static_cast<unsigned>(i), Direction::In,
                                                 vector ? Piece::Object : Piece::Vector);
            return iovecs != nullptr ? std::optional(sum_of_lengths(iovecs->bytes)) : std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<std::string> impossible(const SyscallEvent& call) {
    const SyscallRow* row = row_of(call);
    if (row == nullptr) {
        return std::nullopt;
    }
    // Linux does not restart a call that does not sleep.
    if (call.restarted && (row->kind == CallKind::Wake || row->argument_count == 0)) {
        return "restarted, although it does not sleep";
    }
    const std::size_t futex = static_cast<std::size_t>(
        std::ranges::find(row->arguments(), ArgumentKind::Futex, &abi::Argument::kind) -
        row->arguments().begin());
    const bool misaligned = futex < row->argument_count && call.arguments[futex] % 4 != 0;
    if (misaligned && call.result.value_or(0) >= 0) {
        return "success at an address that is no multiple of four";
    }
    if (!call.result) {
        return std::nullopt;
    }
    const std::int64_t result = *call.result;
    switch (row->kind) {
        case CallKind::Wait:
        case CallKind::Wake:
        case CallKind::Stream:
        case CallKind::Poll: {
            if (abi::is_error(result)) {
                const bool passing = is_passing_error(*row, call, result);
                return passing ? std::nullopt
                               : std::optional<std::string>("an error that no schedule brings about");
            }
            auto problem = impossible_result(*row, call, result);
            return problem || row->kind != CallKind::Poll ? problem : impossible_poll(*row, call, result);
        }
        case CallKind::Map:
        case CallKind::Unmap:
        case CallKind::Remap:
        case CallKind::Protect:
        case CallKind::Break:
        case CallKind::Advise:
            return abi::is_error(result) ? std::nullopt : impossible_allocation(*row, call, result);
        default:
            return std::nullopt;
    }
}

bool is_time(std::string_view type, std::span<const std::byte> bytes) {
    const abi::Struct* layout = abi::find_struct(type);
    if (layout == nullptr) {
        return true;
    }
    return std::ranges::all_of(layout->fields, [&](const abi::Field& field) {
        const auto value = static_cast<std::int64_t>(abi::read_field(bytes, field).value_or(0));
        const std::int64_t limit = abi::is_nanoseconds(field)    ? 1'000'000'000
                                   : abi::is_microseconds(field) ? 1'000'000
                                                                 : INT64_MAX;
        return value >= 0 && value < limit;
    });
}

}  // namespace levitate::traces::detail
