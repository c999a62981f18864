#include "traces/compare/streams.hpp"

#include <algorithm>

#include "traces/abi/constants.hpp"
#include "traces/compare/contents.hpp"
#include "traces/compare/domain.hpp"
#include "traces/compare/fields.hpp"
#include "traces/format/bytes.hpp"

namespace levitate::traces::detail {
namespace {

using abi::ArgumentKind;
using abi::CallKind;

// A file of /proc is read through a buffer of one page, which holds only whole lines (Linux fs/seq_file.c,
// seq_read_iter): a read that leaves more room than a line takes has come to the file's end.
constexpr std::uint64_t kSequenceBuffer = 4096;
constexpr std::uint64_t kLongestLine = 256;

bool is_bytes(ArgumentKind kind) {
    return kind == ArgumentKind::InBytes || kind == ArgumentKind::OutBytes;
}

bool reads_stream(const abi::SyscallRow& row) {
    return std::ranges::any_of(row.arguments(), [](const abi::Argument& argument) {
        return (argument.kind == ArgumentKind::OutBytes && argument.type.empty()) ||
               argument.kind == ArgumentKind::OutIovec;
    });
}

}  // namespace

// Whether `call` goes on where `before` ended. Its buffer begins where the last portion ended, or is the same
// again; a vector is made new for each call.
bool StreamMatcher::goes_on(const SyscallEvent& call, const SyscallEvent& before) {
    const abi::SyscallRow* row = row_of(call);
    const auto moved = static_cast<std::uint64_t>(std::max<std::int64_t>(before.result.value_or(0), 0));
    for (std::size_t i = 0; i < row->argument_count; ++i) {
        const abi::Argument& argument = row->arguments()[i];
        if (!is_bytes(argument.kind) || !argument.type.empty()) {
            continue;
        }
        const std::size_t count = abi::argument_index(*row, argument.count);
        const bool rest = call.arguments[i] == before.arguments[i] + moved &&
                          call.arguments[count] == before.arguments[count] - moved;
        const bool again =
            call.arguments[i] == before.arguments[i] && call.arguments[count] == before.arguments[count];
        const bool next = call.arguments[i] == before.arguments[i] + moved;
        const bool reads = argument.kind == ArgumentKind::OutBytes;
        if (!rest && (reads ? !again && !next : moved < before.arguments[count])) {
            return false;
        }
    }
    for (std::size_t i = 0; i < row->argument_count; ++i) {
        const ArgumentKind kind = row->arguments()[i].kind;
        if ((kind == ArgumentKind::Flags || kind == ArgumentKind::Offset) &&
            call.arguments[i] != before.arguments[i]) {
            return false;
        }
    }
    return true;
}

std::optional<StreamMatcher::Run> StreamMatcher::run_at(const Side& side, Direction direction) {
    Run run;
    const SyscallEvent* first = call_of(side.event());
    const SyscallEvent* before = nullptr;
    for (std::size_t ahead = 0; ahead < side.remaining(); ++ahead) {
        const SyscallEvent* call = call_of(side.event(ahead));
        if (call == nullptr || call->number != first->number || call->arguments[0] != first->arguments[0] ||
            !call->result || (before != nullptr && !goes_on(*call, *before))) {
            break;
        }
        const std::int64_t result = *call->result;
        const bool failed = abi::is_error(result);
        std::size_t left = failed ? 0 : static_cast<std::size_t>(std::max<std::int64_t>(result, 0));
        for (const Payload& payload : call->payloads) {
            if (payload.direction == direction && is_stream_buffer(*row_of(*call), payload)) {
                const std::size_t taken = std::min(left, payload.bytes.size());
                run.bytes.insert(run.bytes.end(), payload.bytes.begin(),
                                 payload.bytes.begin() + static_cast<std::ptrdiff_t>(taken));
                left -= taken;
            }
        }
        run.possible = run.possible && left == 0 && !call->restarted && (failed || !impossible(*call));
        run.last_result = result;
        const std::uint64_t room = std::min(bytes_asked(*call).value_or(0), kSequenceBuffer);
        run.ended_short = !failed && static_cast<std::uint64_t>(result) + kLongestLine < room;
        ++run.events;
        before = call;
        if (failed || result == 0) {
            break;
        }
    }
    return run.events != 0 ? std::optional(std::move(run)) : std::nullopt;
}

std::optional<StreamMatch> StreamMatcher::match(const TaskPair& pair) {
    const SyscallEvent* golden_call = call_of(pair.golden.event());
    const SyscallEvent* actual_call = call_of(pair.actual.event());
    const abi::SyscallRow* row = golden_call != nullptr ? row_of(*golden_call) : nullptr;
    if (row == nullptr || golden_call->arguments[0] != actual_call->arguments[0]) {
        return std::nullopt;
    }
    const FdInfo& descriptor = pair.golden.note().fd;
    const auto contents = abi::file_variation(descriptor.path);
    const bool reads = reads_stream(*row);
    const bool varying = contents != abi::FileVariation::None && reads;
    if (!varying && !chunking_is_free(pair, descriptor, reads)) {
        return std::nullopt;
    }
    const Direction direction = reads ? Direction::Out : Direction::In;
    const auto golden = run_at(pair.golden, direction);
    const auto actual = run_at(pair.actual, direction);
    if (!golden || !actual || !actual->possible) {
        return std::nullopt;
    }
    const bool golden_ended = golden->last_result <= 0;
    const bool actual_ended = actual->last_result <= 0;
    const bool failed = golden->last_result < 0 || actual->last_result < 0;
    if ((failed || (golden_ended && actual_ended)) && golden->last_result != actual->last_result) {
        return std::nullopt;
    }
    const bool equal = first_calls_agree(pair) && (varying ? contents_equal(contents, pair, *golden, *actual)
                                                           : golden->bytes == actual->bytes);
    if (!equal || (!varying && golden_ended != actual_ended)) {
        equivalence_.roll_back();
        return std::nullopt;
    }
    equivalence_.normalised(varying ? "contents of /proc and /dev files" : "how streams were chunked");
    return StreamMatch{golden->events, actual->events};
}

bool StreamMatcher::chunking_is_free(const TaskPair& pair, const FdInfo& descriptor, bool reads) {
    if (call_kind(*call_of(pair.golden.event())) != CallKind::Stream || descriptor.kind == FdKind::File) {
        return false;
    }
    const bool beside = pair.golden.note().concurrent && pair.actual.note().concurrent;
    return beside || (descriptor.kind == FdKind::Inherited && reads);
}

// The program decides descriptor, buffer and flags, whatever the portions are, and when it reads also how
// much it asks for.
bool StreamMatcher::first_calls_agree(const TaskPair& pair) {
    const EventPair events{*pair.golden.index, *pair.actual.index, pair.golden.event_index(),
                           pair.actual.event_index()};
    const auto differences = compare_fields(events, equivalence_);
    const bool agree = std::ranges::none_of(differences, [](const FieldDifference& difference) {
        return difference.kind == DivergenceKind::Arguments;
    });
    if (!agree) {
        equivalence_.roll_back();
    }
    return agree;
}

bool StreamMatcher::contents_equal(abi::FileVariation variation, const TaskPair& pair, const Run& golden,
                                   const Run& actual) {
    const std::string_view one = as_string_view(golden.bytes);
    const std::string_view other = as_string_view(actual.bytes);
    switch (variation) {
        case abi::FileVariation::Maps: {
            const std::uint32_t space = pair.golden.note().space;
            const auto extent = [](const Run& run) {
                return run.last_result == 0 || run.ended_short ? Reading::Whole : Reading::Part;
            };
            return !compare_maps(one, other, extent(golden), extent(actual),
                                 [&](std::uint64_t a, std::uint64_t b) {
                                     return equivalence_.addresses_equal(space, a, b, {});
                                 });
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
