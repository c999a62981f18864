// Bytes that were chunked otherwise, and files with varying contents.
#include "traces/compare/walk.hpp"

#include <algorithm>

#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"
#include "traces/compare/contents.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces::detail {

using abi::CallKind;
using abi::syscall_number;

bool Walk::is_buffer(const SyscallEvent& call, const Payload& payload) {
    switch (call.number) {
        case syscall_number("readv"):
        case syscall_number("writev"):
        case syscall_number("sendmsg"):
        case syscall_number("recvmsg"):
            return payload.element.piece == Piece::Buffer;
        default:
            return payload.argument == 1;
    }
}

std::optional<Run> Walk::run_at(const Side& side, Direction direction) {
    Run run;
    const SyscallEvent* first = call_of(side.event());
    for (std::size_t i = side.next; i < side.task->events.size(); ++i) {
        const SyscallEvent* call = call_of(side.index->trace().events[side.task->events[i]]);
        if (call == nullptr || call->number != first->number || call->arguments[0] != first->arguments[0] ||
            !call->result) {
            break;
        }
        const std::int64_t result = *call->result;
        const bool failed = abi::is_error(result);
        std::size_t left = failed ? 0 : static_cast<std::size_t>(result);
        for (const Payload& payload : call->payloads) {
            if (payload.direction == direction && is_buffer(*call, payload)) {
                const std::size_t taken = std::min(left, payload.bytes.size());
                run.bytes.insert(run.bytes.end(), payload.bytes.begin(),
                                 payload.bytes.begin() + static_cast<std::ptrdiff_t>(taken));
                left -= taken;
            }
        }
        run.last_result = result;
        ++run.events;
        if (failed || result == 0) {
            break;
        }
    }
    return run.events != 0 ? std::optional(std::move(run)) : std::nullopt;
}

bool Walk::match_runs(TaskPair& pair) {
    const SyscallEvent* golden_call = call_of(pair.golden.event());
    const SyscallEvent* actual_call = call_of(pair.actual.event());
    if (golden_call == nullptr || golden_call->arguments[0] != actual_call->arguments[0]) {
        return false;
    }
    const FdInfo& descriptor = golden_.note(pair.golden.event_index()).fd;
    const auto contents = abi::file_variation(descriptor.path);
    const abi::SyscallRow* row = abi::find_syscall(golden_call->number);
    const bool reads = row != nullptr && row->argument_count > 1 &&
                       (row->arguments()[1].kind == abi::ArgumentKind::OutBytes ||
                        row->arguments()[1].kind == abi::ArgumentKind::OutIovec);
    const bool varying = contents != abi::FileVariation::None && reads;
    if (!varying && !chunking_is_free(pair, descriptor, reads)) {
        return false;
    }
    const Direction direction = reads ? Direction::Out : Direction::In;
    const auto golden = run_at(pair.golden, direction);
    const auto actual = run_at(pair.actual, direction);
    if (!golden || !actual) {
        return false;
    }
    const bool golden_ended = golden->last_result <= 0;
    const bool actual_ended = actual->last_result <= 0;
    const bool failed = golden->last_result < 0 || actual->last_result < 0;
    if ((failed || (golden_ended && actual_ended)) && golden->last_result != actual->last_result) {
        return false;
    }
    const bool equal =
        varying ? contents_equal(contents, pair, *golden, *actual) : golden->bytes == actual->bytes;
    if (!equal || (!varying && golden_ended != actual_ended)) {
        equivalence_.roll_back();
        return false;
    }
    equivalence_.normalised(varying ? "contents of /proc and /dev files" : "how streams were chunked");
    take(pair, golden->events, actual->events);
    return true;
}

bool Walk::chunking_is_free(const TaskPair& pair, const FdInfo& descriptor, bool reads) const {
    if (call_kind(*call_of(pair.golden.event())) != CallKind::Stream || descriptor.kind == FdKind::File) {
        return false;
    }
    const bool beside = pair.golden.concurrent() && pair.actual.concurrent();
    return beside || (descriptor.kind == FdKind::Inherited && reads);
}

bool Walk::contents_equal(abi::FileVariation variation, const TaskPair& pair, const Run& golden,
                          const Run& actual) {
    const std::string_view one = as_string_view(golden.bytes);
    const std::string_view other = as_string_view(actual.bytes);
    switch (variation) {
        case abi::FileVariation::Maps: {
            const std::uint32_t space = golden_.note(pair.golden.event_index()).space;
            const auto extent = [](const Run& run) {
                return run.last_result == 0 ? Extent::Whole : Extent::Part;
            };
            return !compare_maps(
                one, other, extent(golden), extent(actual),
                [&](std::uint64_t a, std::uint64_t b) { return equivalence_.addresses_equal(space, a, b); });
        }
        case abi::FileVariation::Shape:
            return shape(one) == shape(other);
        case abi::FileVariation::Random:
            return one.size() == other.size();
        default:
            return one.empty() == other.empty();
    }
}

}  // namespace levitate::traces::detail
