// Events that one side may have alone, or at another point.
#include "traces/compare/walk.hpp"

#include <algorithm>

#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::detail {

using abi::CallKind;
using abi::syscall_number;

bool Walk::skip(TaskPair& pair) {
    return skip_one(pair, Which::Golden) || skip_one(pair, Which::Actual) || set_auxv_read_aside(pair) ||
           set_signal_aside(pair);
}

std::uint32_t Walk::space_of(const TaskPair& pair) const {
    const auto& events = pair.golden.task->events;
    return events.empty() ? 0 : golden_.note(events[std::min(pair.golden.next, events.size() - 1)]).space;
}

bool Walk::skip_one(TaskPair& pair, Which which) {
    Side& side = which == Which::Golden ? pair.golden : pair.actual;
    const SyscallEvent* call = side.ended() ? nullptr : call_of(side.event());
    if (call == nullptr || !side.concurrent(*call)) {
        return false;
    }
    const CallKind rule = call_kind(*call);
    const bool free = rule == CallKind::Wait || rule == CallKind::Wake || rule == CallKind::Poll;
    AddressMap& space = equivalence_.space(space_of(pair));
    if (free && ordinary_result(*call)) {
        equivalence_.normalised("waits, wakes and polls that are absent or repeated");
    } else if (is_trimming(space, *call, which)) {
        equivalence_.normalised("addresses");
    } else if (optional_.contains(side.event())) {
        equivalence_.normalised("calls that only some golden recordings have");
        note_unplaced(space, *call, which);
    } else {
        return false;
    }
    equivalence_.commit();
    matched_ += which == Which::Golden ? 1 : 0;
    ++side.next;
    return true;
}

bool Walk::is_trimming(const AddressMap& space, const SyscallEvent& call, Which which) {
    return call.number == syscall_number("munmap") && call.result == 0 &&
           (which == Which::Golden ? space.moved(call.arguments[0])
                                   : space.moved_from_actual(call.arguments[0]));
}

void Walk::note_unplaced(AddressMap& space, const SyscallEvent& call, Which which) {
    if (call.number != syscall_number("mmap") || !call.result || abi::is_error(*call.result)) {
        return;
    }
    const auto address = static_cast<std::uint64_t>(*call.result);
    if (which == Which::Golden) {
        space.note_golden_only(address, call.arguments[1]);
    } else {
        space.note_actual_only(address, call.arguments[1]);
    }
}

bool Walk::at_free_auxv_read(const Side& side) {
    return !side.ended() && std::holds_alternative<AuxvReadEvent>(side.event().body) &&
           side.index->note(side.event_index()).after_first_clone;
}

bool Walk::set_auxv_read_aside(TaskPair& pair) {
    for (Side* side : {&pair.golden, &pair.actual}) {
        if (at_free_auxv_read(*side)) {
            side->auxv_reads.push_back(side->event_index());
            ++side->next;
            return true;
        }
    }
    return false;
}

bool Walk::match_auxv_reads(TaskPair& pair) {
    if (pair.golden.auxv_reads.empty() && pair.actual.auxv_reads.empty()) {
        return false;
    }
    if (set_auxv_read_aside(pair)) {
        return true;
    }
    if (pair.golden.auxv_reads.empty() || pair.actual.auxv_reads.empty()) {
        return false;
    }
    const EventPair events{golden_, actual_, pair.golden.auxv_reads.front(), pair.actual.auxv_reads.front()};
    std::vector<FieldDifference> differences = compare_fields(events, equivalence_);
    let_pass(events, differences);
    if (differences.empty()) {
        pair.golden.auxv_reads.pop_front();
        pair.actual.auxv_reads.pop_front();
        equivalence_.normalised("auxiliary vector reads that came at another point");
        equivalence_.commit();
        ++matched_;
    } else if (!drop_optional_read(pair.golden) && !drop_optional_read(pair.actual)) {
        diverge_at(pair, events.golden_event, events.actual_event, DivergenceKind::Auxv, differences,
                   describe(events.golden_side()) + ": auxv differs");
        pair.done = true;
    }
    return true;
}

bool Walk::drop_optional_read(Side& side) {
    if (side.auxv_reads.empty() || !optional_.contains(side.index->trace().events[side.auxv_reads.front()])) {
        return false;
    }
    equivalence_.roll_back();
    equivalence_.normalised("auxiliary vector reads that only some golden recordings have");
    equivalence_.commit();
    side.auxv_reads.pop_front();
    return true;
}

std::vector<std::size_t> Walk::take_handler(Side& side) {
    std::vector<std::size_t> events;
    int depth = 0;
    do {
        const Event& event = side.event();
        depth += std::holds_alternative<SignalEvent>(event.body) ? 1 : 0;
        const SyscallEvent* call = call_of(event);
        depth -= call != nullptr && call->number == syscall_number("rt_sigreturn") ? 1 : 0;
        events.push_back(side.event_index());
        ++side.next;
    } while (depth > 0 && !side.ended());
    return events;
}

bool Walk::at_asynchronous_signal(const Side& side) {
    const auto* signal = side.ended() ? nullptr : std::get_if<SignalEvent>(&side.event().body);
    return signal != nullptr && is_asynchronous(*signal, side.before());
}

bool Walk::set_signal_aside(TaskPair& pair) {
    for (Side* side : {&pair.golden, &pair.actual}) {
        if (at_asynchronous_signal(*side)) {
            side->waiting.push_back(take_handler(*side));
            return true;
        }
    }
    return false;
}

bool Walk::match_waiting(TaskPair& pair) {
    Side& golden = pair.golden;
    Side& actual = pair.actual;
    if (golden.waiting.empty() == actual.waiting.empty()) {
        return false;
    }
    Side& late = golden.waiting.empty() ? golden : actual;
    if (!at_asynchronous_signal(late)) {
        return false;
    }
    late.waiting.push_back(take_handler(late));
    const std::vector<std::size_t> one = golden.waiting.front();
    const std::vector<std::size_t> other = actual.waiting.front();
    golden.waiting.pop_front();
    actual.waiting.pop_front();
    compare_handlers(pair, one, other);
    return true;
}

void Walk::compare_handlers(const TaskPair& pair, const std::vector<std::size_t>& golden,
                            const std::vector<std::size_t>& actual) {
    for (std::size_t i = 0; i < std::max(golden.size(), actual.size()); ++i) {
        if (i >= golden.size() || i >= actual.size()) {
            diverge_at(pair, i < golden.size() ? std::optional(golden[i]) : std::nullopt,
                       i < actual.size() ? std::optional(actual[i]) : std::nullopt, DivergenceKind::Signal,
                       {}, "the signal handler did something else");
            return;
        }
        const EventPair events{golden_, actual_, golden[i], actual[i]};
        std::vector<FieldDifference> differences;
        const bool same = same_identity(events.golden_side(), events.actual_side());
        if (same) {
            differences = compare_fields(events, equivalence_);
            let_pass(events, differences);
        }
        if (!same || !differences.empty()) {
            diverge_at(pair, golden[i], actual[i], DivergenceKind::Signal, differences,
                       "in a signal handler, " + describe(events.golden_side()) + " differs");
            return;
        }
        ++matched_;
    }
    equivalence_.normalised("signals that came at another point");
    equivalence_.commit();
}

}  // namespace levitate::traces::detail
